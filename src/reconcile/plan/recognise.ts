import { effectiveOwner, TRAITS } from "#reconcile/kinds.ts";
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

/** By owner, what a killed run set out to create. */
export type IntendedByOwner = ReadonlyMap<string, ReadonlySet<ResourceKey>>;

/** What killed runs have made, as far as it is there, and for whom. */
export function madeByRuns(
  resources: readonly ActualResource[],
  intended: IntendedByOwner,
): ReadonlyMap<Identity, string> {
  return new Map(
    resources.flatMap((resource) => {
      const maker = resource.made_by ?? resource.owner;
      if (maker === undefined || !intended.get(maker)?.has(keyOf(resource))) return [];
      return [[identityOf(resource), maker] as const];
    }),
  );
}

/** The same knowledge with what the owner's killed run has made, unless others have it by now. */
export function withIntended(
  known: KnownState,
  { resources }: ActualState,
  owner: string,
): KnownState {
  const { intended, others, owned } = known;
  if (intended.size === 0) return known;
  const made = madeByRuns(resources, new Map([[owner, intended]]));
  const own = resources
    .filter((resource) => made.has(identityOf(resource)) && !others.has(identityOf(resource)))
    .map((resource) => [identityOf(resource), resource.name] as const);
  return { ...known, owned: new Map([...own, ...owned]) };
}

/**
 * Whether the lists lack what a file would be wrong without, or what a killed run may have made and
 * the server would make twice.
 */
export function lacksMeant(
  { intended }: KnownState,
  { externals }: DesiredState,
  { resources }: ActualState,
): boolean {
  const made = [...intended].filter((key) => !TRAITS[partsOf(key).kind].isNamed);
  const meant = [...made, ...externals];
  if (meant.length === 0) return false;
  const there = new Set(resources.map(keyOf));
  return meant.some((key) => !there.has(key));
}

/** What is there and no earlier run is known to have left. */
export function strangersIn(
  { resources }: ActualState,
  { owned }: KnownState,
): readonly ActualResource[] {
  return resources.filter((resource) => !owned.has(identityOf(resource)));
}

/**
 * Whether anything that is meant, or counts as the owner's by its mark or by a killed run, may be
 * another owner's.
 */
export function mayMeetOthers(
  strangers: readonly ActualResource[],
  { owner, resources, externals }: DesiredState,
  { owned, intended }: KnownState,
): boolean {
  if (strangers.length === 0) return false;
  if (strangers.some((stranger) => effectiveOwner(stranger) === owner)) return true;
  const keys = new Set(strangers.map(keyOf));
  const isNameless = strangers.some(({ kind }) => !TRAITS[kind].isNamed);
  const known = new Set([...owned].map(([identity, name]) => keyLeft(identity, name)));
  const meets = (resource: DesiredResource) => {
    const previous = previousKey(resource);
    if (keys.has(keyOf(resource)) || (previous && keys.has(previous))) return true;
    return isNameless && !TRAITS[resource.kind].isNamed && !known.has(keyOf(resource));
  };
  return [...externals, ...intended].some((key) => keys.has(key)) || resources.some(meets);
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
