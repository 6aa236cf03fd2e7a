import { expect, test } from "@jest/globals";
import {
  describePause,
  PAUSABLE_WORKERS,
  PAUSES,
  type Pause,
  type PauseScope,
  pauseOf,
  readPauses,
} from "#runtime/pause.ts";
import { endPause, startPause } from "#runtime/start-pause.ts";
import { messagesIn } from "../../support/builders.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

const SINCE_MS = Date.parse("2026-11-23T12:00:00Z");
const RESUMED = { by: "grace@laptop", nowMs: SINCE_MS + 60_000 };

function aPause(scope: PauseScope = {}, reason = "maintenance"): Pause {
  return { ...scope, since_ms: SINCE_MS, by: "ada@laptop", reason };
}

test.each<[PauseScope, readonly string[]]>([
  [{}, ["config/a", "config/b", "secrets/a", "secrets/b", "rotation/a", "rotation/b"]],
  [{ worker: "secrets" }, ["secrets/a", "secrets/b"]],
  [{ owner: "a" }, ["config/a", "secrets/a", "rotation/a"]],
  [{ worker: "config", owner: "b" }, ["config/b"]],
])("a pause of %j is one of exactly that", (scope, expected) => {
  const all = PAUSABLE_WORKERS.flatMap((worker) =>
    ["a", "b"].map((owner) => ({ worker, owner, pause: pauseOf([aPause(scope)], worker, owner) })),
  );

  const paused = all.filter(({ pause }) => pause).map(({ worker, owner }) => `${worker}/${owner}`);
  expect(paused).toEqual(expected);
});

test("a pause says what, since when, by whom and why", () => {
  expect(describePause(aPause({ worker: "config", owner: "search" }))).toBe(
    "paused (config sync of search) since 2026-11-23T12:00:00.000Z by ada@laptop: maintenance",
  );
  expect(describePause({ since_ms: SINCE_MS, by: "ada@laptop" })).toBe(
    "paused (all workers) since 2026-11-23T12:00:00.000Z by ada@laptop",
  );
});

test("a pause and its end are told once each", async () => {
  const ledger = new MemoryLedger();
  const pause = aPause({ worker: "secrets", owner: "search" });

  expect(await startPause(ledger, pause, true)).toEqual(pause);
  expect(await readPauses(ledger)).toEqual([pause]);
  expect(await endPause(ledger, pause, RESUMED, true)).toEqual(pause);
  expect(await readPauses(ledger)).toEqual([]);

  expect(await messagesIn(ledger)).toMatchObject([
    {
      id: `paused:secrets/search@${SINCE_MS}`,
      topic: "operations",
      type: "mlflow-gateway-ops.work.paused",
      severity: "warning",
      subject: "Paused: secret push of search",
      text: expect.stringContaining("by ada@laptop: maintenance.\n"),
      attributes: { worker: "secrets", owner: "search" },
    },
    {
      id: `resumed:secrets/search@${SINCE_MS}`,
      type: "mlflow-gateway-ops.work.resumed",
      severity: "info",
      subject: "Resumed: secret push of search",
      text: expect.stringContaining("Resumed by grace@laptop. It was paused (secret push of"),
    },
  ]);
});

test("what is paused already stays as it was paused first, and is not told again", async () => {
  const ledger = new MemoryLedger();
  await startPause(ledger, aPause(), true);

  const inForce = await startPause(ledger, { ...aPause(), since_ms: SINCE_MS + 1 }, true);

  expect(inForce).toEqual(aPause());
  expect(await messagesIn(ledger)).toHaveLength(1);
});

test("the same may be paused again later, and that is told too", async () => {
  const ledger = new MemoryLedger();
  await startPause(ledger, aPause(), true);
  await endPause(ledger, {}, RESUMED, true);

  await startPause(ledger, { ...aPause(), since_ms: SINCE_MS + 120_000 }, true);

  expect(await messagesIn(ledger)).toHaveLength(3);
});

test("of two who pause at once one is told to have done it", async () => {
  const ledger = new MemoryLedger();
  ledger.refuseNext(1);

  expect(await startPause(ledger, aPause(), true)).toEqual(aPause());
  ledger.refuseNext(1);
  expect(await endPause(ledger, {}, RESUMED, true)).toEqual(aPause());
});

test("where nobody reads messages none is kept", async () => {
  const ledger = new MemoryLedger();
  await startPause(ledger, aPause(), false);
  await endPause(ledger, {}, RESUMED, false);

  expect(await messagesIn(ledger)).toEqual([]);
});

test("only a pause of exactly this scope is ended", async () => {
  const ledger = new MemoryLedger();
  await startPause(ledger, aPause({ owner: "search" }), true);

  expect(await endPause(ledger, {}, RESUMED, true)).toBeUndefined();
  expect(await endPause(ledger, { worker: "config", owner: "search" }, RESUMED, true)).toBe(
    undefined,
  );
  expect(await readPauses(ledger)).toHaveLength(1);
});

test.each([
  ["no JSON", PAUSES, "{"],
  ["no pause", PAUSES, '{"worker": "config"}'],
  ["a worker that is not known", PAUSES, JSON.stringify({ ...aPause(), worker: "other" })],
  ["a later release's", { ...PAUSES, version: 2 }, JSON.stringify(aPause({ owner: "other" }))],
])("a record that is %s pauses everything, in doubt", async (_, kind, body) => {
  const ledger = new MemoryLedger();
  ledger.scribble(kind, "config/search", body);

  const pauses = await readPauses(ledger);

  for (const worker of PAUSABLE_WORKERS) {
    expect(pauseOf(pauses, worker, "anybody")?.reason).toContain("config/search");
  }
});
