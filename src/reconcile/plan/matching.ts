import type { Blocked, PlanIssue } from "#reconcile/change.ts";
import type { ActualResource, DesiredResource, ResourceKey } from "#reconcile/state.ts";

/** A declared resource and the actual one that is to become it. */
export interface Match {
  readonly desired: DesiredResource;
  /** Undefined: it is to be created. */
  readonly actual?: ActualResource | undefined;
}

export interface Matching {
  readonly matches: Match[];
  readonly issues: PlanIssue[];
  readonly blocked: Blocked[];
  readonly renames: Map<ResourceKey, string>;
  /** Every actual resource that a declared one stands for, also of those rejected or blocked. */
  readonly found: Set<ActualResource>;
}
