import { expect, test } from "@jest/globals";
import { evaluate, type MonitorState, THRESHOLDS_DEFAULT } from "#budgets/evaluate.ts";
import { currentSpend, type PolicySpend } from "#budgets/window.ts";
import type { BudgetPolicy, BudgetWindow } from "#gateway/types.ts";
import { aPolicy, aWindow } from "../../support/builders.ts";

const NEXT_DAY = {
  window_start_ms: Date.parse("2026-11-24T00:00:00Z"),
  window_end_ms: Date.parse("2026-11-25T00:00:00Z"),
};

interface Reading {
  readonly spend: number;
  readonly policy?: Partial<BudgetPolicy>;
  readonly window?: Partial<BudgetWindow>;
}

function readingOf({ spend, policy, window }: Reading): PolicySpend[] {
  const full = aPolicy(policy);
  const { budget_policy_id } = full;
  const windows = [aWindow({ budget_policy_id, current_spend: spend, ...window })];
  return currentSpend([full], windows, Date.parse("2026-11-23T12:00:00Z"));
}

/** What is told of each reading in turn, such as `threshold 0.8`. */
function told(readings: readonly Reading[], thresholds = THRESHOLDS_DEFAULT): string[] {
  let state: MonitorState = {};
  return readings.map((reading) => {
    const result = evaluate(readingOf(reading), () => thresholds, state, 20);
    state = result.state;
    return result.alerts
      .map((found) => (found.kind === "threshold" ? `threshold ${found.threshold}` : found.kind))
      .join();
  });
}

test("nothing is told below the lowest threshold, and something from it on", () => {
  expect(told([{ spend: 0 }, { spend: 49.99 }, { spend: 50 }])).toEqual(["", "", "threshold 0.5"]);
});

test("each threshold is told once in a window", () => {
  const spends = [50, 60, 80, 80, 94.9, 95, 100, 500];

  expect(told(spends.map((spend) => ({ spend })))).toEqual([
    "threshold 0.5",
    "",
    "threshold 0.8",
    "",
    "",
    "threshold 0.95",
    "threshold 1",
    "",
  ]);
});

test("of several thresholds crossed at once only the highest is told", () => {
  expect(told([{ spend: 96 }, { spend: 96 }])).toEqual(["threshold 0.95", ""]);
});

test("thresholds need no order, and may be above the amount", () => {
  const spends = [60, 100, 150, 199, 200].map((spend) => ({ spend }));

  expect(told(spends, [1.5, 0.5, 2])).toEqual([
    "threshold 0.5",
    "",
    "threshold 1.5",
    "",
    "threshold 2",
  ]);
});

test("a policy without thresholds tells nothing", () => {
  expect(told([{ spend: 1000 }], [])).toEqual([""]);
});

test("a new window starts afresh", () => {
  const readings = [
    { spend: 96 },
    { spend: 51, window: NEXT_DAY },
    { spend: 96, window: NEXT_DAY },
  ];

  expect(told(readings)).toEqual(["threshold 0.95", "threshold 0.5", "threshold 0.95"]);
});

test("a spend that goes backwards neither tells again nor hides what was spent", () => {
  const state = stateAfter([{ spend: 81 }, { spend: 10 }]);

  expect(told([{ spend: 81 }, { spend: 10 }, { spend: 60 }, { spend: 81 }])).toEqual([
    "threshold 0.8",
    "",
    "",
    "",
  ]);
  expect(state["bp-1"]?.spend).toBe(81);
});

test("a raised amount is watched anew", () => {
  const raised = { budget_amount: 200 };

  expect(
    told([
      { spend: 96 },
      { spend: 96, policy: raised },
      { spend: 120, policy: raised },
      { spend: 170, policy: raised },
      { spend: 200, policy: raised },
    ]),
  ).toEqual(["threshold 0.95", "", "threshold 0.5", "threshold 0.8", "threshold 1"]);
});

test("a lowered amount tells what it makes true", () => {
  expect(told([{ spend: 51 }, { spend: 51, policy: { budget_amount: 60 } }])).toEqual([
    "threshold 0.5",
    "threshold 0.8",
  ]);
});

test("a REJECT policy that is used up is told as rejecting, once, instead of a threshold", () => {
  const policy = { budget_action: "REJECT" } as const;

  expect(
    told([
      { spend: 50, policy },
      { spend: 100, policy },
      { spend: 120, policy },
      { spend: 100, policy, window: NEXT_DAY },
    ]),
  ).toEqual(["threshold 0.5", "rejecting", "", "rejecting"]);
});

test("an amount raised out of rejecting is told again when it is used up", () => {
  const policy = { budget_action: "REJECT" } as const;
  const raised = { ...policy, budget_amount: 200 };

  expect(
    told([
      { spend: 100, policy },
      { spend: 100, policy: raised },
      { spend: 200, policy: raised },
    ]),
  ).toEqual(["rejecting", "threshold 0.5", "rejecting"]);
});

test("a policy that begins to reject is told so, though its last threshold was told", () => {
  expect(told([{ spend: 100 }, { spend: 100, policy: { budget_action: "REJECT" } }])).toEqual([
    "threshold 1",
    "rejecting",
  ]);
});

test("a alert has the share of the amount that is spent", () => {
  const { alerts } = evaluate(readingOf({ spend: 60 }), () => [0.5], {}, 20);

  expect(alerts).toEqual([
    { ...readingOf({ spend: 60 })[0], spendRatio: 0.6, kind: "threshold", threshold: 0.5 },
  ]);
});

test("thresholds that are changed within a window tell nothing below what was told", () => {
  const before = stateAfter([{ spend: 96 }]);

  const { alerts } = evaluate(readingOf({ spend: 96 }), () => [0.5, 0.9], before, 20);

  expect(alerts).toEqual([]);
});

test("what is too much for one poll is told by the next ones, and nothing twice", () => {
  const ids = ["bp-1", "bp-2", "bp-3", "bp-4", "bp-5"];
  const readings = ids.flatMap((budget_policy_id) =>
    readingOf({ spend: 60, policy: { budget_policy_id } }),
  );
  const polls: string[][] = [];
  let state: MonitorState = {};
  for (let poll = 0; poll < 4; poll += 1) {
    const result = evaluate(readings, () => THRESHOLDS_DEFAULT, state, 2);
    polls.push(result.alerts.map(({ policy }) => policy.budget_policy_id));
    state = result.state;
  }

  expect(polls).toEqual([["bp-1", "bp-2"], ["bp-3", "bp-4"], ["bp-5"], []]);
});

test("what was told of a window is remembered while its reading is missing", () => {
  const before = stateAfter([{ spend: 96 }]);

  const without = evaluate([], () => THRESHOLDS_DEFAULT, before, 20);
  const again = evaluate(readingOf({ spend: 85 }), () => THRESHOLDS_DEFAULT, without.state, 20);

  expect(without.alerts).toEqual([]);
  expect(again.alerts).toEqual([]);
});

function stateAfter(readings: readonly Reading[]): MonitorState {
  let state: MonitorState = {};
  for (const reading of readings) {
    state = evaluate(readingOf(reading), () => THRESHOLDS_DEFAULT, state, 20).state;
  }
  return state;
}

test("an amount of 0 rejects every call, and so does its alert before anything is spent", () => {
  const policy = { budget_action: "REJECT", budget_amount: 0 } as const;

  expect(
    told([
      { spend: 0, policy },
      { spend: 1, policy },
    ]),
  ).toEqual(["rejecting", ""]);
});
