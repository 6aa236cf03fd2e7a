import type { LedgerKind } from "#runtime/ledger.ts";
import { ledgerId } from "#runtime/ledger-limits.ts";

/** The former credential of a rotation, which is ended once nobody uses it any more. */
export interface Revocation {
  readonly secret: string;
  readonly secret_arn: string;
  /** The version that took its place. */
  readonly version_id: string;
  readonly former_version_id: string;
  /** Id of the version that keeps what replaces the former credential: known before it is made. */
  readonly replacement_id: string;
  readonly rotated_at_ms: number;
}

/** By {@link revocationId}; there from just before AWSCURRENT moves until the revocation is done. */
export const REVOCATIONS: LedgerKind<Revocation> = { name: "revocation", version: 1 };

export function revocationId(arn: string, formerVersionId: string): string {
  return ledgerId(`${arn}/${formerVersionId}`);
}
