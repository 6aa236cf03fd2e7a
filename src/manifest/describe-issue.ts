import type * as z from "zod";
import { FINDINGS_MAX } from "./bounded-schema.ts";
import { suggestion } from "./suggest.ts";
import type { ManifestFinding, ManifestPath } from "./types.ts";

const VALUE_LENGTH_MAX = 80;
/** A person who pastes a key into a manifest must not find it in a report. */
const NEVER_SHOWN = /key|token|secret|password|credential/i;

/** Turns what the schema found into sentences: what is wrong, the value, what is allowed. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  document: unknown,
  allowedKeys: (path: ManifestPath) => readonly string[],
): ManifestFinding[] {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(path);
    return issue.keys.slice(0, FINDINGS_MAX).map((key) => ({
      rule: "schema",
      path: [...path, key],
      message: `is not a known key; allowed are ${allowed.join(", ")}${keyHint(key, allowed)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    const [reason] = issue.issues;
    const message = `is not a usable key: it ${reason ? expectation(reason) : "is malformed"}`;
    return [{ rule: "schema", path, message }];
  }
  return [{ rule: "schema", path, message: messageOf(issue, valueAt(document, path), path) }];
}

function messageOf(issue: z.core.$ZodIssue, value: unknown, path: ManifestPath): string {
  if (path.length === 0 && (value === undefined || value === null)) {
    return "the file is empty; it begins with version: 1";
  }
  if (value !== undefined)
    return `${expectation(issue)}, got ${show(value, path)}${hint(issue, value)}`;
  return issue.code === "custom" ? issue.message : "is required";
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.join(", ")}`;
    case "too_small":
      return `must ${measure(issue.origin)} ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}${unit(issue.origin)}`;
    case "too_big":
      return `must ${measure(issue.origin)} ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}${unit(issue.origin)}`;
    case "invalid_union":
      return "must be true or false";
    default:
      return issue.message;
  }
}

function keyHint(key: string, allowed: readonly string[]): string {
  return key === "<<" ? "; YAML 1.2 has no merge keys" : suggestion(key, allowed);
}

/** What to write instead, where the mistake is a common one. */
function hint(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === "invalid_value" && typeof value === "string") {
    return suggestion(
      value,
      issue.values.filter((allowed) => typeof allowed === "string"),
    );
  }
  if (issue.code !== "invalid_type") return "";
  switch (issue.expected) {
    case "boolean":
      // YAML 1.1 took yes, on and others for booleans.
      return "; write true or false";
    case "string":
      return typeof value === "number" || typeof value === "boolean" ? "; put it in quotes" : "";
    case "array":
      return value === null ? "; write [] for none" : "";
    default:
      return "";
  }
}

function measure(origin: string): string {
  return origin === "number" || origin === "int" ? "be" : "have";
}

function unit(origin: string): string {
  if (origin === "string") return " character(s)";
  return origin === "array" ? " item(s)" : "";
}

function article(type: string): string {
  const word = { record: "object", int: "integer", array: "list" }[type] ?? type;
  return `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;
}

function show(value: unknown, path: ManifestPath): string {
  if (typeof value === "object" && value !== null)
    return Array.isArray(value) ? "a list" : "an object";
  if (typeof value === "string" && NEVER_SHOWN.test(path.join(".")))
    return "a text that is not shown";
  const text = JSON.stringify(value);
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}...` : text;
}

function valueAt(document: unknown, path: ManifestPath): unknown {
  let value: unknown = document;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
