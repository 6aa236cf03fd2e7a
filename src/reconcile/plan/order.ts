import { byText, dependenciesOf } from "#reconcile/kinds.ts";
import {
  type ActualResource,
  type DesiredResource,
  KINDS,
  type Kind,
  keyOf,
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

/** Endpoints that need each other, as the keys of each cycle in order. */
export function cyclesOf(resources: readonly Resource[]): ResourceKey[][] {
  const needs = needsWithinLevel(resources);
  const depths = depthsOf(resources);
  const seen = new Set<ResourceKey>();
  const cycles: ResourceKey[][] = [];
  for (const start of [...needs.keys()].sort(byText)) {
    const walk: ResourceKey[] = [];
    let key: ResourceKey | undefined = start;
    // Whatever has no depth needs something that has none either: each walk ends where one was.
    while (key !== undefined && !depths.has(key) && !seen.has(key)) {
      seen.add(key);
      walk.push(key);
      key = needs.get(key)?.find((need) => !depths.has(need));
    }
    const first = key === undefined ? -1 : walk.indexOf(key);
    if (first >= 0) cycles.push(walk.slice(first));
  }
  return cycles;
}

/** Length of the longest chain of needs below each that has any or is one; none in a cycle. */
function depthsOf(resources: readonly Resource[]): Map<ResourceKey, number> {
  const needs = needsWithinLevel(resources);
  const users = usersOf(needs);
  const open = new Map([...needs].map(([key, keys]) => [key, keys.length]));
  const depths = new Map<ResourceKey, number>();
  const ready = [...needs.keys()].filter((key) => open.get(key) === 0);
  for (const key of ready) {
    const below = (needs.get(key) ?? []).map((need) => depths.get(need) ?? 0);
    depths.set(key, Math.max(-1, ...below) + 1);
    for (const user of users.get(key) ?? []) {
      const left = (open.get(user) ?? 0) - 1;
      open.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return depths;
}

type Needs = ReadonlyMap<ResourceKey, readonly ResourceKey[]>;

function usersOf(needs: Needs): Needs {
  const users = new Map<ResourceKey, ResourceKey[]>([...needs.keys()].map((key) => [key, []]));
  for (const [user, keys] of needs) {
    for (const key of keys) users.get(key)?.push(user);
  }
  return users;
}

/** What each endpoint needs of the given ones; empty when none names another. */
function needsWithinLevel(resources: readonly Resource[]): Needs {
  const endpoints = resources.filter(({ kind }) => kind === "endpoint");
  const isLinked = endpoints.some(
    ({ kind, fields }) =>
      kind === "endpoint" && fields.guardrails?.some((guardrail) => guardrail.action_endpoint),
  );
  if (!isLinked) return new Map();
  const keys = new Set(endpoints.map(keyOf));
  return new Map(
    endpoints.map((endpoint) => [
      keyOf(endpoint),
      dependenciesOf(endpoint)
        .filter((key) => keys.has(key))
        .sort(byText),
    ]),
  );
}
