import type * as z from "zod";
import type { manifestSchema } from "./schema.ts";

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestSecret = NonNullable<Manifest["secrets"]>[number];
export type ManifestEndpoint = NonNullable<Manifest["endpoints"]>[number];
export type ManifestBudget = NonNullable<Manifest["budgets"]>[number];

/** Keys and indexes from the root of the document, such as `["endpoints", 0, "models"]`. */
export type ManifestPath = readonly (string | number)[];

/** Something wrong at one place of a manifest file. Lines and columns count from 1. */
export interface ManifestIssue {
  /** The rule that found it: `syntax`, `schema`, or the id of a lint rule. */
  readonly rule: string;
  readonly path: ManifestPath;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What a rule reports; the parser adds the position. */
export type ManifestFinding = Omit<ManifestIssue, "line" | "column">;

/** Turns findings into issues with positions in the file's text. */
export type Locate = (findings: readonly ManifestFinding[]) => Promise<ManifestIssue[]>;

type ParseResult =
  | { readonly isValid: true; readonly manifest: Manifest; readonly locate: Locate }
  | { readonly isValid: false; readonly issues: readonly ManifestIssue[] };

/** Reads a manifest's text; never throws for bad input. */
export type ParseManifest = (text: string) => Promise<ParseResult>;
