import { byText, dependenciesOf, referencesOf } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type DesiredResource,
  KINDS,
  type Kind,
  keyOf,
  partsOf,
  type ResourceKey,
} from "#reconcile/state.ts";

type Resource = DesiredResource | ActualResource;

const LEVEL_OF = new Map<Kind, number>(KINDS.map((kind, level) => [kind, level]));

/** By level; within a level what others need comes first, then by name. */
export function inOrder<R extends Resource>(resources: readonly R[]): R[] {
  const depths = depthsOf(resources);
  return [...resources].sort(
    (a, b) =>
      levelOf(a) - levelOf(b) ||
      (depths.get(keyOf(a)) ?? 0) - (depths.get(keyOf(b)) ?? 0) ||
      byText(a.name, b.name),
  );
}

/** Against the levels; what needs others comes before them, then by name. */
export function inReverseOrder<R extends Resource>(resources: readonly R[]): R[] {
  const depths = depthsOf(resources);
  return [...resources].sort(
    (a, b) =>
      levelOf(b) - levelOf(a) ||
      (depths.get(keyOf(b)) ?? 0) - (depths.get(keyOf(a)) ?? 0) ||
      byText(a.name, b.name),
  );
}

function levelOf({ kind }: Resource): number {
  return LEVEL_OF.get(kind) ?? 0;
}

/** Resources of one kind that need each other, as the keys of each cycle in order. */
export function cyclesOf(resources: readonly Resource[]): ResourceKey[][] {
  return walk(needsWithinLevel(resources)).cycles;
}

/**
 * Length of the chain of needs below each that has any or is one: more than that of everything that
 * it needs, but where that needs it in turn.
 */
function depthsOf(resources: readonly Resource[]): ReadonlyMap<ResourceKey, number> {
  return walk(needsWithinLevel(resources)).depths;
}

type Needs = ReadonlyMap<ResourceKey, readonly ResourceKey[]>;

/** Down the needs from each, by name; whatever leads back to where one came from closes a cycle. */
function walk(needs: Needs) {
  const depths = new Map<ResourceKey, number>();
  const cycles: ResourceKey[][] = [];
  for (const root of [...needs.keys()].sort(byText)) {
    const path = depths.has(root) ? [] : [root];
    const entered = new Set(path);
    for (let key = path.at(-1); key !== undefined; key = path.at(-1)) {
      const below = needs.get(key) ?? [];
      const next = below.find((need) => !depths.has(need) && !entered.has(need));
      if (next !== undefined) {
        path.push(next);
        entered.add(next);
        continue;
      }
      const open = below.filter((need) => !depths.has(need));
      cycles.push(...open.map((need) => path.slice(path.indexOf(need))));
      depths.set(key, 1 + Math.max(-1, ...below.map((need) => depths.get(need) ?? -1)));
      path.pop();
    }
  }
  return { depths, cycles };
}

/** What each needs of the given ones of its kind; empty when none names another of its kind. */
function needsWithinLevel(resources: readonly Resource[]): Needs {
  const isLinked = resources.some(({ kind, fields }) =>
    referencesOf(kind, fields).some(({ key }) => partsOf(key).kind === kind),
  );
  if (!isLinked) return new Map();
  const keys = new Set(resources.map(keyOf));
  return new Map(
    resources.map((resource) => [
      keyOf(resource),
      dependenciesOf(resource)
        .filter((key) => partsOf(key).kind === resource.kind && keys.has(key))
        .sort(byText),
    ]),
  );
}
