import { type Ledger, put } from "#runtime/ledger.ts";
import { REVOKED_VERSIONS, revokedVersionId } from "#secrets/revoked-version.ts";
import { arnOf } from "./fake-secret-source.ts";

/** Somebody says that others know this version of the stored secret. */
export async function revoke(ledger: Ledger, name: string, version_id: string): Promise<void> {
  const source_arn = arnOf(name);
  const value = { source_arn, version_id, since_ms: 0, by: "ada@laptop", reason: "in a log" };
  const id = revokedVersionId(source_arn, version_id);
  await ledger.commit([put(REVOKED_VERSIONS, id, value, undefined)]);
}
