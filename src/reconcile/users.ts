import { groupBy } from "#runtime/group-by.ts";
import { dependenciesOf } from "./kinds.ts";
import type { ActualResource, DesiredResource, ResourceKey } from "./state.ts";

/** Keys of the users, by what they use. */
export type Users = ReadonlyMap<ResourceKey, readonly ResourceKey[]>;

/** Turns around what resources refer to; `keyFor` says what each of them goes by. */
export function usersOf<R extends DesiredResource | ActualResource>(
  resources: readonly R[],
  keyFor: (resource: R) => ResourceKey,
): Users {
  const uses = resources.flatMap((resource) => {
    const user = keyFor(resource);
    return dependenciesOf(resource).map((used) => ({ user, used }));
  });
  return groupBy(
    uses,
    ({ used }) => used,
    ({ user }) => user,
  );
}
