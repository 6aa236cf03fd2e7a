import { expect, test } from "@jest/globals";
import { currentSpend } from "#budgets/window.ts";
import { aPolicy, aWindow } from "../../support/builders.ts";

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");

test("a policy is joined with its running window", () => {
  const policy = aPolicy();
  const other = aPolicy({ budget_policy_id: "bp-2" });
  const windows = [
    aWindow({ budget_policy_id: "bp-2", current_spend: 2 }),
    aWindow({ current_spend: 1 }),
  ];

  expect(currentSpend([policy, other], windows, NOW_MS)).toEqual([
    {
      policy,
      windowStartMs: Date.parse("2026-11-23T00:00:00Z"),
      windowEndMs: Date.parse("2026-11-24T00:00:00Z"),
      spend: 1,
    },
    expect.objectContaining({ policy: other, spend: 2 }),
  ]);
});

test("a window that has ended counts for nothing, from the moment of its end", () => {
  const window = aWindow({ current_spend: 99 });

  expect(currentSpend([aPolicy()], [window], window.window_end_ms)).toEqual([]);
  expect(currentSpend([aPolicy()], [window], window.window_end_ms - 1)).toHaveLength(1);
});

test("a policy without a window is unknown, not without spend", () => {
  expect(currentSpend([aPolicy()], [], NOW_MS)).toEqual([]);
});

test("a window of a policy that is gone is left out", () => {
  expect(currentSpend([], [aWindow()], NOW_MS)).toEqual([]);
});

test.each([[[1, 3, 2]], [[3, 1]], [[1, 3]]])(
  "of several readings of a window the highest counts: %j",
  (readings) => {
    const windows = readings.map((current_spend) => aWindow({ current_spend }));

    expect(currentSpend([aPolicy()], windows, NOW_MS)).toMatchObject([{ spend: 3 }]);
  },
);

test("the stale window of one process does not hide the running one of another", () => {
  const stale = aWindow({
    window_start_ms: Date.parse("2026-11-22T00:00:00Z"),
    window_end_ms: Date.parse("2026-11-23T00:00:00Z"),
    current_spend: 99,
  });

  for (const windows of [
    [stale, aWindow({ current_spend: 1 })],
    [aWindow({ current_spend: 1 }), stale],
  ]) {
    expect(currentSpend([aPolicy()], windows, NOW_MS)).toMatchObject([{ spend: 1 }]);
  }
});
