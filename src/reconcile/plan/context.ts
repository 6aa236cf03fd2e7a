import { byText, effectiveOwner, perKind } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type ActualState,
  type DesiredResource,
  type DesiredState,
  identityOf,
  type Kind,
  type KnownState,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { groupBy } from "#runtime/group-by.ts";

/** What is not granted, at its place below the declared resource. */
interface Denial {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What an owner was granted, as far as only a plan can ask: of what is on the gateway. */
export interface PlanGrants {
  /** Whether a resource of another owner, or of nobody (undefined), may be referred to. */
  readonly mayReference: (key: ResourceKey, owner: string | undefined) => boolean;
  /** What of a resource that is there was not granted; without `desired` it is to be deleted. */
  readonly existing: (actual: ActualResource, desired?: DesiredResource) => readonly Denial[];
  /** Why an experiment of this name may not be used. */
  readonly experiment: (name: string) => string | undefined;
}

export interface PlanOptions {
  /** Whether resources that are no longer declared are deleted. */
  readonly prune: boolean;
  /** Why nothing may be pruned for now, such as a file that is invalid. */
  readonly pruneSuspended?: string | undefined;
  /** Whether nobody looked which values secrets have now, which the plan says then. @default false */
  readonly withoutValues?: boolean | undefined;
  /** What the owner was granted. @default everything but what belongs to another owner */
  readonly grants?: PlanGrants | undefined;
}

/** What every step of planning looks at. */
export interface PlanContext {
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly known: KnownState;
  readonly options: PlanOptions;
  readonly declared: ReadonlyMap<ResourceKey, DesiredResource>;
  /** Declared resources by their previous key. */
  readonly heirs: ReadonlyMap<ResourceKey, readonly DesiredResource[]>;
  readonly externals: ReadonlySet<ResourceKey>;
  /**
   * Several have one key where one was renamed by hand and another one took its name; and budgets,
   * for which the server knows no name that could be unique.
   */
  readonly actualByKey: ActualByKey;
  /** What the server calls by a key, where that is not what it goes by. */
  readonly rivals: ReadonlyMap<ResourceKey, ActualResource>;
}

type ActualByKey = ReadonlyMap<ResourceKey, readonly ActualResource[]>;

export function planContext(
  desired: DesiredState,
  actual: ActualState,
  known: KnownState,
  options: PlanOptions,
): PlanContext {
  return {
    desired,
    actual,
    known,
    options,
    declared: new Map(desired.resources.map((resource) => [keyOf(resource), resource])),
    heirs: groupBy(desired.resources, previousKey),
    externals: new Set(desired.externals),
    actualByKey: byKey(actual.resources),
    rivals: rivalsOf(actual.resources),
  };
}

export function byKey(resources: readonly ActualResource[]): ActualByKey {
  return groupBy(resources, keyOf);
}

function rivalsOf(resources: readonly ActualResource[]): Map<ResourceKey, ActualResource> {
  return new Map(
    resources.flatMap((resource) => {
      const { kind, server_name: name } = resource;
      return name === undefined ? [] : [[keyOf({ kind, name }), resource] as const];
    }),
  );
}

/** The key that a declared resource has until it is renamed. */
export function previousKey(resource: DesiredResource): ResourceKey | undefined {
  const { kind, name, previous_name } = resource;
  if (previous_name === undefined || previous_name === name) return undefined;
  return `${kind}/${previous_name}`;
}

/** Whether it is this owner's for certain: a mark alone could be anybody's. */
export function isKnown({ known }: PlanContext, resource: ActualResource): boolean {
  return known.owned.has(identityOf(resource));
}

/**
 * All resources of a key by id, what was left under that name first; or of several only the owner's
 * own if there are any.
 */
export function lookUp(context: PlanContext, key: ResourceKey): readonly ActualResource[] {
  const found = context.actualByKey.get(key) ?? [];
  if (found.length < 2) return found;
  const own = found.filter((resource) => effectiveOwner(resource) === context.desired.owner);
  const { owned } = context.known;
  const rank = (resource: ActualResource) =>
    resource.server_name === undefined && owned.get(identityOf(resource)) !== resource.name ? 1 : 0;
  return [...(own.length > 0 ? own : found)].sort(
    (a, b) => rank(a) - rank(b) || byText(a.id, b.id),
  );
}

/** How many of each kind the ledger knows as the owner's, as far as they are there. */
export function countKnown({ resources }: ActualState, { owned }: KnownState): Counts {
  return count(resources.filter((resource) => owned.has(identityOf(resource))));
}

/**
 * How many of each kind the owner has: what the ledger knows, and what is declared and has the
 * owner's mark, since the ledger may be lost. The mark alone is anybody's to set.
 */
export function countOwned(
  { owner, resources: declared }: DesiredState,
  { resources }: ActualState,
  { owned }: KnownState,
): Counts {
  const keys = new Set(declared.map(keyOf));
  return count(
    resources.filter(
      (resource) =>
        owned.has(identityOf(resource)) ||
        (keys.has(keyOf(resource)) && effectiveOwner(resource) === owner),
    ),
  );
}

type Counts = Readonly<Record<Kind, number>>;

function count(resources: readonly ActualResource[]): Counts {
  const counts = perKind(() => 0);
  for (const { kind } of resources) counts[kind] += 1;
  return counts;
}
