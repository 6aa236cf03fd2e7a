import type { Clock } from "#runtime/clock.ts";
import {
  type Ledger,
  type LedgerKind,
  type LedgerRecord,
  type LedgerWrite,
  put,
  remove,
} from "#runtime/ledger.ts";
import { isOwnerName } from "#runtime/marks.ts";
import type { RunTrigger } from "./report/report.ts";

export interface JournalDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly runId: string;
  /** How often each operation of the gateway was called so far. */
  readonly requestCounts: () => Readonly<Record<string, number>>;
}

/** A run that has begun. */
export interface Run {
  readonly id: string;
  readonly owner: string;
  readonly trigger: RunTrigger;
  readonly startedMs: number;
  readonly requestsBefore: Readonly<Record<string, number>>;
  /** An earlier run was killed: changes that it made were not told. */
  readonly isContinued: boolean;
  readonly note?: LedgerRecord<RunNote> | undefined;
}

interface RunNote {
  readonly run_id: string;
  readonly at_ms: number;
}

/** By owner; there only while a run is under way, or after it was killed. */
const RUNS: LedgerKind<RunNote> = { name: "run", version: 1 };

/** Noted before anything is written: a run that is killed is known. */
export async function beginRun(
  dependencies: JournalDependencies,
  owner: string,
  trigger: RunTrigger,
): Promise<Run> {
  const { ledger, runId } = dependencies;
  const run = startedRun(dependencies, owner, trigger);
  // For files that are no owner's nothing is ever written.
  if (!isOwnerName(owner)) return run;
  const before = await ledger.read(RUNS, owner);
  // The lease lets one run through at a time: nobody else writes this.
  await ledger.commit([put(RUNS, owner, { run_id: runId, at_ms: run.startedMs }, before)]);
  return { ...run, isContinued: before !== undefined, note: await ledger.read(RUNS, owner) };
}

/** A run that is not noted, as it can be repeated from the start. */
export function startedRun(
  { clock, runId, requestCounts }: Omit<JournalDependencies, "ledger">,
  owner: string,
  trigger: RunTrigger,
): Run {
  const startedMs = clock.nowMs();
  const requestsBefore = requestCounts();
  return { id: runId, owner, trigger, startedMs, requestsBefore, isContinued: false };
}

/** That the run is under way no longer, to be committed with what became of it. */
export function endOfNote({ note }: Run): LedgerWrite[] {
  return note ? [remove(RUNS, note)] : [];
}
