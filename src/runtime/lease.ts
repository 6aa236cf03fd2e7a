import type { Clock } from "./clock.ts";
import { LeaseHeldError } from "./errors.ts";
import { type Ledger, type LedgerKind, put, remove } from "./ledger.ts";

interface Lease {
  readonly holder: string;
  readonly expiresAtMs: number;
}

const LEASES: LedgerKind<Lease> = { name: "lease", version: 1 };

export interface LeaseOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Names this run in the ledger, so that a person can see who holds the lease. */
  readonly holder: string;
  /** Longer than the work can take: a crashed holder blocks others for at most this long. */
  readonly durationMs: number;
}

/**
 * Runs `work` while holding the lease `name`, so that two events at once do not write the same
 * thing. Throws {@link LeaseHeldError} (retry) when another run holds it.
 */
export async function withLease<R>(
  name: string,
  { ledger, clock, holder, durationMs }: LeaseOptions,
  work: () => Promise<R>,
): Promise<R> {
  const current = await ledger.read(LEASES, name);
  if (current && current.value.expiresAtMs > clock.nowMs()) {
    throw new LeaseHeldError(`${name} is being written by ${current.value.holder}`);
  }
  const lease: Lease = { holder, expiresAtMs: clock.nowMs() + durationMs };
  const taken = await ledger.commit([put(LEASES, name, lease, current)]);
  if (!taken) throw new LeaseHeldError(`${name} was just taken by another run`);
  try {
    return await work();
  } finally {
    const held = await ledger.read(LEASES, name);
    if (held?.value.holder === holder) await ledger.commit([remove(LEASES, held)]);
  }
}

/** Gives the holder of a lease its whole duration again. False: another run holds it by now. */
export async function renewLease(
  name: string,
  { ledger, clock, holder, durationMs }: LeaseOptions,
): Promise<boolean> {
  const held = await ledger.read(LEASES, name);
  if (held?.value.holder !== holder) return false;
  return ledger.commit([
    put(LEASES, name, { holder, expiresAtMs: clock.nowMs() + durationMs }, held),
  ]);
}
