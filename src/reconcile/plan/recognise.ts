import { TRAITS } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type ActualState,
  type DesiredResource,
  type DesiredState,
  type Identity,
  identityOf,
  type KnownState,
  keyLeft,
  keyOf,
  partsOf,
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
  // Nearly always everything has the name that it was left with.
  let keeper: ReturnType<typeof nameKeeper> | undefined;
  const keepsName = (left: ResourceKey, now: ResourceKey) => {
    keeper ??= nameKeeper(desired, known);
    return keeper(left, now);
  };
  const renames = new Map<ResourceKey, string>();
  const resources = actual.resources.map((resource) => {
    const identity = identityOf(resource);
    const name = known.names.get(identity) ?? known.owned.get(identity);
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

/** The same knowledge with what a killed run has made, as far as it is there. */
export function withIntended(
  known: KnownState,
  { resources }: ActualState,
  owner: string,
): KnownState {
  if (known.intended.size === 0) return known;
  const made = resources.filter(
    (resource) =>
      known.intended.has(keyOf(resource)) && (resource.made_by ?? resource.owner) === owner,
  );
  const owned = made.map((resource) => [identityOf(resource), resource.name] as const);
  return { ...known, owned: new Map([...owned, ...known.owned]) };
}

/** Whether a list lacks what a killed run may have made, and the server would make twice. */
export function lacksIntended(known: KnownState, { resources }: ActualState): boolean {
  if (known.intended.size === 0) return false;
  const there = new Set(resources.map(keyOf));
  return [...known.intended].some((key) => !TRAITS[partsOf(key).kind].isNamed && !there.has(key));
}

/** What is there and no earlier run is known to have left. */
export function strangersIn(
  { resources }: ActualState,
  { owned }: KnownState,
): readonly ActualResource[] {
  return resources.filter((resource) => !owned.has(identityOf(resource)));
}

/** What is declared and was left by an earlier run, and no list shows. */
export function missingIn(
  { resources: listed }: ActualState,
  { resources }: DesiredState,
  { owned }: KnownState,
  strangers: readonly ActualResource[],
): Identity[] {
  if (listed.length - strangers.length === owned.size) return [];
  const there = new Set(listed.map(identityOf));
  const declared = new Set(resources.map(keyOf));
  return [...owned].flatMap(([identity, name]) =>
    there.has(identity) || !declared.has(keyLeft(identity, name)) ? [] : [identity],
  );
}

/** Whether anything that is meant may be another owner's, whatever its mark says. */
export function mayMeetOthers(
  strangers: readonly ActualResource[],
  { resources, externals }: DesiredState,
  { owned }: KnownState,
): boolean {
  if (strangers.length === 0) return false;
  const keys = new Set(strangers.map(keyOf));
  const isNameless = strangers.some(({ kind }) => !TRAITS[kind].isNamed);
  const known = new Set([...owned].map(([identity, name]) => keyLeft(identity, name)));
  const meets = (resource: DesiredResource) => {
    const previous = previousKey(resource);
    if (keys.has(keyOf(resource)) || (previous && keys.has(previous))) return true;
    return isNameless && !TRAITS[resource.kind].isNamed && !known.has(keyOf(resource));
  };
  return externals.some((key) => keys.has(key)) || resources.some(meets);
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
