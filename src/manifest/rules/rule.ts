import type { Declaration, Sections } from "#manifest/sections.ts";
import type { Suggest } from "#manifest/suggest.ts";
import type { Manifest, ManifestFinding } from "#manifest/types.ts";
import type { Kind, ResourceKey } from "#reconcile/state.ts";

/** What the other files of the owner in the same workspace say, together with this one. */
export interface RuleContext {
  /** What may be referred to: declared, external, or frozen. */
  readonly known: ReadonlySet<ResourceKey>;
  /** The same by kind, as the names that a near miss may have meant. */
  readonly namesOf: (kind: Kind) => readonly string[];
  /** Looks for near misses, within one bound for all files. */
  readonly suggest: Suggest;
  /** What something refers to; undefined when a file that may refer to more cannot be read. */
  readonly used: ReadonlySet<ResourceKey> | undefined;
  /** Providers of the secrets, by name; of external secrets none. */
  readonly providers: ReadonlyMap<string, string>;
  /** Names of the endpoints whose usage_tracking is off. */
  readonly untracked: ReadonlySet<string>;
  /** Where values may come from: `any` on the command line. */
  readonly sources: "aws" | "any";
  /** Version of the MLflow server; undefined when it was not asked, or does not tell. */
  readonly serverVersion?: string | undefined;
}

/** A manifest as rules see it. */
export interface RuleSubject extends Sections {
  readonly manifest: Manifest;
  /** External resources too, in the order of the file. */
  readonly declarations: readonly Declaration[];
}

/** What a schema cannot say. Title and reason are part of the documentation. */
export interface Rule {
  readonly id: string;
  /** A warning blocks nothing, and a file may switch it off. */
  readonly severity: "error" | "warning";
  /** What it finds. */
  readonly title: string;
  /** What happened otherwise. */
  readonly why: string;
  /** The first MLflow that it holds for: not applied to a server that is known to be older. */
  readonly since?: string;
  /** Where it may find as much as a file is long, one by one: no more than the first are kept. */
  readonly check: (
    subject: RuleSubject,
    context: RuleContext,
  ) => Iterable<Omit<ManifestFinding, "rule">>;
}
