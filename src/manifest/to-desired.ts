import {
  type DesiredResource,
  type DesiredState,
  KINDS,
  type Kind,
  type ResourceKey,
} from "#reconcile/state.ts";
import { ENTRIES, type EntryOf, SECTIONS } from "./entries/all.ts";
import { type DeclaredElsewhere, defined } from "./entries/entry.ts";
import { declarationsOf, externalsOf, managedOf } from "./sections.ts";
import type { Manifest, ManifestPath } from "./types.ts";

/** What is known of secrets besides what the manifests say, by the secret's name. */
export interface KnownOfSecrets {
  /** The AWSCURRENT version of the source. */
  readonly versions?: ReadonlyMap<string, string> | undefined;
  /** Providers of secrets that none of these manifests declares, but a frozen file did. */
  readonly providers?: ReadonlyMap<string, string> | undefined;
}

/**
 * Merges the valid manifests of an owner in one workspace into the state that they declare:
 * defaults applied, references by name.
 */
export function toDesired(
  owner: string,
  workspace: string,
  manifests: readonly Manifest[],
  known: KnownOfSecrets = {},
): DesiredState {
  const providers = new Map(known.providers);
  for (const { entry } of manifests.flatMap((manifest) => managedOf("secret", manifest))) {
    providers.set(entry.name, entry.provider);
  }
  const elsewhere = { versions: known.versions ?? new Map(), providers };
  const resources = KINDS.flatMap((kind) =>
    manifests.flatMap((manifest) => {
      const declared = { ...elsewhere, disabled: manifest.lint?.disable ?? [] };
      return managedOf(kind, manifest).map(({ entry }) => resourceOf(kind, entry, declared));
    }),
  );
  const externals = manifests.flatMap(externalsOf);
  return {
    owner,
    workspace,
    in_scope: KINDS.filter((kind) =>
      manifests.some((manifest) => manifest[SECTIONS[kind]] !== undefined),
    ),
    resources,
    externals: [...new Set(externals)],
  };
}

/** Where a resource is declared. */
export interface Origin {
  /** Name of the file. */
  readonly file: string;
  /** Such as `["endpoints", 0]`. */
  readonly path: ManifestPath;
}

/** Where the files of one workspace declare each resource, so that a refusal finds its line. */
export function originsOf(
  files: readonly { readonly name: string; readonly manifest: Manifest }[],
): ReadonlyMap<ResourceKey, Origin> {
  const origins = new Map<ResourceKey, Origin>();
  for (const { name, manifest } of files) {
    for (const { key, path } of declarationsOf(manifest)) {
      if (!origins.has(key)) origins.set(key, { file: name, path });
    }
  }
  return origins;
}

/** What an entry says of the resource itself, not of its fields. */
interface Declared {
  readonly name: string;
  readonly protected?: boolean | "changes" | undefined;
  readonly previous_name?: string | undefined;
  readonly adopt?: string | undefined;
}

function resourceOf<K extends Kind>(
  kind: K,
  entry: EntryOf<K> & Declared,
  elsewhere: DeclaredElsewhere,
): DesiredResource {
  const fields = ENTRIES[kind].toFields(entry, elsewhere);
  return { kind, name: entry.name, fields, ...declared(entry) } as DesiredResource;
}

function declared(entry: Declared) {
  const { previous_name, adopt } = entry;
  return defined({ protected: entry.protected || undefined, previous_name, adopt });
}
