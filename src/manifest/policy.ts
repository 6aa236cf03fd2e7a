import { issuesIn, locatorOf, type Shape, shapeOf } from "./parse.ts";
import { type Policy, policySchema } from "./policy-schema.ts";
import type { Locate, ParsedPolicy, ParsePolicy } from "./types.ts";

/** Read for every run of every owner. */
const BYTES_MAX = 1024 * 1024;

/** Reads the text or the bytes of `manifests/policy.yaml`; never throws for bad input. */
export const parsePolicy: ParsePolicy = (content) =>
  policyOf(shapeOfPolicy(content), locatorOf(content));

/** The same in two steps, of which the first one needs no places. */
export function shapeOfPolicy(content: string | Uint8Array): Shape<Policy> {
  return shapeOf(policySchema, content, { bytesMax: BYTES_MAX });
}

export async function policyOf(shape: Shape<Policy>, locate: Locate): Promise<ParsedPolicy> {
  if (shape.isValid) return { isValid: true, policy: shape.value };
  return { isValid: false, issues: await issuesIn(shape, locate) };
}
