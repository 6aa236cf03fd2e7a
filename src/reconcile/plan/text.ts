import { type FieldChange, fieldOf } from "#reconcile/change.ts";

/** Texts that need no quotes: nothing in them can be taken for our own words. */
const PLAIN = /^[\w./:@#+%*-]+$/;

/**
 * `before -> after`; an element that comes or goes has a `+` or a `-` instead. Nothing is cut. Of a
 * secret's value only which version it is.
 */
export function describeChange(change: FieldChange): string {
  const { path, before, after, remark } = change;
  if (path === "source_version") {
    return `value: ${describeVersion(before)} -> ${describeVersion(after)}`;
  }
  const isElement = path !== fieldOf(change);
  if (isElement && before === undefined) return `+ ${path}: ${describeValue(after)}`;
  if (isElement && after === undefined) return `- ${path}: ${describeValue(before)}`;
  const why = remark === undefined ? "" : ` (${remark})`;
  return `${path}: ${describeValue(before)} -> ${describeValue(after)}${why}`;
}

/** What is to be set in something new. */
export function describeField(path: string, value: unknown): string {
  return path === "source_version"
    ? `value: ${describeVersion(value)}`
    : `${path}: ${describeValue(value)}`;
}

function describeVersion(version: unknown): string {
  return version === undefined ? "unknown" : `version ${describeValue(version)}`;
}

function describeValue(value: unknown): string {
  return value === undefined ? "(none)" : textOf(value);
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
