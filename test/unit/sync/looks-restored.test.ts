import { expect, test } from "@jest/globals";
import { type Identity, keyLeft } from "#reconcile/state.ts";
import { type ActualStamp, type KnownStamp, looksRestored } from "#sync/restore/looks-restored.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 100 * HOUR_MS;

/** Hours at which the ledger saw a resource written last. */
type Hours = Readonly<Record<Identity, number>>;

function known(hours: Hours, from: KnownStamp["from"] = "seen"): KnownStamp[] {
  return Object.entries(hours).map(([identity, hour]) => ({
    identity: identity as Identity,
    key: keyLeft(identity as Identity, "x"),
    updated_at_ms: hour * HOUR_MS,
    from,
  }));
}

function actual(hours: Hours, isOurs = true): Map<Identity, ActualStamp> {
  return new Map(
    Object.entries(hours).map(([identity, hour]) => [
      identity as Identity,
      { updated_at_ms: hour * HOUR_MS, isOurs },
    ]),
  );
}

const LEFT: Hours = { "secret a": 10, "secret b": 20, "endpoint c": 30, "budget d": 40 };

function keysOf(stamps: readonly KnownStamp[] | undefined) {
  return stamps?.map(({ identity }) => identity);
}

test.each<[string, Hours, Hours, Identity[], Identity[]]>([
  [
    "two that moved back",
    LEFT,
    { ...LEFT, "endpoint c": 21, "budget d": 22 },
    ["endpoint c", "budget d"],
    [],
  ],
  [
    "one that moved back and one that is gone",
    LEFT,
    { "secret a": 10, "secret b": 20, "endpoint c": 25 },
    ["endpoint c"],
    ["budget d"],
  ],
  [
    "all that moved back",
    LEFT,
    { "secret a": 1, "secret b": 2, "endpoint c": 3, "budget d": 4 },
    ["secret a", "secret b", "endpoint c", "budget d"],
    [],
  ],
  [
    "the three newest that are gone, and nothing else",
    LEFT,
    { "secret a": 10 },
    [],
    ["secret b", "endpoint c", "budget d"],
  ],
])("%s are an older copy of the database", (_, then, now, movedBack, gone) => {
  const restored = looksRestored(known(then), actual(now), NOW_MS);

  expect(keysOf(restored?.movedBack)).toEqual(movedBack);
  expect(keysOf(restored?.gone)).toEqual(gone);
});

test("the copy is as old as the newest of what is as it was", () => {
  const now = { ...LEFT, "endpoint c": 21, "budget d": 22 };

  expect(looksRestored(known(LEFT), actual(now), NOW_MS)?.asOfMs).toBe(22 * HOUR_MS);
});

test.each<[string, Hours]>([
  ["nothing that differs", LEFT],
  ["one edit by hand", { ...LEFT, "secret a": 50 }],
  ["many edits by hand", { "secret a": 50, "secret b": 51, "endpoint c": 52, "budget d": 53 }],
  ["one deletion", { "secret a": 10, "secret b": 20, "endpoint c": 30 }],
  ["two deletions of the newest", { "secret a": 10, "secret b": 20 }],
  ["three deletions that spare the newest", { "budget d": 40 }],
  ["one that moved back alone", { ...LEFT, "budget d": 35 }],
  ["a clock that was set back: newer stamps stayed", { ...LEFT, "secret a": 5, "secret b": 6 }],
])("%s is no older copy", (_, now) => {
  expect(looksRestored(known(LEFT), actual(now), NOW_MS)).toBeUndefined();
});

test("what a hand wrote after a clock was set back is no older copy", () => {
  const now = actual({ "endpoint c": 21, "budget d": 22 }, false);

  expect(looksRestored(known({ "endpoint c": 30, "budget d": 40 }), now, NOW_MS)).toBeUndefined();
});

test("of a replica that lags behind what was written just now says nothing yet", () => {
  const nowMs = 40 * HOUR_MS + 60_000;
  const lagging = actual({ ...LEFT, "budget d": 22, "endpoint c": 30 });

  expect(looksRestored(known(LEFT), lagging, nowMs)).toBeUndefined();
  expect(looksRestored(known(LEFT), actual({ "secret a": 10 }), nowMs - HOUR_MS)).toBeUndefined();
});

test("a gateway with one secret raises no alarm", () => {
  const one = known({ "secret a": 10 });

  expect(looksRestored(one, new Map(), NOW_MS)).toBeUndefined();
  expect(looksRestored(one, actual({ "secret a": 5 }), NOW_MS)).toBeUndefined();
});

test("what was pushed after the restore hides nothing", () => {
  const then = [...known(LEFT), ...known({ "secret e": 60 }, "written")];
  const now = actual({ ...LEFT, "endpoint c": 21, "budget d": 22, "secret e": 60 });

  expect(keysOf(looksRestored(then, now, NOW_MS)?.movedBack)).toEqual(["endpoint c", "budget d"]);
});

test("of what is known by the time of its run alone only that it is gone counts", () => {
  const then = [
    ...known({ "secret a": 10, "secret b": 20 }),
    ...known({ "endpoint c": 30 }, "applied"),
  ];

  expect(
    looksRestored(then, actual({ "secret a": 10, "secret b": 15, "endpoint c": 25 }), NOW_MS),
  ).toBeUndefined();
  expect(
    keysOf(looksRestored(then, actual({ "secret a": 10, "secret b": 15 }), NOW_MS)?.gone),
  ).toEqual(["endpoint c"]);
});
