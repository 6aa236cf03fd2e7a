import { effectiveOwner, perKind } from "#reconcile/kinds.ts";
import {
  type ActualState,
  type DesiredState,
  type Identity,
  identityOf,
  type Kind,
  keyOf,
} from "#reconcile/state.ts";

/** Of a kind, what is on the gateway and not this owner's. */
export interface Unmanaged {
  /** Nobody's, not declared by this owner either. */
  readonly total: number;
  /** The first of their names, in the order of the text. */
  readonly names: readonly string[];
  /** Marked by other owners. */
  readonly of_others: number;
}

/** More than a person reads; a server may hold tens of thousands. */
const NAMES_MAX = 20;

/** What is on the gateway beside what the owner has, declares, or (by kind and id) takes over. */
export function unmanagedOf(
  desired: DesiredState,
  actual: ActualState,
  taken: ReadonlySet<Identity>,
): Record<Kind, Unmanaged> {
  const declared = new Set([...desired.resources.map(keyOf), ...desired.externals]);
  const names = perKind((): string[] => []);
  const others = perKind(() => 0);
  for (const resource of actual.resources) {
    const owner = effectiveOwner(resource);
    if (owner === undefined) {
      const isTaken = declared.has(keyOf(resource)) || taken.has(identityOf(resource));
      if (!isTaken) names[resource.kind].push(resource.name);
    } else if (owner !== desired.owner) others[resource.kind] += 1;
  }
  return perKind((kind) => ({
    total: names[kind].length,
    names: names[kind].sort().slice(0, NAMES_MAX),
    of_others: others[kind],
  }));
}
