import * as z from "zod";
import { POLICY_VERSION, policySchema } from "./policy-schema.ts";
import { manifestSchema } from "./schema.ts";

/**
 * The manifest language as JSON Schema (draft 2020-12), for editors and other tools. It says all
 * that the schema of the parser says, but for the limits of a file and what rules find.
 */
export function manifestJsonSchema(): Record<string, unknown> {
  return jsonSchema(manifestSchema, "manifest", "Manifest", 1);
}

/** The same of `manifests/policy.yaml`. */
export function policyJsonSchema(): Record<string, unknown> {
  return jsonSchema(policySchema, "policy", "Policy", POLICY_VERSION);
}

function jsonSchema(of: z.core.$ZodType, id: string, title: string, version: number) {
  const { $schema, ...schema } = z.toJSONSchema(of, { io: "input", target: "draft-2020-12" });
  return {
    $schema,
    $id: `urn:mlflow-gateway-ops:${id}:${version}`,
    title: `${title} of MLflow Gateway Ops, version ${version}`,
    ...schema,
  };
}
