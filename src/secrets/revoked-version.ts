import type { Ledger, LedgerKind } from "#runtime/ledger.ts";
import { ledgerId } from "#runtime/ledger-limits.ts";
import { type SecretDescription, SecretSourceError } from "./source.ts";

/**
 * A version of a source whose value others may know. Nothing may bring it to the gateway any more:
 * no push, no rotation, and no label that is moved back to it. Secrets Manager keeps versions, and
 * knows no such mark that a label could not lose.
 */
export interface RevokedVersion {
  /** Full ARN, or `env:NAME` and `file:PATH`. */
  readonly source_arn: string;
  readonly version_id: string;
  readonly since_ms: number;
  readonly by: string;
  readonly reason?: string | undefined;
}

/** By {@link revokedVersionId}; there until somebody takes it back. */
export const REVOKED_VERSIONS: LedgerKind<RevokedVersion> = { name: "revoked-version", version: 1 };

/** What is AWSCURRENT may not be used: only another version helps. */
export class RevokedVersionError extends SecretSourceError {
  override readonly name = "RevokedVersionError";
  static override readonly code = "secret-revoked";
  override readonly code = RevokedVersionError.code;
  readonly versionId: string;

  constructor(revoked: RevokedVersion) {
    super(`${describeRevoked(revoked)}. It is pushed nowhere: store a new value`, {
      disposition: "reject",
    });
    this.versionId = revoked.version_id;
  }
}

/** An ARN holds no space, and neither does the id of a version. */
export function revokedVersionId(sourceArn: string, versionId: string): string {
  return ledgerId(`${sourceArn} ${versionId}`);
}

/** Throws {@link RevokedVersionError} when somebody revoked what is AWSCURRENT. */
export async function requireAllowed(
  ledger: Ledger,
  { arn, currentVersionId }: Pick<SecretDescription, "arn" | "currentVersionId">,
): Promise<void> {
  const record = await ledger.read(REVOKED_VERSIONS, revokedVersionId(arn, currentVersionId));
  if (record) throw new RevokedVersionError(record.value);
}

/** One sentence: which, when, by whom, why. */
export function describeRevoked(revoked: RevokedVersion): string {
  const { source_arn, version_id, since_ms, by, reason } = revoked;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `version ${version_id} of ${source_arn} was revoked at ${new Date(since_ms).toISOString()} by ${by}${why}`;
}

/** Staging label of a version that may not be used; the ledger decides, the label shows it. */
export const REJECTED_LABEL = "GATEWAY_OPS_REJECTED";

/** Shows in Secrets Manager what the ledger knows. Throws when there is no right to do so. */
export interface RejectedLabel {
  put(arn: string, versionId: string, signal: AbortSignal): Promise<void>;
  remove(arn: string, versionId: string, signal: AbortSignal): Promise<void>;
}
