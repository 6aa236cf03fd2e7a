import {
  type Blocked,
  type Change,
  type FieldChange,
  keyOfChange,
  type Notice,
  type Plan,
} from "#reconcile/change.ts";
import {
  type ActualState,
  type DesiredState,
  identityOf,
  type Kind,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import type { GuardTrip } from "./guard.ts";
import { impactOf } from "./impact.ts";
import { type Unmanaged, unmanagedOf } from "./unmanaged.ts";

/** Of the documents that this release writes, and the newest that it reads. */
export const PLAN_VERSION = 1 as const;

/** A change as it is shown and kept, without the whole states before and after it. */
export interface PlannedChange {
  readonly action: Change["action"];
  readonly key: ResourceKey;
  /** What it is called until then, where that is something else. */
  readonly former_key?: ResourceKey;
  /** Why it is deleted. */
  readonly reason?: "pruned" | "renamed";
  /** Of something new: all that is set. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly changed_fields?: readonly FieldChange[];
  /** Why a person should look twice. */
  readonly high_risk?: string;
  /** What others lose or must do because of it. */
  readonly impact?: string;
}

type ChangeCounts = Readonly<Record<Change["action"] | "blocked", number>>;

/**
 * What is to be done for one owner in one workspace of a server: the one document that is printed,
 * kept, sent and rendered. Holds no secret value.
 */
export interface PlanDocument {
  readonly version: typeof PLAN_VERSION;
  /** Address of the server that it was made for. */
  readonly server: string;
  readonly owner: string;
  readonly workspace: string;
  /** Whether resources that are no longer declared are deleted. */
  readonly prune: boolean;
  readonly checksum: string;
  readonly fingerprint: string;
  readonly counts: ChangeCounts;
  readonly owned_before: Readonly<Record<Kind, number>>;
  readonly changes: readonly PlannedChange[];
  readonly blocked: readonly Blocked[];
  readonly notices: readonly Notice[];
  readonly out_of_scope: readonly Kind[];
  /** On the gateway, and not this owner's. */
  readonly unmanaged: Readonly<Record<Kind, Unmanaged>>;
  /** What the guards have against it. */
  readonly refusals: readonly GuardTrip[];
}

/** What a document is made from. */
export interface Documented {
  readonly server: string;
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly plan: Plan;
  readonly trips: readonly GuardTrip[];
}

export function planDocument(documented: Documented): PlanDocument {
  const { server, desired, actual, plan, trips } = documented;
  const { owner, workspace, prune, checksum, fingerprint, blocked, notices } = plan;
  const taken = new Set(
    plan.changes.flatMap((change) => ("actual" in change ? identityOf(change.actual) : [])),
  );
  return {
    version: PLAN_VERSION,
    server,
    owner,
    workspace,
    prune,
    checksum,
    fingerprint,
    counts: { ...countChanges(plan), blocked: blocked.length },
    owned_before: plan.owned_before,
    changes: plan.changes.map((change) => plannedChange(change, actual)),
    blocked,
    notices,
    out_of_scope: plan.out_of_scope,
    unmanaged: unmanagedOf(desired, actual, taken),
    refusals: trips,
  };
}

function plannedChange(change: Change, actual: ActualState): PlannedChange {
  const { action } = change;
  const key = keyOfChange(change);
  const impact = impactOf(change, actual);
  const rest = impact === undefined ? {} : { impact };
  switch (action) {
    case "create": {
      const stated = Object.entries(change.desired.fields).filter(
        ([, value]) => value !== undefined,
      );
      return { action, key, fields: Object.fromEntries(stated), ...rest };
    }
    case "delete":
      return { action, key, reason: change.reason, ...rest };
    case "update":
    case "adopt": {
      const { changed_fields, high_risk } = change;
      const { kind, name, server_name = name } = change.actual;
      const former_key = keyOf({ kind, name: server_name });
      return {
        action,
        key,
        ...(former_key === key ? {} : { former_key }),
        changed_fields,
        ...(high_risk === undefined ? {} : { high_risk }),
        ...rest,
      };
    }
  }
}

/** How many changes there are of each action. */
export function countChanges({
  changes,
}: {
  readonly changes: readonly { readonly action: Change["action"] }[];
}): Record<Change["action"], number> {
  const counts = { create: 0, update: 0, delete: 0, adopt: 0 };
  for (const { action } of changes) counts[action] += 1;
  return counts;
}
