import { type Reference, referencesOf } from "#reconcile/kinds.ts";
import { KINDS, type Kind, keyOf, type ResourceKey, WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { type EntryOf, SECTIONS } from "./entries/all.ts";
import type { Manifest } from "./types.ts";

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

/** The managed resources of a manifest, by section. */
export type Sections = {
  readonly [K in Kind as (typeof SECTIONS)[K]]: readonly Placed<EntryOf<K>>[];
};

export function sectionsOf(manifest: Manifest): Sections {
  return Object.fromEntries(
    KINDS.map((kind) => [SECTIONS[kind], managedOf(kind, manifest)]),
  ) as unknown as Sections;
}

/** The managed resources of one kind. */
export function managedOf<K extends Kind>(kind: K, manifest: Manifest): Placed<EntryOf<K>>[] {
  const entries: readonly object[] = manifest[SECTIONS[kind]] ?? [];
  return entries.flatMap((entry, index) =>
    isExternal(entry) ? [] : [{ entry: entry as EntryOf<K>, index }],
  );
}

/** What the managed resources of a manifest name. */
export function* namedIn(sections: Sections): Generator<Reference> {
  for (const kind of KINDS) {
    const section = SECTIONS[kind];
    for (const { entry, index } of sections[section]) {
      for (const { key, path } of referencesOf(kind, entry)) {
        yield { key, path: [section, index, ...path] };
      }
    }
  }
}

/** The same without the places, each once. */
export function keysIn(sections: Sections): Set<ResourceKey> {
  const keys = new Set<ResourceKey>();
  for (const { key } of namedIn(sections)) keys.add(key);
  return keys;
}

function isExternal(entry: object): boolean {
  return "external" in entry && entry.external === true;
}
