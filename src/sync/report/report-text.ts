import { formatIssue } from "#manifest/errors.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import type { Notice } from "#reconcile/change.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { visibleLines } from "#runtime/visible.ts";
import type {
  ManifestReport,
  ReportedError,
  RunOutcome,
  RunReport,
  WorkspaceReport,
} from "./report.ts";

/** Of a long run the text shows this many changes and issues; the report in JSON holds all. */
const LISTED_MAX = 50;
const MESSAGE_LENGTH_MAX = 8_000;

const CONSEQUENCES: Readonly<Record<RunOutcome, string>> = {
  unchanged: "The gateway already was as the manifests declare; nothing was written.",
  applied: "The gateway is as the manifests declare.",
  drifted: "Somebody changed the gateway. Put the manifests again, or change them to match.",
  retrying: "It will be tried again shortly.",
  pending: "It stays pending and is tried again on a schedule until it is applied.",
  refused: "Nothing was changed. Approve exactly this plan, or correct the manifest.",
  rejected: "What is wrong changed nothing on the gateway. Correct it and put the file again.",
  failed: "Some changes were not made. Correct the cause and put the manifest again.",
};

/** The report for people, as plain text: what happened, change by change, and what follows from it. */
export function renderReport(report: RunReport, { reportKey }: { reportKey: string }): string {
  return visibleLines([
    `${report.owner}: ${report.outcome}`,
    `Report: ${reportKey}`,
    ...(report.error ? linesOf(report.error) : []),
    ...report.manifests.flatMap(manifestLines),
    ...report.deleted_manifests.map((key) => `${key} is gone; what it declared stays as it is`),
    ...report.workspaces.flatMap(workspaceLines),
    CONSEQUENCES[report.outcome],
  ]);
}

function manifestLines({ key, version_id, outcome, issues }: ManifestReport): string[] {
  const shown = (issues ?? []).slice(0, LISTED_MAX).map((issue) => `  ${formatIssue(key, issue)}`);
  return [
    `${key} (version ${version_id}): ${outcome}`,
    ...shown,
    ...more((issues ?? []).length - shown.length),
  ];
}

function workspaceLines(report: WorkspaceReport): string[] {
  const { workspace, plan, refusals, approval, outcomes, error } = report;
  const results = new Map(outcomes.map((outcome) => [outcome.key, outcome]));
  const changes = plan.changes.slice(0, LISTED_MAX).map(({ action, key }) => {
    const result = results.get(key);
    return `  ${(result?.outcome ?? "not attempted").padEnd(13)} ${action.padEnd(6)} ${key}${detail(result)}`;
  });
  return [
    ...(workspace === WORKSPACE_DEFAULT ? [] : [`Workspace ${workspace}:`]),
    ...(error ? linesOf(error) : []),
    ...refusals.map(({ message }) => `  refused: ${message}`),
    ...(approval ? [`  approved by ${approval.by}`] : []),
    ...changes,
    ...more(plan.changes.length - changes.length),
    ...plan.notices.slice(0, LISTED_MAX).map((notice) => `  note: ${noticeText(notice)}`),
    ...more(plan.notices.length - LISTED_MAX),
    ...(plan.out_of_scope.length > 0 ? [`  not in scope: ${plan.out_of_scope.join(", ")}`] : []),
  ];
}

export function noticeText({ key, message }: Notice): string {
  return key === undefined ? message : `${key} ${message}`;
}

function more(hidden: number): string[] {
  return hidden > 0 ? [`  and ${hidden} more, see the report`] : [];
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
    default:
      return "";
  }
}

/** The sentences of an error are lines of ours. */
function linesOf({ message }: ReportedError): string[] {
  return shortened(message).split("\n");
}

function shortened(text: string): string {
  return text.length > MESSAGE_LENGTH_MAX ? `${text.slice(0, MESSAGE_LENGTH_MAX)}...` : text;
}
