import type { Rule } from "./rule.ts";

export const budgetUntrackedEndpoint: Rule = {
  id: "budget-untracked-endpoint",
  severity: "warning",
  title: "A budget counts the spend of an endpoint whose `usage_tracking` is off",
  why: "Nothing is counted there: the budget never alerts and never rejects",
  check: ({ budgets }, { untracked }) =>
    budgets.flatMap(({ entry: { target_scope, target_value }, index }) => {
      if (target_scope !== "ENDPOINT" || !untracked.has(target_value ?? "")) return [];
      const message = `names an endpoint with usage_tracking: false, of which no spend is counted, got "${target_value}"`;
      return [{ path: ["budgets", index, "target_value"], message }];
    }),
};
