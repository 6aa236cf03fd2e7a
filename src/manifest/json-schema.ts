import * as z from "zod";
import { manifestSchema } from "./schema.ts";

/**
 * The manifest language as JSON Schema (draft 2020-12), for editors and other tools. It says all
 * that the schema of the parser says, but for the limits of a file and what rules find.
 */
export function manifestJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(manifestSchema, {
    io: "input",
    target: "draft-2020-12",
  });
  return {
    $schema,
    $id: "urn:mlflow-gateway-ops:manifest:1",
    title: "Manifest of MLflow Gateway Ops, version 1",
    ...schema,
  };
}
