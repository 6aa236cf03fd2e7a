import { expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { commitWithMessages, type Message, OUTBOX } from "#runtime/message.ts";
import { type MessageChannel, publishOutbox, type Unpublished } from "#runtime/outbox.ts";
import { aMessage, messagesIn } from "../../support/builders.ts";
import { deadlineAfter } from "../../support/deadlines.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

const MINUTE_MS = 60_000;

/** A channel that refuses some messages, and may be cut off after a number of groups of one. */
class FakeChannel implements MessageChannel {
  readonly sent: Message[] = [];
  refusedIds: readonly string[] = [];
  /** The publisher dies between this message and its deletion. */
  deadlyId: string | undefined;

  async publish(
    messages: readonly Message[],
    onPublished: (messages: readonly Message[]) => Promise<void>,
  ): Promise<readonly Unpublished[]> {
    for (const message of messages) {
      if (this.refusedIds.includes(message.id)) continue;
      this.sent.push(message);
      if (message.id === this.deadlyId) throw new Error("killed");
      await onPublished([message]);
    }
    return messages
      .filter(({ id }) => this.refusedIds.includes(id))
      .map(({ id }) => ({ id, reason: "throttled" }));
  }

  ids(): string[] {
    return this.sent.map(({ id }) => id);
  }
}

async function setup(...messages: readonly Message[]) {
  const ledger = new MemoryLedger();
  const clock = new FakeClock();
  const channel = new FakeChannel();
  await commitWithMessages(ledger, [], messages);
  return {
    ledger,
    clock,
    channel,
    publish: () => publishOutbox({ ledger, clock, channel, deadline: NO_DEADLINE }),
  };
}

test("what is in the outbox is published and deleted", async () => {
  const message = aMessage({ id: "one" });
  const { ledger, channel, publish } = await setup(message);

  expect(await publish()).toEqual({ published: ["one"], unpublished: [], oldestAgeMs: 0 });

  expect(channel.sent).toEqual([message]);
  expect(await messagesIn(ledger)).toEqual([]);
  expect((await publish()).published).toEqual([]);
});

test("critical messages go first, and the oldest of each severity before the newer", async () => {
  const at = (minute: number) => Date.parse("2026-11-23T12:00:00Z") + minute * MINUTE_MS;
  const { channel, publish } = await setup(
    aMessage({ id: "a", severity: "info", timeMs: at(2) }),
    aMessage({ id: "b", severity: "critical", timeMs: at(4) }),
    aMessage({ id: "c", severity: "info", timeMs: at(1) }),
    aMessage({ id: "d", severity: "warning", timeMs: at(5) }),
    aMessage({ id: "e", severity: "critical", timeMs: at(3) }),
  );

  await publish();

  expect(channel.ids()).toEqual(["e", "b", "d", "c", "a"]);
});

test("a message that fails stays, is told, and goes out with a later wake", async () => {
  const { ledger, channel, publish } = await setup(
    aMessage({ id: "one" }),
    aMessage({ id: "two" }),
  );
  channel.refusedIds = ["one"];

  const result = await publish();
  expect(result.published).toEqual(["two"]);
  expect(result.unpublished).toEqual([{ id: "one", reason: "throttled" }]);
  expect((await messagesIn(ledger)).map(({ id }) => id)).toEqual(["one"]);

  channel.refusedIds = [];
  expect((await publish()).published).toEqual(["one"]);
  expect(channel.ids()).toEqual(["two", "one"]);
});

test.each([
  ["no JSON", "{", "is not JSON"],
  ["another thing", '{"topic":"alerts"}', "not a message:"],
  ["a message for nobody", JSON.stringify(aMessage({ topic: "x" as "alerts" })), "not a message:"],
])("a body that holds %s stays and is told, and the others go out", async (_, body, reason) => {
  const { ledger, clock, channel, publish } = await setup(aMessage({ id: "good" }));
  const since = new Date(clock.nowMs() - 3 * MINUTE_MS).toISOString();
  ledger.scribble(OUTBOX, `${since}/poison`, body);

  const result = await publish();

  expect(channel.ids()).toEqual(["good"]);
  expect(result).toMatchObject({
    published: ["good"],
    unpublished: [{ id: `${since}/poison`, reason: expect.stringContaining(reason) }],
    oldestAgeMs: 3 * MINUTE_MS,
  });
});

test("a message of a later release stays for the publisher of that release", async () => {
  const { ledger, publish } = await setup(aMessage({ id: "good" }));
  ledger.scribble({ ...OUTBOX, version: 2 }, "2026-11-23T12:00:00.000Z/later", "{}");

  const { published, unpublished } = await publish();

  expect(published).toEqual(["good"]);
  expect(unpublished).toMatchObject([{ reason: expect.stringContaining("has version 2") }]);
});

test("the age is that of the oldest message that is left", async () => {
  const { clock, channel, publish } = await setup();
  expect((await publish()).oldestAgeMs).toBe(0);

  const old = await setup(
    aMessage({ id: "new", timeMs: clock.nowMs() - MINUTE_MS }),
    aMessage({ id: "old", timeMs: clock.nowMs() - 2 * MINUTE_MS }),
  );
  old.channel.refusedIds = ["new", "old"];
  expect((await old.publish()).oldestAgeMs).toBe(2 * MINUTE_MS);
  old.channel.refusedIds = ["new"];
  expect((await old.publish()).oldestAgeMs).toBe(MINUTE_MS);
  expect(channel.ids()).toEqual([]);
});

test("a publisher that dies between publishing and deleting sends the message again, under the same id", async () => {
  const { ledger, clock, channel, publish } = await setup(
    aMessage({ id: "one", timeMs: 1 }),
    aMessage({ id: "two", timeMs: 2 }),
  );
  channel.deadlyId = "one";
  await expect(publish()).rejects.toThrow("killed");
  channel.deadlyId = undefined;

  await publishOutbox({ ledger, clock, channel, deadline: NO_DEADLINE });

  expect(channel.ids()).toEqual(["one", "one", "two"]);
  expect(channel.sent[0]).toEqual(channel.sent[1]);
  expect(await messagesIn(ledger)).toEqual([]);
});

test("two publishers at once lose nothing, and what both send has one id", async () => {
  const messages = ["one", "two", "three"].map((id) => aMessage({ id }));
  const { ledger, channel, publish } = await setup(...messages);

  await Promise.all([publish(), publish()]);

  expect([...new Set(channel.ids())].sort()).toEqual(["one", "three", "two"]);
  expect(await messagesIn(ledger)).toEqual([]);
});

test("a message that is decided again after it was published is not sent again", async () => {
  const message = aMessage({ id: "one" });
  const { ledger, channel, publish } = await setup(message);
  await publish();

  await commitWithMessages(ledger, [], [{ ...message, timeMs: message.timeMs + MINUTE_MS }]);
  await publish();

  expect(channel.ids()).toEqual(["one"]);
});

test("an outbox that cannot be read is a failure of the wake", async () => {
  const { ledger, clock, channel } = await setup(aMessage());
  const broken = { ...ledger, list: () => Promise.reject(new Error("no table")) };

  await expect(
    publishOutbox({
      ledger: broken as unknown as MemoryLedger,
      clock,
      channel,
      deadline: NO_DEADLINE,
    }),
  ).rejects.toThrow("no table");
});

/** An outbox of many messages, a minute between each two; in every tenth place a critical one. */
async function setupMany(count: number) {
  const parts = await setup();
  const startMs = parts.clock.nowMs() - count * MINUTE_MS;
  const messages = Array.from({ length: count }, (_, index) =>
    aMessage({
      id: `m-${index}`,
      timeMs: startMs + index * MINUTE_MS,
      severity: index % 10 === 9 ? "critical" : "info",
    }),
  );
  for (const message of messages) await commitWithMessages(parts.ledger, [], [message]);
  const pages: number[] = [];
  const list = parts.ledger.list.bind(parts.ledger);
  parts.ledger.list = async (kind, options) => {
    const page = await list(kind, options);
    pages.push(page.length);
    return page;
  };
  return { ...parts, messages, pages };
}

test("a long outbox is published page by page, all that is critical first and then the oldest", async () => {
  const { ledger, channel, publish, messages, pages } = await setupMany(250);

  const { published, unpublished, oldestAgeMs } = await publish();

  expect(pages).toEqual([100, 100, 50]);
  expect([unpublished, oldestAgeMs]).toEqual([[], 0]);
  expect([...published].sort()).toEqual(messages.map(({ id }) => id).sort());
  expect(await messagesIn(ledger)).toEqual([]);
  const places = channel.ids().map((id) => Number(id.slice(2)));
  const inOrder = Array.from({ length: 250 }, (_, place) => place);
  expect(places).toEqual([
    ...inOrder.filter((place) => place % 10 === 9),
    ...inOrder.filter((place) => place % 10 !== 9),
  ]);
});

test("a critical message behind thousands of others goes out with the first page", async () => {
  const { ledger, clock, channel, messages } = await setupMany(1_500);
  await commitWithMessages(ledger, [], [aMessage({ id: "last", severity: "critical" })]);

  const { oldestAgeMs } = await publishOutbox({
    ledger,
    clock,
    channel,
    deadline: deadlineAfter(1),
  });

  expect(channel.ids()).toHaveLength(200);
  expect(channel.ids().slice(140, 152)).toContain("last");
  // What waits longest is none of the critical ones.
  expect(channel.ids()).not.toContain("m-1000");
  expect(oldestAgeMs).toBe(
    clock.nowMs() - (messages.find(({ id }) => !channel.ids().includes(id))?.timeMs ?? 0),
  );
});

test("pages that fail, or hold what cannot be read, hold up no later page", async () => {
  const { ledger, channel, publish, messages, clock } = await setupMany(150);
  channel.refusedIds = messages.slice(0, 100).map(({ id }) => id);
  ledger.scribble(OUTBOX, "2020-01-01T00:00:00.000Z/poison", "{");

  const { published, unpublished, oldestAgeMs } = await publish();

  expect([...published].sort()).toEqual(
    messages
      .slice(100)
      .map(({ id }) => id)
      .sort(),
  );
  expect(unpublished).toHaveLength(101);
  expect(oldestAgeMs).toBe(clock.nowMs() - Date.parse("2020-01-01T00:00:00.000Z"));
});

test("no page is begun after the deadline; the age is that of the oldest that is left", async () => {
  const { ledger, clock, channel, pages } = await setupMany(350);
  channel.refusedIds = ["m-1"];

  const { published, oldestAgeMs } = await publishOutbox({
    ledger,
    clock,
    channel,
    deadline: deadlineAfter(1),
  });

  // The last look is at how old the oldest is that was not looked at.
  expect(pages).toEqual([100, 100, 1]);
  expect(published).toHaveLength(199);
  expect(oldestAgeMs).toBe(349 * MINUTE_MS);
  expect(await messagesIn(ledger)).toHaveLength(151);
});

test("messages that are out are forgotten together, and one by one where another was faster", async () => {
  const { ledger, clock } = await setup(aMessage({ id: "one" }), aMessage({ id: "two" }));
  const together = {
    publish: async (...[messages, onPublished]: Parameters<MessageChannel["publish"]>) => {
      ledger.refuseNext(1);
      await onPublished(messages);
      return [];
    },
  };

  await publishOutbox({ ledger, clock, channel: together, deadline: NO_DEADLINE });

  expect(await messagesIn(ledger)).toEqual([]);
});
