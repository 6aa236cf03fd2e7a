import type { Rule } from "./rule.ts";

export const thresholdsUnsorted: Rule = {
  id: "thresholds-unsorted",
  severity: "warning",
  title: "Thresholds are not in ascending order, or are repeated",
  why: "They are told in ascending order, each once; what is written looks as if it meant something else",
  check: ({ budgets }) =>
    budgets.flatMap(({ entry: { alerts }, index }) =>
      (alerts?.thresholds ?? []).flatMap((threshold, position, all) => {
        const before = all[position - 1];
        if (before === undefined || before < threshold) return [];
        const path = ["budgets", index, "alerts", "thresholds", position];
        return [{ path, message: `must be more than the one before, ${before}, got ${threshold}` }];
      }),
    ),
};
