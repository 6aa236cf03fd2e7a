import { readWithSchema } from "./parse.ts";
import { type Policy, policySchema } from "./policy-schema.ts";
import type { ManifestIssue } from "./types.ts";

/** Read for every run of every owner. */
const BYTES_MAX = 1024 * 1024;

/** Reads the text or the bytes of `manifests/policy.yaml`; never throws for bad input. */
export async function parsePolicy(
  content: string | Uint8Array,
): Promise<
  | { readonly isValid: true; readonly policy: Policy }
  | { readonly isValid: false; readonly issues: readonly ManifestIssue[] }
> {
  const read = await readWithSchema(policySchema, content, { bytesMax: BYTES_MAX });
  return read.isValid ? { isValid: true, policy: read.value } : read;
}
