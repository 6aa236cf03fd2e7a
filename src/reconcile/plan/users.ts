import { type Change, keyOfChange } from "#reconcile/change.ts";
import { dependenciesOf } from "#reconcile/kinds.ts";
import {
  type ActualGuardrail,
  type ActualResource,
  type ActualState,
  type DesiredResource,
  type EndpointGuardrail,
  identityOf,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { type Users, usersOf } from "#reconcile/users.ts";
import { findMeant } from "./guardrails.ts";

/**
 * Who uses what once the changes were carried out. A change
 * that waits for something blocked is not carried out, and leaves its resource as it is.
 */
export function usersAfter(
  { resources, guardrails }: ActualState,
  changes: readonly Change[],
  blocked: ReadonlySet<ResourceKey>,
): Users {
  const stuck = stuckBehind(changes, blocked);
  const changeById = new Map<string, Exclude<Change, { action: "create" }>>();
  const after: (DesiredResource | ActualResource)[] = [];
  for (const change of changes) {
    if (stuck.has(keyOfChange(change))) continue;
    if (change.action === "create") after.push(withExisting(change.desired, guardrails));
    else changeById.set(identityOf(change.actual), change);
  }
  for (const resource of resources) {
    const change = changeById.get(identityOf(resource));
    if (!change) after.push(resource);
    else if (change.action !== "delete") after.push(merged(change, guardrails));
  }
  return usersOf(after, keyOf);
}

/** The changes that wait for something blocked, directly or not. Changes come in their order. */
function stuckBehind(
  changes: readonly Change[],
  blocked: ReadonlySet<ResourceKey>,
): ReadonlySet<ResourceKey> {
  const stuck = new Set(blocked);
  if (stuck.size === 0) return stuck;
  for (const change of changes) {
    if (change.action === "delete") continue;
    if (dependenciesOf(change.desired).some((key) => stuck.has(key)))
      stuck.add(keyOfChange(change));
  }
  return stuck;
}

/** What an update makes of a resource: what is not stated stays. */
function merged(
  { desired, actual }: Extract<Change, { action: "update" | "adopt" }>,
  guardrails: readonly ActualGuardrail[],
): DesiredResource {
  const present = (actual.kind === "endpoint" && actual.fields.guardrails) || [];
  const stated = Object.entries(withExisting(desired, [...present, ...guardrails]).fields).filter(
    ([, field]) => field !== undefined,
  );
  const fields = { ...actual.fields, ...Object.fromEntries(stated) };
  return { ...desired, fields } as DesiredResource;
}

/** With the guardrails that exist in place of the declared ones, which may say less. */
function withExisting(
  resource: DesiredResource,
  existing: readonly EndpointGuardrail[],
): DesiredResource {
  if (resource.kind !== "endpoint" || !resource.fields.guardrails) return resource;
  const guardrails = resource.fields.guardrails.map(
    (guardrail) => findMeant(guardrail, existing) ?? guardrail,
  );
  return { ...resource, fields: { ...resource.fields, guardrails } };
}
