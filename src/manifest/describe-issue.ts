import type * as z from "zod";
import { suggestion } from "./suggest.ts";
import type { ManifestFinding, ManifestPath } from "./types.ts";

const VALUE_LENGTH_MAX = 80;
/** A person who pastes a key into a manifest must not find it in a report. */
const NEVER_SHOWN = /key|token|secret|password|credential/i;

/** Turns what the schema found into a sentence: what is wrong, the value, what is allowed. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  document: unknown,
  allowedKeys: (path: ManifestPath) => readonly string[],
): ManifestFinding[] {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(path);
    return issue.keys.map((key) => ({
      rule: "schema",
      path: [...path, key],
      message: `is not a known key; allowed are ${allowed.join(", ")}${suggestion(key, allowed)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    const [reason] = issue.issues;
    const message = `is not a usable key: it ${reason ? expectation(reason) : "is malformed"}`;
    return [{ rule: "schema", path, message }];
  }
  const value = valueAt(document, path);
  if (path.length === 0 && (value === undefined || value === null)) {
    return [
      { rule: "schema", path, message: "the file is empty; a manifest begins with version: 1" },
    ];
  }
  if (value === undefined) return [{ rule: "schema", path, message: "is required" }];
  return [
    {
      rule: "schema",
      path,
      message: `${expectation(issue)}, got ${show(value, path)}${hint(issue, value)}`,
    },
  ];
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
    default:
      return issue.message;
  }
}

function hint(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code !== "invalid_value" || typeof value !== "string") return "";
  const texts = issue.values.filter((allowed) => typeof allowed === "string");
  return suggestion(value, texts);
}

function measure(origin: string): string {
  return origin === "number" || origin === "int" ? "be" : "have";
}

function unit(origin: string): string {
  if (origin === "string") return " character(s)";
  return origin === "array" ? " item(s)" : "";
}

function article(type: string): string {
  const word = type === "record" ? "object" : type === "int" ? "integer" : type;
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
