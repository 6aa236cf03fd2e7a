import type {
  Ledger,
  LedgerKind,
  LedgerRecord,
  LedgerWrite,
  ListOptions,
} from "#runtime/ledger.ts";
import { checkCommit } from "#runtime/ledger-limits.ts";
import { listed, readRecord, readRecords, type StoredRecord } from "#runtime/stored-record.ts";

interface Item extends StoredRecord {
  readonly kind: string;
}

/** The ledger of unit tests: the semantics of the DynamoDB table, in a map. */
export class MemoryLedger implements Ledger {
  readonly #items = new Map<string, Item>();
  /** Every write that was ever carried out, as JSON: for what must not have been written at all. */
  readonly written: string[] = [];
  #refusals = 0;

  /** The next commits are refused, as if another run had been faster. */
  refuseNext(count: number): void {
    this.#refusals = count;
  }

  /** Somebody writes into the table by hand. */
  scribble(kind: LedgerKind<unknown>, id: string, body: string): void {
    const { name, version } = kind;
    this.#items.set(keyOf(name, id), { kind: name, id, version, body, revision: 1 });
  }

  async read<T>(kind: LedgerKind<T>, id: string): Promise<LedgerRecord<T> | undefined> {
    const item = this.#items.get(keyOf(kind.name, id));
    return Promise.resolve(item && readRecord(kind, item));
  }

  async list<T>(kind: LedgerKind<T>, options: ListOptions = {}): Promise<LedgerRecord<T>[]> {
    const items = [...this.#items.values()].filter((item) => item.kind === kind.name);
    return Promise.resolve(readRecords(kind, listed(items, options), options));
  }

  async commit(writes: readonly LedgerWrite[]): Promise<boolean> {
    const keys = writes.map(({ kind, id }) => keyOf(kind, id));
    checkCommit(writes);
    if (writes.length === 0) return true;
    const isExpected = writes.every(
      ({ expectedRevision }, index) =>
        (this.#items.get(keys[index] ?? "")?.revision ?? 0) === expectedRevision,
    );
    if (this.#refusals > 0) {
      this.#refusals -= 1;
      return Promise.resolve(false);
    }
    if (!isExpected) return Promise.resolve(false);
    for (const write of writes) this.#carryOut(write);
    return Promise.resolve(true);
  }

  #carryOut(write: LedgerWrite): void {
    const { kind, id, version, value, expectedRevision } = write;
    this.written.push(JSON.stringify(write));
    if (value === undefined) {
      this.#items.delete(keyOf(kind, id));
      return;
    }
    const body = JSON.stringify(value);
    this.#items.set(keyOf(kind, id), { kind, id, version, body, revision: expectedRevision + 1 });
  }
}

function keyOf(kind: string, id: string): string {
  return JSON.stringify([kind, id]);
}
