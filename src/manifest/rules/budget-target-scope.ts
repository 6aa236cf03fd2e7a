import type { Rule } from "./rule.ts";

export const budgetTargetScope: Rule = {
  id: "budget-target-scope",
  severity: "error",
  title: "A budget's `target_value` does not fit its `target_scope`",
  why: "MLflow refuses it",
  check: ({ budgets }) =>
    budgets.flatMap(({ entry: { target_scope, target_value }, index }) => {
      const needsTarget = target_scope === "ENDPOINT" || target_scope === "USER";
      if (needsTarget === (target_value !== undefined)) return [];
      const message = needsTarget
        ? `is required with target_scope ${target_scope}`
        : `is not allowed with target_scope ${target_scope}, got "${target_value}"`;
      return [{ path: ["budgets", index, "target_value"], message }];
    }),
};
