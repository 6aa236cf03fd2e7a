import { expect, test } from "@jest/globals";
import { type LedgerKind, type LedgerWrite, put, remove } from "#runtime/ledger.ts";
import { commitWithMessages, OUTBOX } from "#runtime/message.ts";
import { aMessage, messagesIn } from "../../support/builders.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

const STATE: LedgerKind<string> = { name: "state", version: 1 };

test("state and messages are written together", async () => {
  const ledger = new MemoryLedger();
  const messages = [aMessage({ id: "one" }), aMessage({ id: "two" })];

  const isDone = await commitWithMessages(ledger, [put(STATE, "a", "new", undefined)], messages);

  expect(isDone).toBe(true);
  expect((await ledger.read(STATE, "a"))?.value).toBe("new");
  expect(await messagesIn(ledger)).toEqual(messages);
});

test("when the state was changed by another run, neither state nor message is written", async () => {
  const ledger = new MemoryLedger();
  await ledger.commit([put(STATE, "a", "of another run", undefined)]);

  const isDone = await commitWithMessages(
    ledger,
    [put(STATE, "a", "new", undefined)],
    [aMessage({ id: "one" })],
  );

  expect(isDone).toBe(false);
  expect((await ledger.read(STATE, "a"))?.value).toBe("of another run");
  expect(await messagesIn(ledger)).toEqual([]);
});

test("a message that was decided before is left out, the rest is written", async () => {
  const ledger = new MemoryLedger();
  const told = aMessage({ id: "one", text: "as it was told" });
  await commitWithMessages(ledger, [put(STATE, "a", "old", undefined)], [told]);
  const record = await ledger.read(STATE, "a");

  const isDone = await commitWithMessages(
    ledger,
    [put(STATE, "a", "new", record)],
    [aMessage({ id: "one", text: "told again" }), aMessage({ id: "two" })],
  );

  expect(isDone).toBe(true);
  expect((await ledger.read(STATE, "a"))?.value).toBe("new");
  expect(await messagesIn(ledger)).toEqual([told, aMessage({ id: "two" })]);
});

test("a known message does not hide that the state was changed by another run", async () => {
  const ledger = new MemoryLedger();
  await commitWithMessages(ledger, [put(STATE, "a", "old", undefined)], [aMessage({ id: "one" })]);

  const isDone = await commitWithMessages(
    ledger,
    [put(STATE, "a", "new", undefined)],
    [aMessage({ id: "one" }), aMessage({ id: "two" })],
  );

  expect(isDone).toBe(false);
  expect((await messagesIn(ledger)).map(({ id }) => id)).toEqual(["one"]);
});

test("a message that was published is not decided again within 30 days", async () => {
  const ledger = new MemoryLedger();
  const message = aMessage({ id: "one", timeMs: Date.parse("2026-11-23T12:00:00Z") });
  await commitWithMessages(ledger, [], [message]);
  const [body] = await ledger.list(OUTBOX);
  if (body) await ledger.commit([remove(OUTBOX, body)]);

  const isDone = await commitWithMessages(ledger, [], [message]);

  expect(isDone).toBe(true);
  expect(await messagesIn(ledger)).toEqual([]);
  const writes = ledger.written.map((text) => JSON.parse(text) as LedgerWrite);
  expect(writes.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    "once one",
    "outbox 2026-11-23T12:00:00.000Z/one",
    "outbox 2026-11-23T12:00:00.000Z/one",
  ]);
  expect(writes.map(({ expiresAtMs }) => expiresAtMs)).toEqual([
    Date.parse("2026-12-23T12:00:00Z"),
    undefined,
    undefined,
  ]);
});

test("49 messages and their state fit into one commit", async () => {
  const ledger = new MemoryLedger();
  const messages = Array.from({ length: 49 }, (_, index) => aMessage({ id: `m-${index}` }));

  await commitWithMessages(ledger, [put(STATE, "a", "new", undefined)], messages);

  expect(await messagesIn(ledger)).toHaveLength(49);
});

test.each([
  "x".repeat(1025),
  `preview:plans/search/${"é".repeat(500)}@v:planned`,
  "😀".repeat(300),
])("a message whose id is too long for a key is decided, and once", async (id) => {
  const ledger = new MemoryLedger();

  const first = await commitWithMessages(ledger, [], [aMessage({ id })]);
  const second = await commitWithMessages(ledger, [], [aMessage({ id, timeMs: 5 })]);
  await commitWithMessages(ledger, [], [aMessage({ id: `${id}!` })]);

  expect([first, second]).toEqual([true, true]);
  expect((await messagesIn(ledger)).map((message) => message.id).sort()).toEqual(
    [id, `${id}!`].sort(),
  );
});
