import * as z from "zod";
import { GatewayOpsError } from "./errors.ts";
import type { Ledger, LedgerKind } from "./ledger.ts";

/** `rotation` is known ahead of the worker, so that a pause of it is never read as one of all. */
export const PAUSABLE_WORKERS = ["config", "secrets", "rotation"] as const;
export type PausableWorker = (typeof PAUSABLE_WORKERS)[number];

const WORKER_NAMES: Readonly<Record<PausableWorker, string>> = {
  config: "config sync",
  secrets: "secret push",
  rotation: "rotation",
};

/** What is paused: what is not named is not limited. */
export interface PauseScope {
  readonly worker?: PausableWorker | undefined;
  readonly owner?: string | undefined;
}

export interface Pause extends PauseScope {
  readonly since_ms: number;
  readonly by: string;
  readonly reason?: string | undefined;
}

/** In records: what waits only for somebody to resume it has not failed. */
export const PAUSED_CODE = "paused";

/** Somebody paused the work: it is noted as pending, and goes on when somebody resumes it. */
export class PausedError extends GatewayOpsError {
  override readonly name = "PausedError";
  readonly code = PAUSED_CODE;
  readonly disposition = "retry";

  constructor(pause: Pause) {
    super(describePause(pause));
  }
}

/** By {@link pauseId}; there only while it lasts. */
export const PAUSES: LedgerKind<Pause> = { name: "pause", version: 1 };

const pauseSchema: z.ZodType<Pause> = z.object({
  worker: z.enum(PAUSABLE_WORKERS).optional(),
  owner: z.string().optional(),
  since_ms: z.number(),
  by: z.string(),
  reason: z.string().optional(),
});

/**
 * All pauses in force, to be read once per invocation, before anything is written. A record that
 * cannot be understood pauses everything, and a ledger that cannot be read throws: in doubt nothing
 * is written to the gateway.
 */
export async function readPauses(ledger: Ledger): Promise<readonly Pause[]> {
  const pauses: Pause[] = [];
  const doubtful = (id: string) => {
    const reason = `the record pause ${id} of the ledger cannot be read: upgrade, or remove it`;
    pauses.push({ since_ms: 0, by: "somebody", reason });
  };
  for (const { id, value } of await ledger.list(PAUSES, { onUnreadable: doubtful })) {
    const parsed = pauseSchema.safeParse(value);
    if (parsed.success) pauses.push(parsed.data);
    else doubtful(id);
  }
  return pauses;
}

/** Why a worker writes nothing for an owner; undefined when it may. */
export function pauseOf(
  pauses: readonly Pause[],
  worker: PausableWorker,
  owner: string,
): Pause | undefined {
  return pauses.find(
    (pause) => (pause.worker ?? worker) === worker && (pause.owner ?? owner) === owner,
  );
}

/** No owner's name and no worker's is a star. */
export function pauseId({ worker, owner }: PauseScope): string {
  return `${worker ?? "*"}/${owner ?? "*"}`;
}

/** `config sync of search`, `all workers`. */
export function describeScope({ worker, owner }: PauseScope): string {
  const workers = worker === undefined ? "all workers" : WORKER_NAMES[worker];
  return owner === undefined ? workers : `${workers} of ${owner}`;
}

/** One sentence: what, since when, by whom, why. */
export function describePause(pause: Pause): string {
  const since = new Date(pause.since_ms).toISOString();
  const reason = pause.reason === undefined ? "" : `: ${pause.reason}`;
  return `paused (${describeScope(pause)}) since ${since} by ${pause.by}${reason}`;
}
