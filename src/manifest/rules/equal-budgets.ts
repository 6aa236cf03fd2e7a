import { repeated } from "#manifest/repeated.ts";
import type { Rule } from "./rule.ts";

export const equalBudgets: Rule = {
  id: "equal-budgets",
  severity: "warning",
  title: "Two budgets are equal but for name and amount",
  why: "Only the smaller one has an effect, and an unmarked policy fits both",
  check: ({ budgets }) =>
    repeated(budgets, ({ entry }) => {
      const { target_scope, target_value, duration, budget_action } = entry;
      return JSON.stringify([
        target_scope,
        target_value,
        duration.unit,
        duration.value,
        budget_action,
      ]);
    }).map(({ item }) => ({
      path: ["budgets", item.index, "name"],
      message: `"${item.entry.name}" has the scope, window and action of a budget above`,
    })),
};
