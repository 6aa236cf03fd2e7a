import { digestOf } from "#reconcile/plan/canonical.ts";
import type { Message, Severity } from "#runtime/message.ts";
import { visibleJson } from "#runtime/visible.ts";
import { fitting, jsonBytes } from "./fit.ts";
import { withOutcomes } from "./outcome-text.ts";
import {
  isSuccess,
  type ManifestReport,
  type RunOutcome,
  type RunReport,
  type WorkspaceReport,
} from "./report.ts";
import { renderReport } from "./report-text.ts";

/** SNS takes 256 KiB of text and data together; what does not fit is in the report that they name. */
const TEXT_BYTES_MAX = 60_000;
const DATA_BYTES_MAX = 120_000;
const DIGEST_LENGTH = 32;

const SEVERITIES: Readonly<Record<RunOutcome, Severity>> = {
  unchanged: "info",
  planned: "info",
  applied: "info",
  held: "warning",
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
  const code = codeOf(report, news);
  const isDrift = report.trigger.kind === "drift";
  const about = subjectOf(report, news);
  return {
    topic: "operations",
    // The same fact is one message, however often it is found.
    id: `run-${outcome}:${owner}:${factOf(report, news)}`,
    type: `mlflow-gateway-ops.${isDrift ? "drift" : "manifest"}.${outcome}`,
    severity: news.some(isOutageToBe) ? "critical" : SEVERITIES[outcome],
    timeMs: Date.parse(report.finished_at),
    subject: `${about}: ${outcome}${code ? ` (${code})` : ""}`,
    text: renderReport(report, { reportKey, bytesMax: TEXT_BYTES_MAX }),
    data: { ...dataOf(report, news), report_key: reportKey },
    attributes: {
      owner,
      outcome,
      ...(manifest === undefined ? {} : { manifest }),
      ...(code === undefined ? {} : { code }),
    },
  };
}

/** The key that calls use now stays, and whoever rotates it may take it away. */
function isOutageToBe({ outcome, affects_live_keys }: ManifestReport): boolean {
  return outcome === "pending" && affects_live_keys === true;
}

function subjectOf({ trigger, owner }: RunReport, news: readonly ManifestReport[]): string {
  if (trigger.kind === "drift") return `Drift of ${owner}`;
  const [only, ...others] = news;
  if (!only) return `Manifests of ${owner}`;
  return others.length === 0 ? only.key : `${news.length} manifests of ${owner}`;
}

function codeOf(
  { outcome, error, workspaces }: RunReport,
  news: readonly ManifestReport[],
): string | undefined {
  if (isSuccess(outcome)) return undefined;
  if (outcome === "rejected") return "invalid-manifest";
  const failed = error ?? workspaces.find((workspace) => workspace.error)?.error;
  return failed?.code ?? waitingIn(news)?.issues?.[0]?.rule;
}

/** A file that waits for its sources: what it waits for comes and goes without a new version of it. */
function waitingIn(news: readonly ManifestReport[]): ManifestReport | undefined {
  return news.find(({ outcome, issues }) => outcome === "pending" && issues !== undefined);
}

/** What the message says, without when: the same again is no other message. */
function factOf(report: RunReport, news: readonly ManifestReport[]): string {
  const { outcome, workspaces, trigger, run_id } = report;
  const dependsOnSources = news.some((one) => one.unusable_versions) || waitingIn(news);
  const mayRecur = outcome === "applied" || trigger.kind === "drift" || dependsOnSources;
  const fact = {
    news: news.map((manifest) => [manifest.key, manifest.version_id, manifest.outcome]),
    code: codeOf(report, news),
    checksums: workspaces.map(({ checksum }) => checksum),
    // What is changed may be changed back, and drift, or what a source lacks, come back.
    run: mayRecur ? run_id : undefined,
  };
  return digestOf(fact).slice(0, DIGEST_LENGTH);
}

/** Of the manifests a message names those of which it tells something new. */
function dataOf(report: RunReport, news: readonly ManifestReport[]): Record<string, unknown> {
  const whole = { ...report, manifests: news };
  if (bytesOf(whole) <= DATA_BYTES_MAX) return whole;
  const share = DATA_BYTES_MAX / 4;
  const manifests = fitting(news, share, bytesOf);
  const workspaces = fitting(report.workspaces.map(withoutLists), share, bytesOf);
  const changes = fitting(report.workspaces.flatMap(changesOf), share * 2, bytesOf);
  const { version, server, run_id, owner, outcome, started_at, finished_at } = report;
  return {
    ...{ version, server, run_id, owner, outcome, started_at, finished_at },
    manifests,
    workspaces: workspaces.map((workspace) => ({
      ...workspace,
      changes: changes.filter((one) => one.workspace === workspace.workspace),
    })),
    is_shortened: true,
  };
}

function withoutLists({ workspace, outcome, checksum, prune, counts, error }: WorkspaceReport) {
  const code = error === undefined ? {} : { error: { code: error.code } };
  return { workspace, outcome, checksum, prune, counts, ...code };
}

function changesOf({ workspace, changes, outcomes }: WorkspaceReport) {
  return withOutcomes(changes, outcomes).map(([change, result]) => ({
    workspace,
    ...change,
    ...(result ? { outcome: result.outcome } : {}),
  }));
}

/** As it is sent: as JSON within JSON. */
function bytesOf(data: unknown): number {
  return jsonBytes(visibleJson(data));
}
