import { TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type ActualState,
  type DesiredState,
  identityOf,
  type KnownState,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { previousKey } from "./context.ts";
import { guardrailThroughRenames, throughRenames } from "./renames.ts";

/**
 * The gateway as the ledger sees it: what it knows by id belongs to whom it was left to, and goes
 * by the name under which it was left as long as anybody speaks of that, whatever somebody marked
 * or renamed by hand since.
 */
export function recognised(
  actual: ActualState,
  desired: DesiredState,
  known: KnownState,
): ActualState {
  if (known.owned.size + known.others.size === 0) return actual;
  const keepsName = nameKeeper(desired, known);
  const renames = new Map<ResourceKey, string>();
  const resources = actual.resources.map((resource) => {
    const identity = identityOf(resource);
    const name = known.owned.get(identity);
    if (name === undefined) return withOwner(resource, known.others.get(identity));
    const owned = withOwner(resource, desired.owner);
    const { kind } = resource;
    if (name === resource.name || !keepsName(keyOf({ kind, name }), keyOf(resource))) return owned;
    if (!TRAITS[kind].isNamed) return { ...owned, name };
    renames.set(keyOf(resource), name);
    return { ...owned, name, server_name: resource.name };
  });
  return renames.size === 0
    ? { ...actual, resources }
    : {
        ...actual,
        resources: resources.map((resource) => throughRenames(resource, renames)),
        guardrails: actual.guardrails.map((one) => guardrailThroughRenames(one, renames)),
      };
}

function withOwner(resource: ActualResource, owner: string | undefined): ActualResource {
  if (owner === undefined || owner === resource.owner) return resource;
  return { ...resource, ledger_owner: owner };
}

/** Whether what was left as one key, and is another one now, still goes by the former. */
function nameKeeper(
  { resources, externals }: DesiredState,
  { frozen, protected: guarded }: KnownState,
): (left: ResourceKey, now: ResourceKey) => boolean {
  const spokenOf = new Set([...resources.map(keyOf), ...externals, ...frozen, ...guarded]);
  const givenUp = new Set(resources.map(previousKey));
  // A name that the manifest gives up is kept until what has it is called as the manifest wants.
  return (left, now) => spokenOf.has(left) || (givenUp.has(left) && !spokenOf.has(now));
}
