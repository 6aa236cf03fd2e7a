import { type Change, fieldOf, type Plan } from "#reconcile/change.ts";
import { byText, dependenciesOf } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type ActualState,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { digestOf, normalized } from "./canonical.ts";
import { byKey } from "./context.ts";

type Planned = Pick<Plan, "changes">;

/**
 * SHA-256 of the before-state: of every resource that the plan touches (none is a state, too), and
 * of all that these need.
 */
export function fingerprintOf({ changes }: Planned, actual: ActualState): string {
  const touched = touchedKeys(changes);
  // Nearly always there is nothing to do, and grouping a large gateway takes long.
  const actualByKey = byKey(touched.length > 0 ? actual.resources : []);
  return digestOf(
    Object.fromEntries(touched.map((key) => [key, beforeState(actualByKey.get(key) ?? [])])),
  );
}

/**
 * SHA-256 of what the plan does and of its fingerprint, and so of everything that it rests on. It
 * can be computed from the plan alone.
 */
export function checksumOf(plan: Omit<Plan, "checksum">): string {
  const { version, owner, workspace, prune, fingerprint, ended_protection } = plan;
  const changes = plan.changes.map(distinction);
  return digestOf({ version, owner, workspace, prune, changes, fingerprint, ended_protection });
}

/**
 * What is done. The fields that change say it once more, by places in a manifest's lists, which
 * may be written in another order; that they are the same fields decides what is written.
 */
function distinction(change: Change) {
  if (change.action === "create" || change.action === "delete") return change;
  const { changed_fields, ...rest } = change;
  return { ...rest, fields: [...new Set(changed_fields.map(fieldOf))] };
}

function touchedKeys(changes: readonly Change[]): ResourceKey[] {
  const keys = new Set<ResourceKey>();
  for (const change of changes) {
    const resources = [
      ...(change.action === "create" ? [] : [change.actual]),
      ...(change.action === "delete" ? [] : [change.desired]),
    ];
    for (const resource of resources) {
      for (const key of [keyOf(resource), ...dependenciesOf(resource)]) keys.add(key);
    }
  }
  return [...keys];
}

function beforeState(resources: readonly ActualResource[]): ActualResource[] | null {
  if (resources.length === 0) return null;
  return resources.map(normalized).sort((a, b) => byText(a.id, b.id));
}
