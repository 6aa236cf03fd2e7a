import type { Change, Plan } from "#reconcile/change.ts";
import { byText, effectiveOwner, TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualState,
  type FieldsOf,
  type Kind,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { describeBinding } from "./compare.ts";
import { byKey } from "./context.ts";
import { usersAfter } from "./users.ts";

/** Changes of which each delete says what goes on using it: an approval is one of that, too. */
export function withUsersLeft(
  changes: readonly Change[],
  blocked: Plan["blocked"],
  actual: ActualState,
): readonly Change[] {
  if (!changes.some(({ action }) => action === "delete")) return changes;
  const usersByKey = usersAfter(actual, changes, new Set(blocked.map(({ key }) => key)));
  return changes.map((change) => {
    if (change.action !== "delete") return change;
    const users = new Set(usersByKey.get(keyOf(change.actual)));
    return users.size === 0 ? change : { ...change, used_by: [...users].sort(byText) };
  });
}

/** That something is deleted while something else goes on using it. */
interface UseLeft {
  readonly message: string;
  /** The server does not delete it; it would a secret or an endpoint, whatever uses them. */
  readonly isRefused: boolean;
}

const USERS_SHOWN_MAX = 5;

/** Deletes of what something uses that remains, whosoever's it is. */
export function usesLeft(
  { owner, changes }: Pick<Plan, "owner" | "changes">,
  actual: ActualState,
): UseLeft[] {
  return changes.flatMap((change): UseLeft[] => {
    if (change.action !== "delete") return [];
    const { actual: gone, used_by: users = [] } = change;
    const key = keyOf(gone);
    if (TRAITS[gone.kind].isHeldByUsers) return held(key, users, owner, actual);
    return [
      ...useLeft(key, "is used by", users),
      ...useLeft(key, "is bound to", boundTo(gone.kind, gone.fields)),
    ];
  });
}

/** What is bound from outside of the gateway, which no resource names. */
const BOUND_TO: { readonly [K in Kind]: (fields: FieldsOf[K]) => string[] } = {
  secret: () => [],
  model_definition: () => [],
  endpoint: ({ bindings }) => (bindings ?? []).map(describeBinding).sort(byText),
  budget: () => [],
};

function boundTo<K extends Kind>(kind: K, fields: FieldsOf[K]): string[] {
  return BOUND_TO[kind](fields);
}

function held(
  key: ResourceKey,
  users: readonly ResourceKey[],
  owner: string,
  actual: ActualState,
): UseLeft[] {
  if (users.length === 0) return [];
  const actualByKey = byKey(actual.resources);
  const named = users.map((user) => {
    const [resource] = actualByKey.get(user) ?? [];
    const whose = resource ? effectiveOwner(resource) : owner;
    if (whose === owner) return user;
    return `${user} (${whose === undefined ? "which nobody has marked" : `of the owner "${whose}"`})`;
  });
  return useLeft(key, "is used by", named).map(({ message }) => ({
    message: `${message}: MLflow refuses that until they use another one`,
    isRefused: true,
  }));
}

function useLeft(key: ResourceKey, how: string, users: readonly string[]): UseLeft[] {
  if (users.length === 0) return [];
  const shown = users.slice(0, USERS_SHOWN_MAX).join(", ");
  const more = users.length - USERS_SHOWN_MAX;
  const rest = more > 0 ? ` and ${more} more` : "";
  return [{ message: `${key} would be deleted, but ${how} ${shown}${rest}`, isRefused: false }];
}
