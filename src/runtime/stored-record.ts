import { GatewayOpsError } from "./errors.ts";
import type { LedgerKind, LedgerRecord, ListOptions } from "./ledger.ts";
import { checkVersion } from "./version.ts";

/** A record as every ledger stores it. */
export interface StoredRecord {
  readonly id: string;
  readonly revision: number;
  /** Of the kind, when the record was written. */
  readonly version: number;
  /** JSON. */
  readonly body: string;
}

/** Somebody else wrote into the ledger: what stands there is no record of ours. */
export class UnreadableRecordError extends GatewayOpsError {
  override readonly name = "UnreadableRecordError";
  readonly code = "unreadable-record";
  readonly disposition = "retry";
}

/** Throws `NewerVersionError` or {@link UnreadableRecordError}. */
export function readRecord<T>(kind: LedgerKind<T>, stored: StoredRecord): LedgerRecord<T> {
  const { id, revision, version, body } = stored;
  const what = `the record ${kind.name} ${id} of the ledger`;
  checkVersion(what, version, kind.version);
  try {
    return { id, value: JSON.parse(body) as T, revision };
  } catch (error) {
    throw new UnreadableRecordError(`${what} is not JSON; remove it from the ledger`, {
      cause: error,
    });
  }
}

/** Of all records of a kind, in order of id, those that a list is about. */
export function listed<S extends StoredRecord>(
  stored: readonly S[],
  { after, limit }: ListOptions,
): readonly S[] {
  // As the table in AWS orders its keys: by their bytes.
  const bytes = (id: string) => Buffer.from(id);
  const sorted = [...stored].sort((a, b) => Buffer.compare(bytes(a.id), bytes(b.id)));
  const isAfter = ({ id }: S) => after === undefined || Buffer.compare(bytes(id), bytes(after)) > 0;
  return sorted.filter(isAfter).slice(0, limit);
}

export function readRecords<T>(
  kind: LedgerKind<T>,
  stored: readonly StoredRecord[],
  { onUnreadable }: ListOptions,
): LedgerRecord<T>[] {
  return stored.flatMap((one) => {
    try {
      return readRecord(kind, one);
    } catch (error) {
      if (!onUnreadable || !(error instanceof GatewayOpsError)) throw error;
      onUnreadable(one.id, error);
      return [];
    }
  });
}
