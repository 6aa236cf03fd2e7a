import { formatIssue } from "#manifest/errors.ts";
import { parsePolicy } from "#manifest/policy.ts";
import type { Policy } from "#manifest/policy-schema.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { type ManifestSource, POLICY_KEY } from "./manifest-source.ts";

/** Nobody can tell what is granted: until it is corrected, nothing is. */
class PolicyError extends GatewayOpsError {
  override readonly name = "PolicyError";
  readonly code = "invalid-policy";
  readonly disposition = "reject";
}

/** `manifests/policy.yaml` as it is now. */
export interface PolicyFile {
  /** Undefined: there is none. */
  readonly version_id?: string | undefined;
  /** Undefined: there is none. Throws {@link PolicyError}. */
  read(): Policy | undefined;
}

export async function readPolicy(manifests: ManifestSource): Promise<PolicyFile> {
  const file = await manifests.readNewest(POLICY_KEY);
  if (!file) return { read: () => undefined };
  const { version_id } = file;
  const parsed = await parsePolicy(file.content);
  return {
    version_id,
    read: () => {
      if (parsed.isValid) return parsed.policy;
      const issues = parsed.issues.map((issue) => formatIssue(POLICY_KEY, issue));
      throw new PolicyError(issues.join("\n"));
    },
  };
}
