import type { GatewayOpsError } from "./errors.ts";
import type { Ledger, LedgerKind, LedgerRecord } from "./ledger.ts";
import { UnreadableRecordError } from "./stored-record.ts";

/**
 * The records of a kind whose ids are wanted. One that cannot be read is thrown only if it is wanted
 * itself: what stands in the record of one owner stops no other.
 */
export async function listOf<T>(
  ledger: Ledger,
  kind: LedgerKind<T>,
  isWanted: (id: string) => boolean,
): Promise<LedgerRecord<T>[]> {
  const records = await ledger.list(kind, {
    onUnreadable: (id, error) => {
      if (isWanted(id)) throw error;
    },
  });
  return records.filter(({ id }) => isWanted(id));
}

/** Leaves out what stands in the place of a record; what a later release wrote is thrown. */
export function passOver(_: string, error: GatewayOpsError): void {
  if (!(error instanceof UnreadableRecordError)) throw error;
}
