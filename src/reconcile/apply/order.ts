import { type Change, keyOfChange } from "#reconcile/change.ts";
import { dependenciesOf, TRAITS } from "#reconcile/kinds.ts";
import type { Renames } from "#reconcile/plan/renames.ts";
import {
  type ActualResource,
  KINDS,
  type Kind,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { type Users, usersOf } from "#reconcile/users.ts";

/** Changes that may be under way at the same time, as far as they do not need each other. */
interface Level {
  readonly changes: readonly Change[];
  readonly concurrency: number;
}

/** Creates and updates go down the tree of dependencies; then deletes go up. */
export function levelsOf(changes: readonly Change[]): Level[] {
  const ofKind = (isDelete: boolean) => (kind: Kind) => ({
    changes: changes.filter(
      (change) => (change.action === "delete") === isDelete && kindOf(change) === kind,
    ),
    concurrency: TRAITS[kind].concurrency,
  });
  return [...KINDS.map(ofKind(false)), ...[...KINDS].reverse().map(ofKind(true))];
}

/**
 * What must be right before a change may begin: for a write, what the resource refers to; for a
 * delete, everything that referred to the resource, and the new secret in the place of one that is
 * renamed.
 */
export function neededBefore(
  changes: readonly Change[],
  actual: readonly ActualResource[],
): (change: Change) => readonly ResourceKey[] {
  const users = usersNow(changes, actual);
  const successors = new Map<ResourceKey, ResourceKey>(
    changes.flatMap((change) => {
      if (change.action === "delete") return [];
      const { kind, previous_name } = change.desired;
      return previous_name === undefined || TRAITS[kind].rename !== "copy"
        ? []
        : [[keyOf({ kind, name: previous_name }), keyOfChange(change)] as const];
    }),
  );
  return (change) => {
    if (change.action !== "delete") return dependenciesOf(change.desired);
    const key = keyOfChange(change);
    const successor = successors.get(key);
    return [...(users.get(key) ?? []), ...(successor === undefined ? [] : [successor])];
  };
}

/** New names by old key, of what is renamed in place. */
export function renamesOf(changes: readonly Change[]): Renames {
  return new Map(
    changes.flatMap((change) =>
      change.action === "update" || change.action === "adopt"
        ? [[keyOf(change.actual), change.desired.name] as const]
        : [],
    ),
  );
}

/** By what they use on the gateway now; a resource that is to be renamed goes by its new name. */
function usersNow(changes: readonly Change[], actual: readonly ActualResource[]): Users {
  const renames = renamesOf(changes);
  return usersOf(actual, (resource) => {
    const { kind, name } = resource;
    return keyOf({ kind, name: renames.get(keyOf(resource)) ?? name });
  });
}

function kindOf(change: Change) {
  return change.action === "delete" ? change.actual.kind : change.desired.kind;
}
