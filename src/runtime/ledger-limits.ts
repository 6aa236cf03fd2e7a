import { assert } from "./assert.ts";
import { GatewayOpsError } from "./errors.ts";
import type { LedgerWrite } from "./ledger.ts";
import { shortened } from "./shortened.ts";

/** DynamoDB's TransactWriteItems takes up to 100 actions, no two of them on the same item. */
const WRITES_MAX = 100;
/** DynamoDB stores items of up to 400 KB, names of attributes included. */
const ITEM_BYTES_MAX = 400 * 1024;
/** TransactWriteItems takes up to 4 MB of items; which megabyte is not said, so the smaller one. */
const COMMIT_BYTES_MAX = 4_000_000;
/** DynamoDB's sort keys have up to 1,024 bytes of UTF-8. */
const ID_BYTES_MAX = 1024;

/** The id for what is known by a text of any length, such as the name of a secret. */
export function ledgerId(text: string): string {
  return shortened(text, ID_BYTES_MAX);
}

/** What is to be written does not fit into the ledger; nothing was written. */
class LedgerLimitError extends GatewayOpsError {
  override readonly name = "LedgerLimitError";
  readonly code = "ledger-limit";
  readonly disposition = "reject";
}

/**
 * Throws {@link LedgerLimitError} for a commit that DynamoDB would refuse by its size. Every ledger
 * asks before it writes, so that what works with one works with all.
 */
export function checkCommit(writes: readonly LedgerWrite[]): void {
  const keys = new Set(writes.map(({ kind, id }) => JSON.stringify([kind, id])));
  assert(keys.size === writes.length, "two writes of one record in one commit");
  if (writes.length > WRITES_MAX) {
    throw new LedgerLimitError(`a commit of ${writes.length} writes; ${WRITES_MAX} are allowed`);
  }
  let commitBytes = 0;
  for (const write of writes) {
    const what = `the record ${write.kind} ${write.id}`;
    checkBytes(`the id of ${what}`, Buffer.byteLength(write.id), ID_BYTES_MAX);
    const bytes = itemBytes(write);
    checkBytes(what, bytes, ITEM_BYTES_MAX);
    commitBytes += bytes;
  }
  checkBytes(`a commit of ${writes.length} writes`, commitBytes, COMMIT_BYTES_MAX);
}

/**
 * Size of a write as DynamoDB counts it: the UTF-8 bytes of the names and values of all attributes;
 * a number has a byte for every two digits and one more.
 */
export function itemBytes(write: LedgerWrite): number {
  const { kind, id, version, value, expectedRevision, expiresAtMs } = write;
  const keyBytes = attributeBytes("kind", kind) + attributeBytes("id", id);
  if (value === undefined) return keyBytes;
  return (
    keyBytes +
    numberBytes("version", version) +
    numberBytes("revision", expectedRevision + 1) +
    attributeBytes("body", JSON.stringify(value)) +
    (expiresAtMs === undefined ? 0 : numberBytes("expiresAt", Math.ceil(expiresAtMs / 1000)))
  );
}

function attributeBytes(name: string, text: string): number {
  return Buffer.byteLength(name) + Buffer.byteLength(text);
}

function numberBytes(name: string, value: number): number {
  return Buffer.byteLength(name) + Math.ceil(String(value).length / 2) + 1;
}

function checkBytes(what: string, bytes: number, allowed: number): void {
  if (bytes <= allowed) return;
  throw new LedgerLimitError(`${what} has ${bytes} bytes; ${allowed} are allowed`);
}
