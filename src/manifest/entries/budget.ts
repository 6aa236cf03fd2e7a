import * as z from "zod";
import type { ActualOf, ActualState, BudgetFields } from "#reconcile/state.ts";
import { budgetEntry } from "./budget-schema.ts";
import { defined, type EntryKind, type Exported, type Exporting } from "./entry.ts";

type ManifestBudget = z.infer<typeof budgetEntry>;

export const budget = {
  section: "budgets" as const,
  schema: z.array(budgetEntry).optional().describe("Budget policies"),
  toFields,
  toEntry,
} satisfies EntryKind<"budget", ManifestBudget>;

function toFields(budget: ManifestBudget): BudgetFields {
  const { budget_amount, duration, target_scope, target_value, budget_action, labels } = budget;
  const thresholds = budget.alerts?.thresholds;
  return {
    budget_unit: budget.budget_unit ?? "USD",
    budget_amount,
    duration,
    target_scope,
    target_value,
    budget_action,
    // Never unstated: a manifest without labels takes away those that there are.
    labels: labels ?? {},
    thresholds: thresholds && [...new Set(thresholds)].sort((a, b) => a - b),
  };
}

function toEntry({ id, owner, fields }: ActualOf<"budget">, { name }: Exporting): Exported {
  const { thresholds, labels = {}, ...rest } = fields;
  const entry = defined({
    name,
    adopt: owner === undefined ? id : undefined,
    ...rest,
    labels: Object.keys(labels).length > 0 ? labels : undefined,
    alerts: thresholds && { thresholds },
  });
  return { entry };
}

/** A name that says what the budget is, for each one that nobody has named; by id. */
export function namesOfBudgets({ resources }: ActualState): Map<string, string> {
  const budgets = resources.filter((resource) => resource.kind === "budget");
  const taken = new Set(budgets.flatMap(({ owner, name }) => (owner === undefined ? [] : name)));
  const names = new Map<string, string>();
  const unnamed = budgets.filter(({ owner }) => owner === undefined);
  for (const { id, fields } of unnamed.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { target_scope, target_value, duration, budget_action } = fields;
    const subject = target_value?.slice(0, 100) ?? target_scope.toLowerCase();
    const window = `${duration.value}-${duration.unit.toLowerCase()}`;
    const base = `${subject}-${window}-${budget_action.toLowerCase()}`;
    let name = base;
    for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`;
    taken.add(name);
    names.set(id, name);
  }
  return names;
}
