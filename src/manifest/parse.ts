import type * as z from "zod";
import { contextWith, countIssues, type Tally } from "./bounded-schema.ts";
import { describeIssue } from "./describe-issue.ts";
import { FindingList } from "./findings.ts";
import { locator } from "./locate.ts";
import { isPolicyDocument } from "./policy-document.ts";
import { keepProtoKeys } from "./proto-key.ts";
import { readDocument } from "./read.ts";
import { manifestSchema } from "./schema.ts";
import { allowedKeys } from "./schema-walk.ts";
import type {
  Locate,
  Manifest,
  ManifestFinding,
  ManifestIssue,
  ParseManifest,
  ParseResult,
} from "./types.ts";

/** A document that its schema accepts, or what is wrong with it: with its place, or yet without. */
export type Shape<Value> =
  | { readonly isValid: true; readonly value: Value }
  | { readonly isValid: false; readonly issues: readonly ManifestIssue[] }
  | {
      readonly isValid: false;
      readonly findings: readonly ManifestFinding[];
      readonly hidden: number;
    };

/**
 * Reads YAML 1.2 or JSON: syntax, then schema. All that the schema finds is returned, each issue
 * with line and column. What a schema cannot say is left to `checkFiles`.
 */
export const parseManifest: ParseManifest = (content) =>
  manifestOf(shapeOfManifest(content), locatorOf(content));

/** The same in two steps, of which the first one needs no places. */
export function shapeOfManifest(content: string | Uint8Array): Shape<Manifest> {
  return shapeOf(manifestSchema, content, { mistakenFor });
}

export async function manifestOf(shape: Shape<Manifest>, locate: Locate): Promise<ParseResult> {
  if (shape.isValid) return { isValid: true, manifest: shape.value, locate };
  return { isValid: false, issues: await issuesIn(shape, locate) };
}

/** What is wrong, with its places. */
export async function issuesIn(
  shape: Exclude<Shape<unknown>, { isValid: true }>,
  locate: Locate,
): Promise<readonly ManifestIssue[]> {
  return "issues" in shape ? shape.issues : locate(shape.findings, shape.hidden);
}

/** Decodes only what is to be pointed at. A byte order mark is no part of the text. */
export function locatorOf(content: string | Uint8Array): Locate {
  let locate: Locate | undefined;
  return async (findings, hidden) => {
    if (findings.length === 0) return [];
    const text = typeof content === "string" ? content : new TextDecoder().decode(content);
    locate ??= locator(text.replace(/^\uFEFF/, ""));
    return locate(findings, hidden);
  };
}

/** A policy that lies among the manifests is told as what it is. */
function mistakenFor(document: unknown): string | undefined {
  if (!isPolicyDocument(document)) return undefined;
  return "looks like a policy, and not like a manifest; the policy is manifests/policy.yaml, and anywhere else it grants and denies nothing";
}

interface ReadOptions {
  /** @default as long as a manifest may be */
  readonly bytesMax?: number;
  /** What a document that the schema does not accept looks like, in place of all its mistakes. */
  readonly mistakenFor?: (document: unknown) => string | undefined;
}

/** Reads a file of any language that a schema describes. */
export function shapeOf<Schema extends z.ZodObject>(
  schema: Schema,
  content: string | Uint8Array,
  { bytesMax, mistakenFor: lookOf }: ReadOptions = {},
): Shape<z.infer<Schema>> {
  const read = readDocument(content, bytesMax);
  if ("issue" in read) return { isValid: false, issues: [read.issue] };
  const { document } = read;
  const tally: Tally = { kept: 0, dropped: 0 };
  const parsed = schema.safeParse(document, contextWith(tally));
  const issues = parsed.error?.issues ?? keepProtoKeys(schema, document, parsed.data);
  if (parsed.success && issues.length === 0) return { isValid: true, value: parsed.data };
  const look = lookOf?.(document);
  if (look !== undefined) {
    const finding = { rule: "schema", path: ["owners"], message: look };
    return { isValid: false, findings: [finding], hidden: 0 };
  }
  const { first, hidden } = findingsOf(schema, issues, document, tally);
  return { isValid: false, findings: first, hidden };
}

function findingsOf(
  schema: z.core.$ZodType,
  issues: readonly z.core.$ZodIssue[],
  document: unknown,
  { dropped }: Tally,
): FindingList {
  const found = new FindingList();
  for (const issue of issues) {
    const described = found.isFull
      ? []
      : describeIssue(issue, document, (path) => allowedKeys(schema, path, document));
    found.add(described, countIssues([issue]) - described.length);
  }
  found.add([], dropped);
  return found;
}
