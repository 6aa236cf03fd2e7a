import { GatewayOpsError } from "#runtime/errors.ts";
import type { Redacted } from "#runtime/redacted.ts";

/** What is known of a stored secret without reading its value. */
export interface SecretDescription {
  readonly arn: string;
  /** Version that carries the stage AWSCURRENT. */
  readonly currentVersionId: string;
  /** Value of the tag `gateway-ops:owner`, which says whose manifests may use the secret. */
  readonly owner?: string | undefined;
}

/** Where values come from: AWS Secrets Manager in production. What is asked ends with the signal. */
export interface SecretSource {
  /** Throws {@link SecretSourceError} when there is no such secret, or it may not be read. */
  describe(nameOrArn: string, signal: AbortSignal): Promise<SecretDescription>;
  fetch(arn: string, versionId: string, signal: AbortSignal): Promise<Redacted<string>>;
}

/** The stored secret is missing, unreadable, or belongs to somebody else. */
export class SecretSourceError extends GatewayOpsError {
  override readonly name = "SecretSourceError";
  static readonly code = "secret-source";
  readonly code = SecretSourceError.code;
  readonly disposition = "reject";
}

export const OWNER_TAG = "gateway-ops:owner";

/**
 * Describes a source on behalf of an owner. Tenants do not trust each other: a manifest may read
 * only what is tagged with its owner, whatever the worker itself could read.
 */
export async function describeFor(
  owner: string,
  source: SecretSource,
  nameOrArn: string,
  signal: AbortSignal,
): Promise<SecretDescription> {
  const description = await source.describe(nameOrArn, signal);
  if (description.owner === owner) return description;
  throw new SecretSourceError(
    description.owner === undefined
      ? `${nameOrArn} has no tag ${OWNER_TAG}: tag it with ${OWNER_TAG}=${owner} to let the manifests of "${owner}" use it`
      : `${nameOrArn} belongs to the owner "${description.owner}", not to "${owner}" (tag ${OWNER_TAG})`,
  );
}
