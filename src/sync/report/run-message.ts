import { digestOf } from "#reconcile/plan/canonical.ts";
import type { Message, Severity } from "#runtime/message.ts";
import {
  isSuccess,
  type ManifestReport,
  type RunOutcome,
  type RunReport,
  type WorkspaceReport,
} from "./report.ts";
import { renderReport } from "./report-text.ts";

/**
 * Of a large run a message shows this much and names the report: SNS takes 256 KiB, and the text
 * travels beside the data.
 */
const LISTED_MAX = 50;
const DIGEST_LENGTH = 32;
const ERROR_LENGTH_MAX = 8_000;
const TEXT_LENGTH_MAX = 20_000;
const DATA_LENGTH_MAX = 50_000;

const SEVERITIES: Readonly<Record<RunOutcome, Severity>> = {
  unchanged: "info",
  applied: "info",
  drifted: "warning",
  retrying: "warning",
  pending: "warning",
  refused: "critical",
  rejected: "critical",
  failed: "critical",
};

/** The one operations message of a run; `news` are the manifests of which it tells something new. */
export function runMessage(
  report: RunReport,
  news: readonly ManifestReport[],
  reportKey: string,
): Message {
  const { outcome, owner } = report;
  const manifest = report.trigger.key ?? news[0]?.key;
  const code = codeOf(report);
  const isDrift = report.trigger.kind === "drift";
  const about = subjectOf(report, news);
  return {
    topic: "operations",
    // The same fact is one message, however often it is found.
    id: `run-${outcome}:${owner}:${factOf(report, news)}`,
    type: `mlflow-gateway-ops.${isDrift ? "drift" : "manifest"}.${outcome}`,
    severity: SEVERITIES[outcome],
    timeMs: Date.parse(report.finished_at),
    subject: `${about}: ${outcome}${code ? ` (${code})` : ""}`,
    text: shortened(renderReport(report, { reportKey }), TEXT_LENGTH_MAX),
    data: { ...excerptOf(report, news), report_key: reportKey },
    attributes: {
      owner,
      outcome,
      ...(manifest === undefined ? {} : { manifest }),
      ...(code === undefined ? {} : { code }),
    },
  };
}

function subjectOf({ trigger, owner }: RunReport, news: readonly ManifestReport[]): string {
  if (trigger.kind === "drift") return `Drift of ${owner}`;
  const [only, ...others] = news;
  if (!only) return `Manifests of ${owner}`;
  return others.length === 0 ? only.key : `${news.length} manifests of ${owner}`;
}

function codeOf({ outcome, error, workspaces }: RunReport): string | undefined {
  if (isSuccess(outcome)) return undefined;
  if (outcome === "rejected") return "invalid-manifest";
  return (error ?? workspaces.find((workspace) => workspace.error)?.error)?.code;
}

/** What the message says, without when: the same again is no other message. */
function factOf(report: RunReport, news: readonly ManifestReport[]): string {
  const { outcome, workspaces, trigger, run_id } = report;
  const fact = {
    news: news.map((manifest) => [manifest.key, manifest.version_id, manifest.outcome]),
    code: codeOf(report),
    checksums: workspaces.map(({ plan }) => plan.checksum),
    // What is changed may be changed back, and drift that was gone come back.
    run: outcome === "applied" || trigger.kind === "drift" ? run_id : undefined,
  };
  return digestOf(fact).slice(0, DIGEST_LENGTH);
}

/** Of the manifests a message names those of which it tells something new. */
function excerptOf(report: RunReport, news: readonly ManifestReport[]): Record<string, unknown> {
  const excerpt = {
    ...report,
    ...(report.error ? { error: shortenedError(report.error) } : {}),
    manifests: news.slice(0, LISTED_MAX).map((manifest) => ({
      ...manifest,
      ...(manifest.issues ? { issues: manifest.issues.slice(0, LISTED_MAX) } : {}),
      ...(manifest.warnings ? { warnings: manifest.warnings.slice(0, LISTED_MAX) } : {}),
    })),
    workspaces: report.workspaces.map(excerptOfWorkspace),
  };
  if (JSON.stringify(excerpt).length <= DATA_LENGTH_MAX) return excerpt;
  const { run_id, owner, outcome, started_at, finished_at } = report;
  return { version: 1, run_id, owner, outcome, started_at, finished_at, is_shortened: true };
}

function excerptOfWorkspace(workspace: WorkspaceReport): Record<string, unknown> {
  const { plan, outcomes, error } = workspace;
  return {
    ...workspace,
    plan: { ...plan, changes: plan.changes.slice(0, LISTED_MAX), notices: [] },
    changes_total: plan.changes.length,
    outcomes: outcomes.slice(0, LISTED_MAX),
    ...(error ? { error: shortenedError(error) } : {}),
  };
}

function shortenedError({ code, message }: { code: string; message: string }) {
  return { code, message: shortened(message, ERROR_LENGTH_MAX) };
}

function shortened(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}...` : text;
}
