import type * as z from "zod";
import type { ReferringFields } from "#reconcile/kinds.ts";
import type { ActualOf, FieldsOf, Kind } from "#reconcile/state.ts";

/**
 * What the manifest language says of a kind of resource: all of it stands in the kind's file. An
 * entry names other resources as the state does.
 */
export interface EntryKind<K extends Kind, Entry extends ReferringFields[K]>
  extends EntryConverter<K, Entry> {
  /** The key under which a manifest declares resources of the kind. */
  readonly section: string;
  /** Of the whole section. */
  readonly schema: z.ZodType;
}

export interface EntryConverter<K extends Kind, Entry> {
  /** What an entry declares, with the defaults applied. */
  readonly toFields: (entry: Entry, declared: DeclaredElsewhere) => FieldsOf[K];
  /** The other way round, for an export. */
  readonly toEntry: (resource: ActualOf<K>, exporting: Exporting) => Exported;
}

/** What the fields of a resource follow from beside its own entry. */
export interface DeclaredElsewhere {
  /** The AWSCURRENT versions of the sources of secrets, by the secret's name. */
  readonly versions: ReadonlyMap<string, string>;
  /** Providers of secrets, by name. */
  readonly providers: ReadonlyMap<string, string>;
  /** The rules that the file does not want. */
  readonly disabled: readonly string[];
}

export interface Exporting {
  /** What the entry is to be called. */
  readonly name: string;
  /** Names of experiments, by id. */
  readonly experiments: ReadonlyMap<string, string>;
  /** Of those that are deleted in MLflow. */
  readonly deletedExperiments: ReadonlyMap<string, string>;
}

/** Without an entry only the note is left of a resource. */
export interface Exported {
  readonly entry?: Readonly<Record<string, unknown>>;
  /** Lines of a comment. */
  readonly note?: readonly string[];
}

/** The same object without its undefined fields. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as never;
}
