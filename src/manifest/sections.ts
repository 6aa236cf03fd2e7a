import { KINDS, type Kind, keyOf, type ResourceKey, WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import type {
  Manifest,
  ManifestBudget,
  ManifestEndpoint,
  ManifestModelDefinition,
  ManifestSecret,
} from "./types.ts";

/** The section of a manifest that declares resources of a kind. */
export const SECTIONS = {
  secret: "secrets",
  model_definition: "model_definitions",
  endpoint: "endpoints",
  budget: "budgets",
} as const satisfies Record<Kind, keyof Manifest>;

export function workspaceOf(manifest: Manifest): string {
  return manifest.workspace ?? WORKSPACE_DEFAULT;
}

/** Names a resource; `isExternal` when it is only referred to. */
export interface Declaration {
  readonly key: ResourceKey;
  readonly kind: Kind;
  readonly name: string;
  readonly isExternal: boolean;
  /** The name until a rename. */
  readonly previousName?: string | undefined;
  readonly path: readonly [section: string, index: number];
}

/** All that a manifest declares, in the order of the file. */
export function declarationsOf(manifest: Manifest): Declaration[] {
  return KINDS.flatMap((kind) =>
    (manifest[SECTIONS[kind]] ?? []).map((entry, index) => ({
      key: keyOf({ kind, name: entry.name }),
      kind,
      name: entry.name,
      isExternal: isExternal(entry),
      previousName: "previous_name" in entry ? entry.previous_name : undefined,
      path: [SECTIONS[kind], index],
    })),
  );
}

/** What a manifest only refers to. */
export function externalsOf(manifest: Manifest): ResourceKey[] {
  return KINDS.flatMap((kind) =>
    (manifest[SECTIONS[kind]] ?? []).flatMap((entry) =>
      isExternal(entry) ? keyOf({ kind, name: entry.name }) : [],
    ),
  );
}

/** A managed resource and its place in its section. */
export interface Placed<T> {
  readonly entry: T;
  readonly index: number;
}

/** The managed resources of a manifest. */
export interface Sections {
  readonly secrets: readonly Placed<ManifestSecret>[];
  readonly modelDefinitions: readonly Placed<ManifestModelDefinition>[];
  readonly endpoints: readonly Placed<ManifestEndpoint>[];
  readonly budgets: readonly Placed<ManifestBudget>[];
}

export function sectionsOf(manifest: Manifest): Sections {
  return {
    secrets: managed(manifest.secrets),
    modelDefinitions: managed(manifest.model_definitions),
    endpoints: managed(manifest.endpoints),
    budgets: managed(manifest.budgets),
  };
}

function managed<T extends object>(
  entries: readonly T[] = [],
): Placed<Exclude<T, { external: true }>>[] {
  const placed: Placed<Exclude<T, { external: true }>>[] = [];
  for (const [index, entry] of entries.entries()) {
    if (isExternal(entry)) continue;
    placed.push({ entry: entry as Exclude<T, { external: true }>, index });
  }
  return placed;
}

function isExternal(entry: object): boolean {
  return "external" in entry && entry.external === true;
}
