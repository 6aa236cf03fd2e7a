import type { GatewayOpsError } from "./errors.ts";

/**
 * The product's memory: small JSON records, each guarded by a revision. One port serves the
 * DynamoDB table in AWS and the fake in unit tests; leases, the outbox and every record of the
 * use cases are built on its three operations, so that each adapter stays tiny.
 */
export interface Ledger {
  /**
   * The record with this id, read consistently; `undefined` when there is none. Throws
   * `NewerVersionError` for one that a later release wrote: whoever cannot read a record does not
   * learn its revision, so an older release can never replace it.
   */
  read<T>(kind: LedgerKind<T>, id: string): Promise<LedgerRecord<T> | undefined>;
  /** All records of a kind, in order of id. Throws as `read` does. */
  list<T>(kind: LedgerKind<T>, options?: ListOptions): Promise<LedgerRecord<T>[]>;
  /**
   * Carries out all writes or none; none at all is done at once. Returns false, with nothing
   * written, when the stored revision of any of them is not the expected one. Throws
   * `LedgerLimitError` for more than fits into one transaction (see `checkCommit`).
   */
  commit(writes: readonly LedgerWrite[]): Promise<boolean>;
}

export interface ListOptions {
  /** Only what comes after this id, whether there is such a record or not. */
  readonly after?: string | undefined;
  /** At most so many, those that cannot be read included. @default all */
  readonly limit?: number | undefined;
  /** Told of each record that cannot be read, which is then left out. @default it is thrown */
  readonly onUnreadable?: (id: string, error: GatewayOpsError) => void;
}

/** A kind of record; the type parameter ties its name to the shape of its records. */
export interface LedgerKind<T> {
  readonly name: string;
  /** Stored with each record; grows when an older release would misread what this one writes. */
  readonly version: number;
  /** Never set: it only carries the type. */
  readonly shape?: T;
}

export interface LedgerRecord<T> {
  readonly id: string;
  readonly value: T;
  /** Grows by one with each write of the record, from 1. */
  readonly revision: number;
}

export interface LedgerWrite {
  readonly kind: string;
  readonly id: string;
  readonly version: number;
  /** `undefined` removes the record. */
  readonly value: unknown;
  /** The revision that must be stored now; 0 means that there must be no record. */
  readonly expectedRevision: number;
  /** When the store may forget the record. @default never */
  readonly expiresAtMs?: number;
}

/** A write that replaces what `previous` was read as, or creates the record when it is absent. */
export function put<T>(
  kind: LedgerKind<T>,
  id: string,
  value: T,
  previous: LedgerRecord<T> | undefined,
  options: { readonly expiresAtMs?: number } = {},
): LedgerWrite {
  const { name, version } = kind;
  const expectedRevision = previous?.revision ?? 0;
  return { kind: name, id, version, value, expectedRevision, ...options };
}

export function remove<T>(kind: LedgerKind<T>, previous: LedgerRecord<T>): LedgerWrite {
  return {
    kind: kind.name,
    id: previous.id,
    version: kind.version,
    value: undefined,
    expectedRevision: previous.revision,
  };
}
