import { loadAll, YAMLException } from "js-yaml";
import * as z from "zod";
import { describeIssue } from "./describe-issue.ts";
import { locator } from "./locate.ts";
import { RULES } from "./rules/all.ts";
import { manifestSchema } from "./schema.ts";
import type { ManifestIssue, ManifestPath, ParseManifest } from "./types.ts";

/** A manifest of 50,000 resources is about this long; anything longer is a mistake or an attack. */
const TEXT_LENGTH_MAX = 5 * 1024 * 1024;

/**
 * Reads YAML 1.2 or JSON: syntax, then schema, then lint rules; all issues of the first stage
 * that finds any are returned, each with line and column.
 */
export const parseManifest: ParseManifest = async (content) => {
  // A byte order mark is not part of the document.
  const text = content.replace(/^\uFEFF/, "");
  const document = readDocument(text);
  if ("issue" in document) return { isValid: false, issues: [document.issue] };

  const locate = locator(text);
  const parsed = manifestSchema.safeParse(document.value);
  if (!parsed.success) {
    const findings = parsed.error.issues.flatMap((issue) =>
      describeIssue(issue, document.value, allowedKeys),
    );
    return { isValid: false, issues: await locate(findings) };
  }

  const findings = RULES.flatMap((rule) => rule(parsed.data));
  if (findings.length > 0) return { isValid: false, issues: await locate(findings) };
  return { isValid: true, manifest: parsed.data, locate };
};

function readDocument(text: string): { value: unknown } | { issue: ManifestIssue } {
  if (text.length > TEXT_LENGTH_MAX) {
    return syntaxIssue(1, 1, `is longer than ${TEXT_LENGTH_MAX / 1024 / 1024} MiB`);
  }
  try {
    const [value, ...others] = loadAll(text);
    if (others.length === 0) return { value };
    return syntaxIssue(1, 1, "holds several documents; a manifest is a single one");
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = (error.mark?.line ?? 0) + 1;
    const column = (error.mark?.column ?? 0) + 1;
    return syntaxIssue(line, column, `cannot be read: ${error.reason}`);
  }
}

function syntaxIssue(line: number, column: number, message: string): { issue: ManifestIssue } {
  return { issue: { rule: "syntax", path: [], line, column, message } };
}

/** The keys that the schema knows at a place, found by walking the schema along the path. */
function allowedKeys(path: ManifestPath): readonly string[] {
  let schema: z.core.$ZodType = manifestSchema;
  for (const part of path) {
    schema = unwrap(schema);
    if (schema instanceof z.ZodArray) schema = schema.element;
    else if (schema instanceof z.ZodObject) schema = schema.shape[part] as z.core.$ZodType;
  }
  schema = unwrap(schema);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema;
}
