import { assert } from "#runtime/assert.ts";
import type { Ledger, LedgerKind, LedgerRecord, LedgerWrite } from "#runtime/ledger.ts";

interface Item {
  readonly kind: string;
  readonly id: string;
  readonly body: string;
  readonly revision: number;
}

/** What the port promises for one commit; the table itself would take more. */
const WRITES_MAX = 25;

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

  async read<T>(kind: LedgerKind<T>, id: string): Promise<LedgerRecord<T> | undefined> {
    const item = this.#items.get(keyOf(kind.name, id));
    return Promise.resolve(item && toRecord<T>(item));
  }

  async list<T>(kind: LedgerKind<T>): Promise<LedgerRecord<T>[]> {
    const items = [...this.#items.values()].filter((item) => item.kind === kind.name);
    // As the table orders its keys: by their bytes.
    items.sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
    return Promise.resolve(items.map((item) => toRecord<T>(item)));
  }

  async commit(writes: readonly LedgerWrite[]): Promise<boolean> {
    const keys = writes.map(({ kind, id }) => keyOf(kind, id));
    assert(writes.length > 0 && writes.length <= WRITES_MAX, `${writes.length} writes at once`);
    assert(new Set(keys).size === keys.length, "two writes of one record in one commit");
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
    const { kind, id, value, expectedRevision } = write;
    this.written.push(JSON.stringify(write));
    if (value === undefined) {
      this.#items.delete(keyOf(kind, id));
      return;
    }
    const body = JSON.stringify(value);
    this.#items.set(keyOf(kind, id), { kind, id, body, revision: expectedRevision + 1 });
  }
}

function keyOf(kind: string, id: string): string {
  return JSON.stringify([kind, id]);
}

function toRecord<T>({ id, body, revision }: Item): LedgerRecord<T> {
  return { id, value: JSON.parse(body) as T, revision };
}
