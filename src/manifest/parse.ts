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
import type { Locate, ManifestIssue, ParseManifest } from "./types.ts";

/**
 * Reads YAML 1.2 or JSON: syntax, then schema. All that the schema finds is returned, each issue
 * with line and column. What a schema cannot say is left to `checkFiles`.
 */
export const parseManifest: ParseManifest = async (content) => {
  const read = await readWithSchema(manifestSchema, content, { mistakenFor });
  return read.isValid ? { isValid: true, manifest: read.value, locate: read.locate } : read;
};

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
export async function readWithSchema<Schema extends z.ZodObject>(
  schema: Schema,
  content: string | Uint8Array,
  { bytesMax, mistakenFor: lookOf }: ReadOptions = {},
): Promise<
  | { readonly isValid: true; readonly value: z.infer<Schema>; readonly locate: Locate }
  | { readonly isValid: false; readonly issues: readonly ManifestIssue[] }
> {
  const read = readDocument(content, bytesMax);
  if ("issue" in read) return { isValid: false, issues: [read.issue] };
  const { text, document } = read;
  const locate = locator(text);
  const tally: Tally = { kept: 0, dropped: 0 };
  const parsed = schema.safeParse(document, contextWith(tally));
  const issues = parsed.error?.issues ?? keepProtoKeys(schema, document, parsed.data);
  if (parsed.success && issues.length === 0) return { isValid: true, value: parsed.data, locate };
  const look = lookOf?.(document);
  if (look !== undefined) {
    const finding = { rule: "schema", path: ["owners"], message: look };
    return { isValid: false, issues: await locate([finding]) };
  }
  const found = findingsOf(schema, issues, document, tally);
  return { isValid: false, issues: await locate(found.first, found.hidden) };
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
