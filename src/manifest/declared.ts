import { type Kind, keyOf, partsOf, type ResourceKey } from "#reconcile/state.ts";
import { SECTIONS } from "./entries/all.ts";
import type { RuleContext, RuleSubject } from "./rules/rule.ts";
import { keysIn } from "./sections.ts";
import type { Locate, Manifest } from "./types.ts";

/** A file that the schema accepts. */
export interface Candidate {
  readonly name: string;
  readonly manifest: Manifest;
  readonly locate: Locate;
  readonly subject: RuleSubject;
}

/** By workspace, then by file name. */
export type FrozenByFile = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<ResourceKey>>>;

/** What stays as it is because of a file: by file name, only where there is something. */
export type Held = ReadonlyMap<string, readonly ResourceKey[]>;

/**
 * What files declared when they were last applied and no valid file declares now: of files that
 * are invalid or gone all of it, of others what belongs to a section that they leave out now.
 */
export function frozenKeys(
  valid: readonly Candidate[],
  last: ReadonlyMap<string, ReadonlySet<ResourceKey>>,
): Held {
  if (last.size === 0) return new Map();
  const declared = new Set(valid.flatMap(({ subject }) => takenKeys(subject)));
  const manifests = new Map(valid.map(({ name, manifest }) => [name, manifest]));
  const held = new Map<string, readonly ResourceKey[]>();
  for (const [name, keys] of last) {
    const manifest = manifests.get(name);
    const isGivenUp = (key: ResourceKey) => manifest?.[SECTIONS[partsOf(key).kind]] !== undefined;
    const own = [...keys].filter((key) => !declared.has(key) && !isGivenUp(key));
    if (own.length > 0) held.set(name, own);
  }
  return held;
}

/** What rules may know of the valid files; `lastProviders` has those of frozen secrets, by name. */
export function contextOf(
  valid: readonly Candidate[],
  held: Held,
  lastProviders: ReadonlyMap<string, string>,
  { sources, serverVersion, suggest }: Pick<RuleContext, "sources" | "serverVersion" | "suggest">,
  isComplete: boolean,
): RuleContext {
  const subjects = valid.map(({ subject }) => subject);
  const frozen = [...held.values()].flat();
  const isAllKnown = isComplete && frozen.length === 0;
  const known = new Set([
    ...frozen,
    ...subjects.flatMap(({ declarations }) => declarations.map(({ key }) => key)),
  ]);
  return {
    known,
    namesOf: namesByKind(known),
    suggest,
    used: isAllKnown ? new Set(subjects.flatMap((subject) => [...keysIn(subject)])) : undefined,
    providers: providersOf(subjects, frozen, lastProviders),
    untracked: new Set(
      subjects.flatMap(({ endpoints }) =>
        endpoints.flatMap(({ entry }) => (entry.usage_tracking === false ? entry.name : [])),
      ),
    ),
    sources,
    serverVersion,
  };
}

/** The names of a kind are listed once, and only when somebody asks. */
function namesByKind(keys: ReadonlySet<ResourceKey>): RuleContext["namesOf"] {
  const byKind = new Map<Kind, readonly string[]>();
  return (kind) => {
    const names =
      byKind.get(kind) ??
      [...keys].map(partsOf).flatMap((one) => (one.kind === kind ? one.name : []));
    byKind.set(kind, names);
    return names;
  };
}

function providersOf(
  subjects: readonly RuleSubject[],
  frozen: readonly ResourceKey[],
  lastProviders: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const providers = new Map<string, string>();
  for (const key of frozen) {
    const { kind, name } = partsOf(key);
    const provider = lastProviders.get(name);
    if (kind === "secret" && provider !== undefined) providers.set(name, provider);
  }
  for (const { entry } of subjects.flatMap(({ secrets }) => secrets)) {
    providers.set(entry.name, entry.provider);
  }
  return providers;
}

/** What a file declares, with the former names of what it renames. */
function takenKeys({ declarations }: RuleSubject): ResourceKey[] {
  return declarations.flatMap(({ key, kind, isExternal, previousName }) => {
    if (isExternal) return [];
    return previousName === undefined ? [key] : [key, keyOf({ kind, name: previousName })];
  });
}
