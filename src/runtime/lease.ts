import type { Clock } from "./clock.ts";
import { type Deadline, endedBy } from "./deadline.ts";
import { GatewayOpsError, LeaseHeldError } from "./errors.ts";
import {
  type Ledger,
  type LedgerKind,
  type LedgerRecord,
  type LedgerWrite,
  put,
} from "./ledger.ts";

/** The process that a run works in: enough for a person to find it. */
export interface RunPlace {
  /** Somebody at a machine, or a function. */
  readonly by: string;
  /** The machine; of a function the stream that it logs to. */
  readonly host: string;
  readonly process_id: number;
  /** Tells a process from a later one of the same number; undefined where the system does not say. */
  readonly process_start?: string | undefined;
}

interface LeaseHolder extends RunPlace {
  readonly run_id: string;
}

export interface Lease {
  readonly holder: LeaseHolder;
  readonly since_ms: number;
  /** From then on anybody may take it, unless it was renewed. */
  readonly expires_at_ms: number;
}

/**
 * By what is written: `sync` is the gateway. A lease that is given back stays as one that ran out:
 * if it were removed, its revision would begin anew, and whoever lost it could renew another's.
 */
export const LEASES: LedgerKind<Lease> = { name: "lease", version: 1 };

export interface LeaseDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly runId: string;
  readonly place: RunPlace;
  /** Whether a process is known to have ended: what it holds is free. @default nobody knows */
  readonly isGone?: ((place: RunPlace) => boolean) | undefined;
  /** Told why a lease could not be given back, which is no failure of the work: it runs out. */
  readonly onLeaseLeft?: ((name: string, error: unknown) => void) | undefined;
}

/** A holder that was killed blocks others for so long. */
const LEASE_MS = 60_000;
const RENEW_EVERY_MS = 15_000;
/** A renewal that failed is tried again so soon. */
const LOOK_EVERY_MS = 5000;
/** The holder gives up so long before others may begin. */
const MARGIN_MS = 5000;
const LATE = "it could not be renewed in time";
const FORGOTTEN_AFTER_MS = 24 * 60 * 60 * 1000;

/** The lease ran out, or was taken away: whoever held it may not write any more. */
class LeaseLostError extends GatewayOpsError {
  override readonly name = "LeaseLostError";
  readonly code = "lease-lost";
  readonly disposition = "retry";
}

/**
 * Runs `work` while holding the lease `name`, so that two runs at once do not write the same thing.
 * The lease is renewed meanwhile; if it is lost all the same, the deadline that the work is given
 * ends, and its ledger writes nothing more: each commit carries the lease, that of nothing proves
 * it, and throws {@link LeaseLostError} (retry) when others may hold it by now. Throws
 * {@link LeaseHeldError} (retry) when another run holds it.
 */
export async function withLease<D extends LeaseDependencies, R>(
  name: string,
  dependencies: D,
  work: (held: D) => Promise<R>,
): Promise<R> {
  const lease = new HeldLease(await take(name, dependencies), dependencies);
  try {
    return await work({ ...dependencies, deadline: lease.deadline, ledger: lease.ledger });
  } finally {
    await lease.giveBack();
  }
}

async function take(
  name: string,
  { ledger, clock, runId, place, isGone }: LeaseDependencies,
): Promise<LedgerRecord<Lease>> {
  const current = await ledger.read(LEASES, name);
  const nowMs = clock.nowMs();
  if (current && isHeld(current.value, nowMs) && !isGone?.(current.value.holder)) {
    throw new LeaseHeldError(
      `another run is writing: ${describeLease(name, current.value)}. Wait until it ends; if it ` +
        `was killed, its lease runs out within ${LEASE_MS / 1000} s, and gwops unlock takes it away at once`,
      { retryAfterMs: current.value.expires_at_ms - nowMs },
    );
  }
  const holder = { ...place, run_id: runId };
  const value = { holder, since_ms: nowMs, expires_at_ms: nowMs + LEASE_MS };
  if (!(await ledger.commit([put(LEASES, name, value, current)]))) {
    throw new LeaseHeldError(`another run is writing: it just took the lease ${name}`);
  }
  return { id: name, value, revision: (current?.revision ?? 0) + 1 };
}

/** A lease from when it was taken until it is given back or lost. */
class HeldLease {
  readonly deadline: Deadline;
  readonly ledger: Ledger;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #onLeft: LeaseDependencies["onLeaseLeft"];
  readonly #stop: () => void;
  readonly #lost = new AbortController();
  /** As it was stored last by this run. */
  #record: LedgerRecord<Lease>;
  /** Of the commits, which go one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #isRenewing = false;

  constructor(record: LedgerRecord<Lease>, dependencies: LeaseDependencies) {
    const { ledger, clock, deadline, onLeaseLeft } = dependencies;
    this.#onLeft = onLeaseLeft;
    this.#record = record;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#stop = clock.every(LOOK_EVERY_MS, () => this.#look());
    const { leftMs, signal } = endedBy(deadline, this.#lost.signal);
    // By the clock too: where a machine slept, or a function was frozen, timers come late.
    this.deadline = { leftMs: () => (this.#isOut(clock.nowMs()) ? 0 : leftMs()), signal };
    this.ledger = {
      read: (kind, id) => ledger.read(kind, id),
      list: (kind, options) => ledger.list(kind, options),
      commit: (writes) => this.#commit(writes),
    };
  }

  /**
   * What cannot be given back runs out by itself: what the work did, or why it failed, is not undone
   * by that, whatever is wrong.
   */
  async giveBack(): Promise<void> {
    this.#stop();
    try {
      const nowMs = this.#clock.nowMs();
      if (await this.#ledger.commit([ended(this.#record, nowMs)])) return;
      const stored = await this.#stored();
      if (stored) await this.#ledger.commit([ended(stored, nowMs)]);
    } catch (error) {
      this.#onLeft?.(this.#record.id, error);
    }
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    const isDue = nowMs >= this.#record.value.expires_at_ms - LEASE_MS + RENEW_EVERY_MS;
    if (this.#isOut(nowMs)) this.#lose(LATE);
    else if (isDue && !this.#isRenewing) this.#renewSoon();
  }

  #renewSoon(): void {
    this.#isRenewing = true;
    this.#commit([])
      // Whatever was wrong: the next look tries again, until the time is out.
      .catch(() => undefined)
      .finally(() => {
        this.#isRenewing = false;
      });
  }

  /** Together with the lease, which is renewed by it: another run cannot have begun before. */
  #commit(writes: readonly LedgerWrite[]): Promise<boolean> {
    const commit = this.#last.then(() => this.#commitNow(writes));
    this.#last = commit.catch(() => undefined);
    return commit;
  }

  async #commitNow(writes: readonly LedgerWrite[]): Promise<boolean> {
    const nowMs = this.#clock.nowMs();
    if (this.#isOut(nowMs)) this.#lose(LATE);
    this.#lost.signal.throwIfAborted();
    const { id, value, revision } = this.#record;
    const renewed = { ...value, expires_at_ms: nowMs + LEASE_MS };
    if (await this.#ledger.commit([...writes, put(LEASES, id, renewed, this.#record)])) {
      this.#record = { id, value: renewed, revision: revision + 1 };
      return true;
    }
    const stored = await this.#stored();
    if (!stored || !isHeld(stored.value, this.#clock.nowMs())) this.#lose("it was taken away");
    else this.#record = stored;
    this.#lost.signal.throwIfAborted();
    // A commit of which the answer was lost got through, or one of the other records is another.
    return this.#record.revision === revision ? false : this.#commitNow(writes);
  }

  /** The record in the ledger, if it is this run's. */
  async #stored(): Promise<LedgerRecord<Lease> | undefined> {
    const { id, value } = this.#record;
    const stored = await this.#ledger.read(LEASES, id);
    return stored && holdOf(stored.value) === holdOf(value) ? stored : undefined;
  }

  #isOut(nowMs: number): boolean {
    return nowMs >= this.#record.value.expires_at_ms - MARGIN_MS;
  }

  #lose(why: string): void {
    this.#stop();
    this.#lost.abort(new LeaseLostError(`the lease ${this.#record.id} was lost: ${why}`));
  }
}

/** What tells one hold of a lease from every other. */
function holdOf({ holder, since_ms }: Lease): string {
  return JSON.stringify([holder, since_ms]);
}

/** How often a lease can be renewed while somebody takes it away. */
const TRIES_MAX = 5;

/** Ends a lease that somebody else holds; false when it was given back meanwhile. */
export async function takeAway(
  ledger: Ledger,
  clock: Clock,
  name: string,
  lease: Lease,
): Promise<boolean> {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    const stored = await ledger.read(LEASES, name);
    const isStill = stored && holdOf(stored.value) === holdOf(lease);
    if (!isStill || !isHeld(stored.value, clock.nowMs())) return false;
    if (await ledger.commit([ended(stored, clock.nowMs())])) return true;
  }
  throw new LeaseHeldError(`the lease ${name} is renewed faster than it can be taken away`);
}

/** The write that lets others take the lease. */
function ended(record: LedgerRecord<Lease>, nowMs: number): LedgerWrite {
  const ended = { ...record.value, expires_at_ms: nowMs };
  return put(LEASES, record.id, ended, record, { expiresAtMs: nowMs + FORGOTTEN_AFTER_MS });
}

export async function heldLeases(ledger: Ledger, nowMs: number): Promise<LedgerRecord<Lease>[]> {
  return (await ledger.list(LEASES)).filter(({ value }) => isHeld(value, nowMs));
}

export function isHeld({ expires_at_ms }: Lease, nowMs: number): boolean {
  return nowMs < expires_at_ms;
}

/** `ada@laptop (run run-1, process 4711 on laptop) holds the lease sync since 2026-11-23T12:00:00.000Z` */
export function describeLease(name: string, { holder, since_ms }: Lease): string {
  const { by, run_id, host, process_id } = holder;
  const since = new Date(since_ms).toISOString();
  return `${by} (run ${run_id}, process ${process_id} on ${host}) holds the lease ${name} since ${since}`;
}
