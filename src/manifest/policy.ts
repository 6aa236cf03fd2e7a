import { readWithSchema } from "./parse.ts";
import { policySchema } from "./policy-schema.ts";
import type { ParsePolicy } from "./types.ts";

/** Read for every run of every owner. */
const BYTES_MAX = 1024 * 1024;

/** Reads the text or the bytes of `manifests/policy.yaml`; never throws for bad input. */
export const parsePolicy: ParsePolicy = async (content) => {
  const read = await readWithSchema(policySchema, content, { bytesMax: BYTES_MAX });
  return read.isValid ? { isValid: true, policy: read.value } : read;
};
