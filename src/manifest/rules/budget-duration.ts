import type { DurationUnit } from "#gateway/types.ts";
import type { Rule } from "./rule.ts";

const VALUE_MAX: Readonly<Record<DurationUnit, number>> = {
  MINUTES: 52_560_000,
  HOURS: 876_000,
  DAYS: 36_500,
  WEEKS: 5_200,
  MONTHS: 1_200,
};

export const budgetDuration: Rule = {
  id: "budget-duration",
  severity: "error",
  title: "The window of a budget is longer than about 100 years",
  why: "MLflow accepts it, then its date overflows, and no budget of the server is counted any more",
  check: ({ budgets }) =>
    budgets.flatMap(({ entry: { duration }, index }) => {
      const most = VALUE_MAX[duration.unit];
      if (duration.value <= most) return [];
      const message = `must be at most ${most} ${duration.unit}, got ${duration.value}: a longer window stops MLflow's spend tracking`;
      return [{ path: ["budgets", index, "duration", "value"], message }];
    }),
};
