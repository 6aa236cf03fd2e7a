import * as z from "zod";
import type { ManifestPath } from "./types.ts";

/** The keys that the schema knows at a place, found by walking it along the path. */
export function allowedKeys(
  root: z.core.$ZodType,
  path: ManifestPath,
  document: unknown,
): readonly string[] {
  let schema = optionOf(root, document);
  let value = document;
  for (const part of path) {
    value = (value as Record<string | number, unknown>)[part];
    schema = optionOf(partOf(schema, part), value);
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

export function partOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType {
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodObject ? (schema.shape[part] as z.core.$ZodType) : schema;
}

/** Without the wrapping of what is optional; of a union the one that the value chose. */
export function optionOf(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodOptional) return optionOf(schema.unwrap(), value);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const [managed, external] = schema.options;
  const isExternal = (value as { external?: unknown } | undefined)?.external === true;
  return (isExternal ? external : managed) as z.core.$ZodType;
}
