import { GatewayOpsError } from "#runtime/errors.ts";
import { compareFields, type FieldChange } from "./compare.ts";
import { KINDS, LEVELS } from "./kinds.ts";
import {
  type ActualResource,
  type ActualState,
  type DesiredResource,
  type DesiredState,
  keyOf,
  type ResourceKey,
} from "./state.ts";

/**
 * One step towards the desired state. `adopt` takes over a resource that nobody has marked; it
 * may have changed fields, like an update. There is no delete: nothing here can take a resource
 * away.
 */
export type Change =
  | { readonly action: "create"; readonly desired: DesiredResource }
  | {
      readonly action: "update" | "adopt";
      readonly desired: DesiredResource;
      readonly actual: ActualResource;
      readonly changed_fields: readonly FieldChange[];
    };

export interface Plan {
  readonly owner: string;
  /** In the order in which they can be carried out: by level, then by name. */
  readonly changes: readonly Change[];
}

/** The plan cannot be carried out as it stands; every reason is named, nothing was changed. */
export class RefusedPlanError extends GatewayOpsError {
  override readonly name = "RefusedPlanError";
  readonly code = "plan-refused";
  readonly disposition = "reject";

  constructor(refusals: readonly string[]) {
    super(refusals.join("\n"));
  }
}

/**
 * What must change so that the gateway is as declared. Pure, and independent of the order of its
 * inputs. Throws {@link RefusedPlanError} for a resource of another owner and for a change that
 * MLflow would silently ignore.
 */
export function planChanges(desired: DesiredState, actual: ActualState): Plan {
  const actualByKey = byKey(actual.resources);
  const refusals: string[] = [];
  const changes: Change[] = [];
  for (const resource of inOrder(desired.resources)) {
    const [existing, ...others] = actualByKey.get(keyOf(resource)) ?? [];
    if (!existing) {
      changes.push({ action: "create", desired: resource });
      continue;
    }
    if (others.length > 0) refusals.push(duplicates(existing, others));
    const changed_fields = compareFields(resource, existing);
    refusals.push(...refusalsOf(desired.owner, existing, changed_fields));
    const action = existing.owner === undefined ? "adopt" : "update";
    if (action === "update" && changed_fields.length === 0) continue;
    changes.push({ action, desired: resource, actual: existing, changed_fields });
  }
  if (refusals.length > 0) throw new RefusedPlanError(refusals);
  return { owner: desired.owner, changes };
}

function byKey(resources: readonly ActualResource[]): Map<ResourceKey, ActualResource[]> {
  const grouped = new Map<ResourceKey, ActualResource[]>();
  for (const resource of resources) {
    const known = grouped.get(keyOf(resource));
    if (known) known.push(resource);
    else grouped.set(keyOf(resource), [resource]);
  }
  return grouped;
}

/** Only budgets can be there twice: the server knows no name that could be unique. */
function duplicates(existing: ActualResource, others: readonly ActualResource[]): string {
  const ids = [existing, ...others].map(({ id }) => id).sort();
  return `${keyOf(existing)} is on the gateway more than once (${ids.join(", ")}): delete all but one`;
}

function refusalsOf(
  owner: string,
  actual: ActualResource,
  changedFields: readonly FieldChange[],
): string[] {
  const key = keyOf(actual);
  if (actual.owner !== undefined && actual.owner !== owner) {
    return [`${key} belongs to the owner "${actual.owner}", not to "${owner}"`];
  }
  return changedFields
    .filter(({ path }) => KINDS[actual.kind].immutable.includes(path))
    .map(
      ({ path, before, after }) =>
        `${key}: ${path} cannot change from "${String(before)}" to "${String(after)}" on the gateway; declare it under a new name`,
    );
}

function inOrder(resources: readonly DesiredResource[]): DesiredResource[] {
  return [...resources].sort(
    (a, b) => LEVELS.indexOf(a.kind) - LEVELS.indexOf(b.kind) || (a.name < b.name ? -1 : 1),
  );
}
