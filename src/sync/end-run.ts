import {
  isUnsettled,
  type ManifestRecords,
  newsOf,
  recordManifests,
  recordOf,
} from "./manifest-record.ts";
import type { OwnerResult } from "./owner/run-owner.ts";
import type { ManifestReport, RunOutcome, RunReport } from "./report/report.ts";
import { runMessage } from "./report/run-message.ts";
import { endOfNote, type JournalDependencies, type Run } from "./run-journal.ts";
import { buildReport } from "./run-report.ts";

export interface ReportStore {
  /** Keeps the report, for machines and for people, and returns where. */
  writeReport(report: RunReport): Promise<string>;
}

export interface RunDependencies extends JournalDependencies {
  readonly reports: ReportStore;
  /** Address of the server. */
  readonly server: string;
}

/** What is kept of a run beside the records of its files; a message names its report. */
type Telling = "nothing" | "report" | "report-and-message";

/** Outcomes that need nobody: all is well, or it is tried again at once. */
const QUIET: readonly RunOutcome[] = ["unchanged", "retrying"];
/** Told even if they are no news of any file: something changed, or waits for a word. */
const ALWAYS_TOLD: readonly RunOutcome[] = ["applied", "refused"];

/**
 * A gateway that is down for a day is one report and one message, not one for each time that it
 * was tried; a quiet run leaves a report and wakes nobody.
 */
export function tellingOf(outcome: RunOutcome, hasNews: boolean): Telling {
  if (QUIET.includes(outcome)) return "report";
  return hasNews || ALWAYS_TOLD.includes(outcome) ? "report-and-message" : "nothing";
}

/**
 * Ends a run:
 *
 * 1. changes that an earlier run made and did not tell count as this one's
 * 2. decide what is told, and keep the report
 * 3. commit the records of the files together with the message
 */
export async function endRun(
  dependencies: RunDependencies,
  run: Run,
  records: ManifestRecords,
  policyVersion: string,
  result: OwnerResult,
): Promise<RunReport> {
  const { ledger, clock, reports } = dependencies;
  const isUntold = run.isContinued || isOneGoneUnsettled(records, result.manifests);
  const manifests = result.manifests.map((manifest) => withUntold(isUntold, records, manifest));
  const pendingCode = result.error?.code;
  const refusedChecksums = result.workspaces
    .filter(({ outcome }) => outcome === "refused")
    .map(({ checksum }) => checksum);
  const news = newsOf(manifests, records, pendingCode);
  const report = buildReport(dependencies, run, { ...result, manifests }, news);
  const telling = tellingOf(report.outcome, news.length > 0);
  const reportKey = telling === "nothing" ? undefined : await reports.writeReport(report);
  const messages =
    telling === "report-and-message" && reportKey ? [runMessage(report, news, reportKey)] : [];
  const next = new Map(
    manifests.map((manifest) => {
      const known = records.get(manifest.key)?.value;
      const key = reportKey ?? known?.report_key;
      const hold = result.heldBy?.get(manifest.key);
      const atMs = clock.nowMs();
      const facts = { policyVersion, pendingCode, refusedChecksums, hold, atMs, reportKey: key };
      return [manifest.key, recordOf(manifest, known, facts)] as const;
    }),
  );
  await recordManifests(ledger, records, next, endOfNote(run), messages);
  return report;
}

/** A file that failed for now is gone: what was done of it until then is told by nobody else. */
function isOneGoneUnsettled(
  records: ManifestRecords,
  manifests: readonly ManifestReport[],
): boolean {
  const there = new Set(manifests.map(({ key }) => key));
  return [...records].some(([key, { value }]) => !there.has(key) && isUnsettled(value));
}

/** An earlier run was killed or failed for now: it made the changes that this one misses. */
function withUntold(
  isUntold: boolean,
  records: ManifestRecords,
  manifest: ManifestReport,
): ManifestReport {
  const hasChanges = isUntold || isUnsettled(records.get(manifest.key)?.value);
  return hasChanges && manifest.outcome === "unchanged"
    ? { ...manifest, outcome: "applied" }
    : manifest;
}
