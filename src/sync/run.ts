import type { Clock } from "#runtime/clock.ts";
import { type Ledger, type LedgerKind, type LedgerRecord, put, remove } from "#runtime/ledger.ts";
import type { OwnerResult } from "#sync/owner/run-owner.ts";
import {
  gravest,
  type ManifestReport,
  type RunOutcome,
  type RunReport,
  type RunTrigger,
} from "#sync/report/report.ts";
import { runMessage } from "#sync/report/run-message.ts";
import {
  isUnsettled,
  type ManifestRecords,
  newsOf,
  recordManifests,
  recordOf,
} from "./manifest-record.ts";
import { isOwnerName } from "./manifest-source.ts";

export interface ReportStore {
  /** Keeps the report, for machines and for people, and returns where. */
  writeReport(report: RunReport): Promise<string>;
}

export interface RunDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly runId: string;
  readonly reports: ReportStore;
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
const RUNS: LedgerKind<RunNote> = { name: "run" };

/** Noted before anything is written: a run that is killed is known. */
export async function beginRun(
  dependencies: RunDependencies,
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
  { clock, runId, requestCounts }: Omit<RunDependencies, "ledger" | "reports">,
  owner: string,
  trigger: RunTrigger,
): Run {
  const startedMs = clock.nowMs();
  const requestsBefore = requestCounts();
  return { id: runId, owner, trigger, startedMs, requestsBefore, isContinued: false };
}

/**
 * Ends a run: the report first, then the records of the files together with the message. A gateway
 * that is down for a day is one report and one message, not one for each time that it was tried.
 */
export async function endRun(
  dependencies: RunDependencies,
  run: Run,
  records: ManifestRecords,
  policyVersion: string | undefined,
  result: OwnerResult,
): Promise<RunReport> {
  const { ledger, clock, reports } = dependencies;
  const pendingCode = result.error?.code;
  const manifests = result.manifests.map((manifest) => {
    const isUntold = run.isContinued || isUnsettled(records.get(manifest.key)?.value);
    return isUntold && manifest.outcome === "unchanged" ? appliedBefore(manifest) : manifest;
  });
  const news = newsOf(manifests, records, pendingCode);
  const report = buildReport(dependencies, run, { ...result, manifests }, news);
  const { outcome } = report;
  // What changed something, or waits for a word, is told even if it is no news of any file.
  const isNews = news.length > 0 || outcome === "applied" || outcome === "refused";
  const isQuiet = outcome === "unchanged" || outcome === "retrying";
  const reportKey = isNews || isQuiet ? await reports.writeReport(report) : undefined;
  const next = new Map(
    report.manifests.map((manifest) => {
      const known = records.get(manifest.key)?.value;
      const key = reportKey ?? known?.report_key;
      const facts = { policyVersion, pendingCode, atMs: clock.nowMs(), reportKey: key };
      return [manifest.key, recordOf(manifest, known, facts)] as const;
    }),
  );
  const writes = run.note ? [remove(RUNS, run.note)] : [];
  const messages = reportKey && !isQuiet ? [runMessage(report, news, reportKey)] : [];
  await recordManifests(ledger, records, next, writes, messages);
  return report;
}

/** An earlier run was killed or failed for now: it made the changes that this one misses. */
function appliedBefore(manifest: ManifestReport): ManifestReport {
  return { ...manifest, outcome: "applied" };
}

export function buildReport(
  { clock, requestCounts }: Pick<RunDependencies, "clock" | "requestCounts">,
  run: Run,
  result: OwnerResult,
  news: readonly ManifestReport[],
): RunReport {
  const { manifests, deletedManifests, workspaces, error, timingsMs } = result;
  return {
    version: 1,
    run_id: run.id,
    owner: run.owner,
    trigger: run.trigger,
    outcome: runOutcome(result, news),
    started_at: new Date(run.startedMs).toISOString(),
    finished_at: new Date(clock.nowMs()).toISOString(),
    timings_ms: timingsMs,
    manifests,
    deleted_manifests: deletedManifests,
    workspaces,
    requests: since(run.requestsBefore, requestCounts()),
    ...(error && workspaces.length === 0
      ? { error: { code: error.code, message: error.message } }
      : {}),
  };
}

/** A file that failed in an earlier run, and was told of, does not make this one a failure. */
function runOutcome(
  { manifests, workspaces }: OwnerResult,
  news: readonly ManifestReport[],
): RunOutcome {
  const planned = workspaces.length > 0 ? workspaces : manifests;
  const hasApplied = workspaces.some(({ outcomes }) =>
    outcomes.some(({ outcome }) => outcome === "applied"),
  );
  return gravest([
    ...(news.length > 0 ? news : planned).map(({ outcome }) => outcome),
    ...(hasApplied ? (["applied"] as const) : []),
  ]);
}

function since(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
