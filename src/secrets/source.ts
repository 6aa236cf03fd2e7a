import { type Disposition, GatewayOpsError } from "#runtime/errors.ts";
import type { Redacted } from "#runtime/redacted.ts";

/** What is known of a stored secret without reading its value. */
export interface SecretDescription {
  readonly arn: string;
  /** Version that carries the stage AWSCURRENT. */
  readonly currentVersionId: string;
  /** Labels by version id; Secrets Manager does not list a version without any. */
  readonly stages: Readonly<Record<string, readonly string[]>>;
  /** When anything about the secret was changed last; undefined where nobody knows. */
  readonly lastChangedAtMs?: number | undefined;
  /** Value of the tag `gateway-ops:owner`, which says whose manifests may use the secret. */
  readonly owner?: string | undefined;
}

/** Where values come from: AWS Secrets Manager in production. What is asked ends with the signal. */
export interface SecretSource {
  /** Throws {@link SecretSourceError} when there is no such secret, or it may not be read. */
  describe(nameOrArn: string, signal: AbortSignal): Promise<SecretDescription>;
  /**
   * The value of a version, as long as it is AWSCURRENT: throws {@link SourceMovedError} when another
   * one is.
   */
  fetch(arn: string, versionId: string, signal: AbortSignal): Promise<Redacted<string>>;
}

/** What was current a moment ago is not any more, or not everywhere yet: look again. */
export class SourceMovedError extends GatewayOpsError {
  override readonly name = "SourceMovedError";
  readonly code = "secret-source-moved";
  readonly disposition = "retry";
}

/**
 * The stored secret is missing, unreadable, or belongs to somebody else. Somebody mends that where it
 * is stored, and nobody puts a manifest again for it: by default it counts as what may pass. `reject`
 * is for a reference or a content that stays wrong as it is.
 */
export class SecretSourceError extends GatewayOpsError {
  override readonly name: string = "SecretSourceError";
  static readonly code: string = "secret-source";
  readonly code: string = SecretSourceError.code;
  readonly disposition: Disposition;

  constructor(
    message: string,
    { disposition = "retry", ...options }: ErrorOptions & { disposition?: Disposition } = {},
  ) {
    super(message, options);
    this.disposition = disposition;
  }
}

/** Label of the version that applications read. */
export const CURRENT_STAGE = "AWSCURRENT";

export const OWNER_TAG = "gateway-ops:owner";
