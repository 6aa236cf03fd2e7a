import type { Clock } from "#runtime/clock.ts";
import { LeaseHeldError } from "#runtime/errors.ts";
import { type Ledger, type LedgerKind, type LedgerRecord, put } from "#runtime/ledger.ts";
import { commitWithMessages } from "#runtime/message.ts";
import {
  buildReport,
  type RunFacts,
  type RunFindings,
  type RunOutcome,
  type RunReport,
  runMessage,
} from "./report.ts";

/** What the ledger knows of a manifest file. */
export interface ManifestRecord {
  readonly attempted_version: string;
  /** `running` beyond the end of a run means that the run was killed. */
  readonly status: RunOutcome | "running";
  readonly applied_version?: string | undefined;
  readonly report_key?: string | undefined;
  /** Code of the error that made the attempted version pending. */
  readonly pending_code?: string | undefined;
  readonly at_ms: number;
}

export const MANIFESTS: LedgerKind<ManifestRecord> = { name: "manifest" };

export interface ReportStore {
  /** Keeps the report and returns where. */
  write(report: RunReport): Promise<string>;
}

export interface RecordDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly reports: ReportStore;
}

const SETTLED: readonly ManifestRecord["status"][] = ["applied", "unchanged", "rejected", "failed"];

/** Whether nothing is left to do for this version, be it good or bad. */
export function isSettled(record: ManifestRecord, versionId: string): boolean {
  return record.attempted_version === versionId && SETTLED.includes(record.status);
}

/** Noted before anything is written: a run that is killed is known, and taken up again. */
export async function markRunning(
  { ledger, clock }: RecordDependencies,
  key: string,
  versionId: string,
  record: LedgerRecord<ManifestRecord> | undefined,
): Promise<LedgerRecord<ManifestRecord>> {
  const isAgain = record?.value.attempted_version === versionId;
  const value: ManifestRecord = {
    ...(isAgain ? record.value : { applied_version: record?.value.applied_version }),
    attempted_version: versionId,
    status: "running",
    at_ms: clock.nowMs(),
  };
  if (!(await ledger.commit([put(MANIFESTS, key, value, record)]))) {
    throw new LeaseHeldError(`${key} was just taken by another run`);
  }
  return { id: key, value, revision: (record?.revision ?? 0) + 1 };
}

/** Ends a run: report, record and message; the last two together. */
export async function settle(
  { ledger, clock, reports }: RecordDependencies,
  running: LedgerRecord<ManifestRecord>,
  facts: RunFacts,
  outcome: RunOutcome,
  findings: RunFindings,
): Promise<RunReport> {
  const report = buildReport(facts, outcome, findings, clock.nowMs());
  const pending_code = outcome === "pending" ? findings.error?.code : undefined;
  // A gateway that is down for a day is one report, not one for each time that it was tried.
  const isKnown =
    pending_code !== undefined &&
    pending_code === running.value.pending_code &&
    report.outcomes.every((change) => change.outcome !== "applied");
  const knownKey = isKnown ? running.value.report_key : undefined;
  const report_key = knownKey ?? (await reports.write(report));
  const value: ManifestRecord = {
    ...running.value,
    status: outcome,
    report_key,
    pending_code,
    at_ms: clock.nowMs(),
    ...(isSuccess(outcome) ? { applied_version: facts.manifest.version_id } : {}),
  };
  const record = put(MANIFESTS, running.id, value, running);
  const isQuiet = outcome === "unchanged" || outcome === "retrying";
  const messages = isQuiet ? [] : [runMessage(report, report_key)];
  if (await commitWithMessages(ledger, [record], messages)) return report;
  throw new LeaseHeldError(`${running.id} was written by another run`);
}

function isSuccess(outcome: RunOutcome): boolean {
  return outcome === "applied" || outcome === "unchanged";
}
