import type { PlanIssue } from "#reconcile/change.ts";
import { byText, effectiveOwner, referencesOf, TRAITS } from "#reconcile/kinds.ts";
import { type DesiredResource, keyOf, partsOf, type ResourceKey } from "#reconcile/state.ts";
import { lookUp, type PlanContext } from "./context.ts";
import { NOT_GRANTED } from "./grants.ts";
import { cyclesOf } from "./order.ts";
import type { Renames } from "./renames.ts";

/**
 * External resources exist, and their owners allow it; what declared resources refer to is declared
 * as well, external, or frozen; endpoints do not rewrite each other's text in a circle.
 */
export function referenceIssues(context: PlanContext, renames: Renames): PlanIssue[] {
  return [
    ...context.desired.externals.flatMap((key) => externalIssues(context, key)),
    ...context.desired.resources.flatMap((resource) =>
      undeclaredIssues(context, resource, renames),
    ),
    ...cyclesOf(context.desired.resources).flatMap(cycleIssues),
  ];
}

function externalIssues(context: PlanContext, key: ResourceKey): PlanIssue[] {
  if (!context.actualByKey.has(key)) {
    const message = "is declared as external, but does not exist on the gateway";
    return [{ rule: "known-references", key, path: [], message }];
  }
  const forbidden = forbiddenOwner(context, key);
  if (!forbidden) return [];
  const { owner } = forbidden;
  const reader = `"${context.desired.owner}"`;
  if (owner !== undefined) {
    const message = `belongs to the owner "${owner}", to whose resources ${reader} may not refer`;
    return [{ rule: "ownership", key, path: [], message }];
  }
  const message = `belongs to nobody, and so to the platform: the policy does not grant it to ${reader} as one of its externals`;
  return [{ rule: NOT_GRANTED, key, path: ["name"], message }];
}

/** Names that are neither declared nor external: they may only be of what froze. */
function undeclaredIssues(
  context: PlanContext,
  resource: DesiredResource,
  renames: Renames,
): PlanIssue[] {
  const issues: PlanIssue[] = [];
  for (const { key: needed, path } of referencesOf(resource.kind, resource.fields)) {
    if (context.declared.has(needed) || context.externals.has(needed)) continue;
    const fault = undeclaredFault(context, needed, renames);
    if (fault === undefined) continue;
    const message = `names the ${describeKey(needed)}, ${fault}`;
    issues.push({ rule: "known-references", key: keyOf(resource), path, message });
  }
  return issues;
}

function undeclaredFault(
  { known, actualByKey }: PlanContext,
  needed: ResourceKey,
  renames: Renames,
): string | undefined {
  const name = renames.get(needed);
  if (name !== undefined) return `which is renamed to "${name}": use that name`;
  if (!known.frozen.has(needed)) return "which is declared neither here nor as external";
  if (!actualByKey.has(needed)) return "which is no longer declared, and not on the gateway";
  return undefined;
}

/** Whose a resource is that may not be referred to; what nobody owns may be, without a policy. */
function forbiddenOwner(
  context: PlanContext,
  key: ResourceKey,
): { readonly owner: string | undefined } | undefined {
  const { desired, options } = context;
  return lookUp(context, key)
    .map((resource) => ({ owner: effectiveOwner(resource) }))
    .find(({ owner }) => {
      if (owner === desired.owner) return false;
      return options.grants ? !options.grants.mayReference(key, owner) : owner !== undefined;
    });
}

function cycleIssues(cycle: readonly ResourceKey[]): PlanIssue[] {
  const names = cycle.map((key) => `"${partsOf(key).name}"`);
  const circle = [...names, names[0]].join(" -> ");
  return [...cycle].sort(byText).map((key) => ({
    rule: "action-endpoint-cycle",
    key,
    path: ["guardrails"],
    message: `let endpoints rewrite each other's text in a circle: ${circle}`,
  }));
}

function describeKey(key: ResourceKey): string {
  const { kind, name } = partsOf(key);
  return `${TRAITS[kind].noun} "${name}"`;
}
