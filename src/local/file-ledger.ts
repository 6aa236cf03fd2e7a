import { stat } from "node:fs/promises";
import * as z from "zod";
import type { Clock } from "#runtime/clock.ts";
import type {
  Ledger,
  LedgerKind,
  LedgerRecord,
  LedgerWrite,
  ListOptions,
} from "#runtime/ledger.ts";
import { checkCommit } from "#runtime/ledger-limits.ts";
import { listed, readRecord, readRecords, type StoredRecord } from "#runtime/stored-record.ts";
import { checkVersion, statedVersion } from "#runtime/version.ts";
import { fileFailure, LocalFileError, systemCode } from "./errors.ts";
import { withFileLock } from "./file-lock.ts";
import { readIfAny, replaceFile } from "./private-file.ts";

const FILE_VERSION = 1;

const itemSchema = z.object({
  kind: z.string(),
  id: z.string(),
  version: z.number().int().positive(),
  revision: z.number().int().positive(),
  value: z.looseObject({}),
  expires_at_ms: z.number().optional(),
});
const fileSchema = z.object({
  version: z.literal(FILE_VERSION),
  /** The server that the ledger is about. */
  gateway: z.string(),
  records: z.array(itemSchema),
});

type Item = z.infer<typeof itemSchema>;

export interface FileLedgerOptions {
  readonly path: string;
  /** Name of the server that the ledger is about: one of another server is refused. */
  readonly gateway: string;
  readonly clock: Clock;
  /** Ends the wait for another process that writes. @default never */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The ledger of a single machine: one JSON file, replaced as a whole under a lock, so that neither
 * a crash nor another process can lose a write.
 */
export class FileLedger implements Ledger {
  readonly #path: string;
  readonly #gateway: string;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  /** As it was read last, and what the file looked like then. */
  #known: { readonly stamp: string; readonly items: ReadonlyMap<string, Item> } | undefined;
  /** Commits of this process, one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor({ path, gateway, clock, signal }: FileLedgerOptions) {
    this.#path = path;
    this.#gateway = gateway;
    this.#clock = clock;
    this.#signal = signal;
  }

  async read<T>(kind: LedgerKind<T>, id: string): Promise<LedgerRecord<T> | undefined> {
    const item = (await this.#load()).get(keyOf(kind.name, id));
    return item && readRecord(kind, toStored(item));
  }

  async list<T>(kind: LedgerKind<T>, options: ListOptions = {}): Promise<LedgerRecord<T>[]> {
    const items = [...(await this.#load()).values()].filter((item) => item.kind === kind.name);
    return readRecords(kind, listed(items.map(toStored), options), options);
  }

  async commit(writes: readonly LedgerWrite[]): Promise<boolean> {
    checkCommit(writes);
    if (writes.length === 0) return true;
    const lock = { path: `${this.#path}.lock`, clock: this.#clock, signal: this.#signal };
    const done = this.#last.then(() => withFileLock(lock, () => this.#commit(writes)));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #commit(writes: readonly LedgerWrite[]): Promise<boolean> {
    const items = new Map(await this.#load());
    const isExpected = writes.every(
      ({ kind, id, expectedRevision }) =>
        (items.get(keyOf(kind, id))?.revision ?? 0) === expectedRevision,
    );
    if (!isExpected) return false;
    for (const write of writes) carryOut(items, write);
    const nowMs = this.#clock.nowMs();
    for (const [key, { expires_at_ms }] of items) {
      if (expires_at_ms !== undefined && expires_at_ms <= nowMs) items.delete(key);
    }
    const file = { version: FILE_VERSION, gateway: this.#gateway, records: [...items.values()] };
    await replaceFile(this.#path, `${JSON.stringify(file, null, 1)}\n`);
    this.#known = { stamp: await stampOf(this.#path), items };
    return true;
  }

  async #load(): Promise<ReadonlyMap<string, Item>> {
    const stamp = await stampOf(this.#path);
    if (this.#known?.stamp === stamp) return this.#known.items;
    const items = await this.#read();
    this.#known = { stamp, items };
    return items;
  }

  async #read(): Promise<ReadonlyMap<string, Item>> {
    const text = await readIfAny(this.#path);
    if (text === undefined) return new Map();
    const document = parseJson(text);
    checkVersion(`the ledger ${this.#path}`, statedVersion(document), FILE_VERSION);
    const parsed = fileSchema.safeParse(document);
    if (!parsed.success) {
      throw new LocalFileError(
        `${this.#path} is not a ledger of gwops. Name another one (--ledger), or move it away to ` +
          "begin anew with --take-over: the marks on the gateway tell what is managed, and each " +
          "secret is pushed once more",
        { cause: parsed.error },
      );
    }
    const { gateway, records } = parsed.data;
    if (gateway !== this.#gateway) {
      throw new LocalFileError(
        `the ledger ${this.#path} is about ${gateway}, not about ${this.#gateway}: give each ` +
          'server a ledger of its own (--ledger), or edit the field "gateway" if the server moved',
      );
    }
    return new Map(records.map((item) => [keyOf(item.kind, item.id), item]));
  }
}

function carryOut(items: Map<string, Item>, write: LedgerWrite): void {
  const { kind, id, version, value, expectedRevision, expiresAtMs } = write;
  const key = keyOf(kind, id);
  if (value === undefined) {
    items.delete(key);
    return;
  }
  const expires = expiresAtMs === undefined ? {} : { expires_at_ms: expiresAtMs };
  // As it is in the file: without what JSON has no word for, and nobody else's to change.
  const stored: Item["value"] = JSON.parse(JSON.stringify(value));
  items.set(key, { kind, id, version, revision: expectedRevision + 1, value: stored, ...expires });
}

function keyOf(kind: string, id: string): string {
  return JSON.stringify([kind, id]);
}

function toStored({ id, version, revision, value }: Item): StoredRecord {
  return { id, version, revision, body: JSON.stringify(value) };
}

/** Differs for each file that was ever in this place. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "none";
    throw fileFailure("read", path, error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
