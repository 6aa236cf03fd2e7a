import type { PlanIssue } from "#reconcile/change.ts";
import { byText, effectiveOwner } from "#reconcile/kinds.ts";
import {
  type ActualOf,
  type ActualResource,
  type BudgetFields,
  type DesiredOf,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { canonicalJson } from "./canonical.ts";
import type { PlanContext } from "./context.ts";
import type { Match } from "./matching.ts";
import { type Renames, throughRenames } from "./renames.ts";

interface Adoption {
  readonly adopted: ReadonlyMap<ResourceKey, ActualResource>;
  readonly issues: readonly PlanIssue[];
}

type DesiredBudget = DesiredOf<"budget">;
type Budget = { readonly desired: DesiredBudget; readonly actual: Match["actual"] };
type ActualBudget = ActualOf<"budget">;

/**
 * Finds unmarked budget policies for declared budgets that have none: the one that `adopt` names,
 * else the only one that equals the budget and no other. Whatever else is possible is rejected.
 */
export function adoptBudgets(
  context: PlanContext,
  level: readonly Match[],
  renames: Renames,
): Adoption {
  const budgets = level
    .flatMap(({ desired, actual }) => (desired.kind === "budget" ? [{ desired, actual }] : []))
    .sort((a, b) => byText(a.desired.name, b.desired.name));
  const named = adoptNamed(context, budgets);
  const open = budgets.flatMap(({ desired, actual }) =>
    actual || desired.adopt !== undefined ? [] : [desired],
  );
  const taken = new Set([...named.adopted.values()]);
  const equal = adoptEqual(open, open.length > 0 ? freePolicies(context, taken, renames) : []);
  return {
    adopted: new Map([...named.adopted, ...equal.adopted]),
    issues: [...named.issues, ...equal.issues],
  };
}

function adoptNamed(context: PlanContext, budgets: readonly Budget[]): Adoption {
  const adopted = new Map<ResourceKey, ActualResource>();
  const issues: PlanIssue[] = [];
  const taken = new Set<string>();
  for (const { desired, actual } of budgets) {
    if (desired.adopt === undefined) continue;
    const policy = policyToAdopt(context, desired.adopt, actual, taken);
    if (typeof policy === "string") {
      issues.push(issue(desired, ["adopt"], policy));
    } else {
      taken.add(policy.id);
      adopted.set(keyOf(desired), policy);
    }
  }
  return { adopted, issues };
}

function adoptEqual(
  budgets: readonly DesiredBudget[],
  free: readonly { policy: ActualBudget; fields: BudgetFields }[],
): Adoption {
  const adopted = new Map<ResourceKey, ActualResource>();
  const issues: PlanIssue[] = [];
  for (const group of groups(budgets, free)) {
    const [policy] = group.policies;
    if (!policy) continue;
    const message = ambiguity(group.budgets, group.policies);
    for (const budget of group.budgets) {
      if (message === undefined) adopted.set(keyOf(budget), policy);
      else issues.push(issue(budget, [], message));
    }
  }
  return { adopted, issues };
}

function issue({ name }: DesiredBudget, path: string[], message: string): PlanIssue {
  return { rule: "budget-adoption", key: `budget/${name}`, path, message };
}

/** The policy, or why it cannot be taken over. */
function policyToAdopt(
  context: PlanContext,
  id: string,
  own: Match["actual"],
  taken: ReadonlySet<string>,
): ActualResource | string {
  if (own) {
    return own.id === id ? own : `names ${id}, but this budget already is the policy ${own.id}`;
  }
  const policy = context.actual.resources.find(
    (resource) => resource.kind === "budget" && resource.id === id,
  );
  if (!policy) return `names ${id}, which is no budget policy on the gateway`;
  const owner = effectiveOwner(policy);
  if (owner !== undefined) {
    return `names ${id}, which already is the budget "${policy.name}" of the owner "${owner}"`;
  }
  return taken.has(id) ? `names ${id}, which another budget takes over too` : policy;
}

function freePolicies(
  context: PlanContext,
  taken: ReadonlySet<ActualResource>,
  renames: Renames,
): { policy: ActualBudget; fields: BudgetFields }[] {
  return context.actual.resources
    .filter((resource) => resource.kind === "budget")
    .filter((policy) => effectiveOwner(policy) === undefined && !taken.has(policy))
    .filter((policy) => !context.declared.has(keyOf(policy)))
    .filter((policy) => !context.externals.has(keyOf(policy)))
    .sort((a, b) => byText(a.id, b.id))
    .map((policy) => ({ policy, fields: throughRenames(policy, renames).fields }));
}

/** Budgets and policies that are equal but for their amounts. */
function groups(
  budgets: readonly DesiredBudget[],
  free: readonly { policy: ActualBudget; fields: BudgetFields }[],
): { budgets: DesiredBudget[]; policies: ActualBudget[] }[] {
  const byIdentity = new Map<string, { budgets: DesiredBudget[]; policies: ActualBudget[] }>();
  for (const budget of budgets) {
    const identity = identityOf(budget.fields);
    const group = byIdentity.get(identity) ?? { budgets: [], policies: [] };
    group.budgets.push(budget);
    byIdentity.set(identity, group);
  }
  for (const { policy, fields } of free) byIdentity.get(identityOf(fields))?.policies.push(policy);
  return [...byIdentity.values()];
}

function identityOf(fields: BudgetFields): string {
  const { target_scope, target_value, budget_unit, duration, budget_action } = fields;
  return canonicalJson({ target_scope, target_value, budget_unit, duration, budget_action });
}

function ambiguity(
  budgets: readonly DesiredBudget[],
  policies: readonly ActualBudget[],
): string | undefined {
  const ids = policies.map(({ id }) => id).join(", ");
  if (policies.length > 1) {
    return `equals several policies that nobody has marked (${ids}): name one of them with adopt`;
  }
  if (budgets.length > 1) {
    const names = budgets.map(({ name }) => `"${name}"`).join(" and ");
    return `equals the unmarked policy ${ids}, as do all of ${names}: say with adopt which of them it is`;
  }
  return undefined;
}
