import { ManifestError } from "#manifest/errors.ts";
import type { ManifestIssue } from "#manifest/types.ts";
import type { GatewayOpsError } from "#runtime/errors.ts";
import type { Message, Severity } from "#runtime/message.ts";
import { ApplyError, type ChangeOutcome } from "./apply.ts";
import type { FieldChange } from "./compare.ts";
import type { Change, Plan } from "./plan.ts";
import { keyOf, type ResourceKey } from "./state.ts";

/**
 * - `applied`: every change was carried out and read back
 * - `unchanged`: the gateway already was as declared
 * - `rejected`: the input must change; nothing was written
 * - `failed`: some changes failed for good, others may be applied: see the outcomes
 * - `retrying`: failed for now, to be delivered again
 * - `pending`: deliveries are used up; the schedule goes on with it
 */
export type RunOutcome = "applied" | "unchanged" | "rejected" | "failed" | "retrying" | "pending";

/** What one run did, as it is kept in the bucket. Holds no secret value. */
export interface RunReport {
  readonly version: 1;
  readonly run_id: string;
  readonly owner: string;
  readonly manifest: { readonly key: string; readonly version_id: string };
  readonly outcome: RunOutcome;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly finished_at: string;
  readonly error?: { readonly code: string; readonly message: string };
  /** Everything wrong with the manifest, with positions. */
  readonly issues?: readonly ManifestIssue[];
  readonly changes: readonly ReportedChange[];
  readonly outcomes: readonly ChangeOutcome[];
}

interface ReportedChange {
  readonly action: Change["action"];
  readonly key: ResourceKey;
  readonly changed_fields?: readonly FieldChange[];
}

/** What is known when a run begins. */
export interface RunFacts {
  readonly run_id: string;
  readonly owner: string;
  readonly manifest: RunReport["manifest"];
  readonly startedMs: number;
}

/** What a run got to know before it ended. */
export interface RunFindings {
  readonly plan?: Plan | undefined;
  readonly outcomes?: readonly ChangeOutcome[] | undefined;
  readonly error?: GatewayOpsError | undefined;
}

export function buildReport(
  facts: RunFacts,
  outcome: RunOutcome,
  { plan, outcomes, error }: RunFindings,
  finishedMs: number,
): RunReport {
  const { startedMs, ...identity } = facts;
  return {
    version: 1,
    ...identity,
    outcome,
    started_at: new Date(startedMs).toISOString(),
    finished_at: new Date(finishedMs).toISOString(),
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
    ...(error instanceof ManifestError ? { issues: error.issues } : {}),
    changes: (plan?.changes ?? []).map(reportedChange),
    outcomes: outcomes ?? (error instanceof ApplyError ? error.outcomes : []),
  };
}

function reportedChange(change: Change): ReportedChange {
  const { action } = change;
  const key = keyOf(change.desired);
  return action === "create"
    ? { action, key }
    : { action, key, changed_fields: change.changed_fields };
}

/**
 * Of a large run a message shows this much and names the report: SNS takes 256 KiB, and the text
 * travels beside the data.
 */
const LISTED_MAX = 50;
const ERROR_LENGTH_MAX = 8_000;
const TEXT_LENGTH_MAX = 20_000;
const DATA_LENGTH_MAX = 50_000;

/** The one operations message of a settled run. */
export function runMessage(report: RunReport, reportKey: string): Message {
  const { outcome, owner, manifest } = report;
  return {
    topic: "operations",
    // One message for each outcome of a version, however often it is delivered.
    id: `manifest-${outcome}:${manifest.key}@${manifest.version_id}`,
    type: `mlflow-gateway-ops.manifest.${outcome}`,
    severity: SEVERITIES[outcome],
    timeMs: Date.parse(report.finished_at),
    subject: `${manifest.key}: ${outcome}${report.error ? ` (${report.error.code})` : ""}`,
    text: shortened(renderReport(report, reportKey), TEXT_LENGTH_MAX),
    data: { ...excerptOf(report), changes_total: report.changes.length, report_key: reportKey },
    attributes: {
      owner,
      outcome,
      manifest: manifest.key,
      ...(report.error ? { code: report.error.code } : {}),
    },
  };
}

function excerptOf(report: RunReport): RunReport {
  const { error, issues } = report;
  const excerpt = {
    ...report,
    ...(error ? { error: { ...error, message: shortened(error.message, ERROR_LENGTH_MAX) } } : {}),
    ...(issues ? { issues: issues.slice(0, LISTED_MAX) } : {}),
    changes: report.changes.slice(0, LISTED_MAX),
    outcomes: report.outcomes.slice(0, LISTED_MAX),
  };
  const isTooLong = JSON.stringify(excerpt).length > DATA_LENGTH_MAX;
  return isTooLong ? { ...excerpt, issues: [], changes: [], outcomes: [] } : excerpt;
}

function shortened(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text;
}

const SEVERITIES: Readonly<Record<RunOutcome, Severity>> = {
  applied: "info",
  unchanged: "info",
  rejected: "critical",
  failed: "critical",
  retrying: "warning",
  pending: "warning",
};

const CONSEQUENCES: Readonly<Record<RunOutcome, string>> = {
  applied: "The gateway is as the manifest declares.",
  unchanged: "The gateway already was as the manifest declares; nothing was written.",
  rejected: "Nothing was changed on the gateway. Correct the manifest and put it again.",
  failed: "Some changes were not made. Correct the cause and put the manifest again.",
  retrying: "It will be tried again shortly.",
  pending: "It stays pending and is tried again on a schedule until it is applied.",
};

/** The report as plain text: what happened, change by change, and what follows from it. */
function renderReport(report: RunReport, reportKey: string): string {
  const results = new Map(report.outcomes.map((outcome) => [outcome.key, outcome]));
  const changes = report.changes.slice(0, LISTED_MAX).map(({ action, key }) => {
    const result = results.get(key);
    return `  ${(result?.outcome ?? "not attempted").padEnd(13)} ${action.padEnd(6)} ${key}${detail(result)}`;
  });
  const hidden = report.changes.length - changes.length;
  return [
    `${report.manifest.key} (version ${report.manifest.version_id}): ${report.outcome}`,
    `Report: ${reportKey}`,
    ...(report.error ? [shortened(report.error.message, ERROR_LENGTH_MAX)] : []),
    ...changes,
    ...(hidden > 0 ? [`  and ${hidden} more, see the report`] : []),
    CONSEQUENCES[report.outcome],
  ].join("\n");
}

function detail(outcome: ChangeOutcome | undefined): string {
  switch (outcome?.outcome) {
    case "applied":
      return outcome.push
        ? `, version ${outcome.push.version_id}, effective by ${new Date(outcome.push.effective_by_ms).toISOString()}`
        : "";
    case "failed":
      return `: ${outcome.message}`;
    case "skipped":
      return `, because ${outcome.because} was not applied`;
    case undefined:
      return "";
  }
}
