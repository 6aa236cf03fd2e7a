import { formatIssue } from "#manifest/errors.ts";
import { parsePolicy } from "#manifest/policy.ts";
import type { Policy } from "#manifest/policy-schema.ts";
import type { ParsePolicy } from "#manifest/types.ts";
import { type ManifestSource, POLICY_KEY } from "./manifest-source.ts";

/** `manifests/policy.yaml` as it is now. */
export type PolicyFile =
  | { readonly is: "missing" }
  | { readonly is: "invalid"; readonly version_id: string; readonly issues: readonly string[] }
  | { readonly is: "valid"; readonly version_id: string; readonly policy: Policy };

export async function readPolicyFile(
  manifests: Pick<ManifestSource, "readNewest">,
  parse: ParsePolicy = parsePolicy,
): Promise<PolicyFile> {
  const file = await manifests.readNewest(POLICY_KEY);
  if (!file) return { is: "missing" };
  const { version_id } = file;
  const parsed = await parse(file.content);
  if (parsed.isValid) return { is: "valid", version_id, policy: parsed.policy };
  const issues = parsed.issues.map((issue) => formatIssue(POLICY_KEY, issue));
  return { is: "invalid", version_id, issues };
}
