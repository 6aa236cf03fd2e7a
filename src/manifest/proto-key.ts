import * as z from "zod";
import { FINDINGS_MAX } from "./bounded-schema.ts";
import { optionOf, partOf } from "./schema-walk.ts";

/** A key of a map like any other, but zod leaves it out of all that it reads. */
const PROTO = "__proto__";

/**
 * Puts the values of such keys, which the schema accepted without them, back into what was parsed.
 * Returns what is wrong with these values, as far as anybody reads it.
 */
export function keepProtoKeys(
  schema: z.core.$ZodType,
  document: unknown,
  parsed: unknown,
): z.core.$ZodIssue[] {
  if (typeof document !== "object" || document === null) return [];
  const here = optionOf(schema, document);
  const issues = here instanceof z.ZodRecord ? keep(here.valueType, document, Object(parsed)) : [];
  for (const [key, value] of Object.entries(document)) {
    if (issues.length >= FINDINGS_MAX) break;
    if (typeof value !== "object" || key === PROTO) continue;
    const within = (parsed as Record<string, unknown>)[key];
    const part = Array.isArray(document) ? Number(key) : key;
    const found = keepProtoKeys(partOf(here, part), value, within);
    issues.push(...found.map((issue) => ({ ...issue, path: [part, ...issue.path] })));
  }
  return issues;
}

function keep(schema: z.core.$ZodType, document: object, parsed: object): z.core.$ZodIssue[] {
  const own = Object.getOwnPropertyDescriptor(document, PROTO);
  if (!own) return [];
  const read = z.safeParse(schema, own.value);
  if (read.success) Object.defineProperty(parsed, PROTO, { ...own, value: read.data });
  return read.error?.issues.map((issue) => ({ ...issue, path: [PROTO, ...issue.path] })) ?? [];
}
