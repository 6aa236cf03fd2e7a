import type { FieldChange } from "#reconcile/change.ts";

const VALUE_LENGTH_MAX = 200;

/** Texts that need no quotes: nothing in them can be taken for our own words. */
const PLAIN = /^[\w./:@#+%*-]+$/;

/** `before -> after`; of a secret's value only which version it is. */
export function describeChange({ path, before, after }: FieldChange): string {
  if (path === "source_version") {
    return `value: ${describeVersion(before)} -> ${describeVersion(after)}`;
  }
  return `${path}: ${describeValue(before)} -> ${describeValue(after)}`;
}

/** What is to be set in something new. */
export function describeField(path: string, value: unknown): string {
  return path === "source_version"
    ? `value: ${describeVersion(value)}`
    : `${path}: ${describeValue(value)}`;
}

function describeVersion(version: unknown): string {
  return version === undefined ? "unknown version" : `version ${describeValue(version)}`;
}

function describeValue(value: unknown): string {
  if (value === undefined) return "(none)";
  const text = textOf(value);
  const isLong = text.length > VALUE_LENGTH_MAX;
  return isLong ? `${text.slice(0, VALUE_LENGTH_MAX)}...` : text;
}

/** Like JSON, with fewer quotes. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(", ")}]`;
  if (typeof value === "string") return PLAIN.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([key, field]) => `${textOf(key)}: ${textOf(field)}`);
  return `{ ${fields.join(", ")} }`;
}
