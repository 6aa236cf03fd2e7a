import type * as z from "zod";
import type { Policy } from "./policy-schema.ts";
import type { manifestSchema } from "./schema.ts";

export type Manifest = z.infer<typeof manifestSchema>;

type SecretEntry = NonNullable<Manifest["secrets"]>[number];
type ModelDefinitionEntry = NonNullable<Manifest["model_definitions"]>[number];
type EndpointEntry = NonNullable<Manifest["endpoints"]>[number];

export type ManifestSecret = Exclude<SecretEntry, { external: true }>;
export type ManifestModelDefinition = Exclude<ModelDefinitionEntry, { external: true }>;
export type ManifestEndpoint = Exclude<EndpointEntry, { external: true }>;
export type ManifestBudget = NonNullable<Manifest["budgets"]>[number];

/** Keys and indexes from the root of the document, such as `["endpoints", 0, "models"]`. */
export type ManifestPath = readonly (string | number)[];

/** Something wrong at one place of a manifest file. Lines and columns count from 1. */
export interface ManifestIssue {
  /** What found it: `syntax`, `schema`, `policy`, or the id of a rule. */
  readonly rule: string;
  readonly path: ManifestPath;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Set where the issue only counts further ones: how many they are. */
  readonly hidden?: number | undefined;
}

/** What is found in a parsed manifest; `locate` adds the position. */
export type ManifestFinding = Omit<ManifestIssue, "line" | "column" | "hidden">;

/**
 * Turns findings into issues with positions in the file's text: the first hundred, and one issue
 * that counts all others, with those that were hidden before.
 */
export type Locate = (
  findings: readonly ManifestFinding[],
  hidden?: number,
) => Promise<ManifestIssue[]>;

/** A manifest that the schema accepts, or what is wrong with it. */
export type ParseResult =
  | { readonly isValid: true; readonly manifest: Manifest; readonly locate: Locate }
  | ParseFailure;

interface ParseFailure {
  readonly isValid: false;
  readonly issues: readonly ManifestIssue[];
}

/** Reads a manifest's text or its bytes (UTF-8); never throws for bad input. */
export type ParseManifest = (content: string | Uint8Array) => Promise<ParseResult>;

/** A policy, or what is wrong with it. */
export type ParsedPolicy = { readonly isValid: true; readonly policy: Policy } | ParseFailure;

/** The same of a policy. */
export type ParsePolicy = (content: string | Uint8Array) => Promise<ParsedPolicy>;
