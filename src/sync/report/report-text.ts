import { formatIssue } from "#manifest/errors.ts";
import { changeLines, remarkLines } from "#reconcile/plan/render.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { visible, visibleLines } from "#runtime/visible.ts";
import { fitting, jsonBytes } from "./fit.ts";
import { outcomeWords, withOutcomes } from "./outcome-text.ts";
import type {
  ManifestReport,
  ReportedError,
  RunOutcome,
  RunReport,
  WorkspaceReport,
} from "./report.ts";

const CONSEQUENCES: Readonly<Record<RunOutcome, string>> = {
  unchanged: "The gateway already was as the manifests declare; nothing was written.",
  planned: "Nothing was changed.",
  applied: "The gateway is as the manifests declare.",
  held: "What was gone back to stays. Change what the manifest declares, or resume its owner.",
  drifted: "Somebody changed the gateway. Put the manifests again, or change them to match.",
  retrying: "It will be tried again shortly.",
  pending: "It stays pending and is tried again on a schedule until it is applied.",
  refused: "Nothing was changed. Approve exactly this plan, or correct the manifest.",
  rejected: "What is wrong changed nothing on the gateway. Correct it and put the file again.",
  failed: "Some changes were not made. Correct the cause and put the manifest again.",
};

interface TextOptions {
  /** Where the whole report is. */
  readonly reportKey: string;
  /** As a part of JSON, which the text becomes when it is sent. */
  readonly bytesMax: number;
}

/**
 * The report for people, as plain text: what happened, change by change, and what follows from it.
 * What does not fit is left to the report, whole: no change is cut.
 */
export function renderReport(report: RunReport, { reportKey, bytesMax }: TextOptions): string {
  const parts = [
    ...(report.error ? linesOf(report.error) : []),
    ...report.manifests.flatMap(manifestParts),
    ...(report.holds ?? []).map(({ message }) => [message]),
    ...report.deleted_manifests.map((key) => [`${key} is gone; what it declared stays as it is`]),
    ...report.workspaces.flatMap(workspaceParts),
  ].map(visibleLines);
  const shown = fitting(parts, bytesMax, jsonBytes);
  const hidden = parts.length - shown.length;
  return [
    visible(`${report.owner}: ${report.outcome}`),
    visible(`Report: ${reportKey}`),
    ...shown,
    ...(hidden > 0 ? [`and ${hidden} more; the rest is in the report ${visible(reportKey)}`] : []),
    CONSEQUENCES[report.outcome],
  ].join("\n");
}

/** What is shown whole or not at all. */
type Part = readonly string[];

function manifestParts({ key, version_id, outcome, issues = [] }: ManifestReport): Part[] {
  return [
    [`${key} (version ${version_id}): ${outcome}`],
    ...issues.map((issue) => [`  ${formatIssue(key, issue)}`]),
  ];
}

function workspaceParts(report: WorkspaceReport): Part[] {
  const { workspace, changes, approval, outcomes, error } = report;
  return [
    ...(workspace === WORKSPACE_DEFAULT ? [] : [[`Workspace ${workspace}:`]]),
    ...(error ? linesOf(error) : []),
    ...(approval ? [[`  approved by ${approval.by}`]] : []),
    ...withOutcomes(changes, outcomes).map(([change, outcome]) => {
      const { word, rest } = outcomeWords(change, outcome);
      // What is new is in the report, whole; here only what differs and what follows from it.
      const [, ...details] = changeLines({ ...change, fields: {} });
      return [`  ${word} ${rest}`, ...details.map(({ text }) => `  ${text}`)];
    }),
    ...remarkLines(report).map(({ text }) => [`  ${text}`]),
  ];
}

/** The sentences of an error are lines of ours. */
function linesOf({ message }: ReportedError): Part[] {
  return message.split("\n").map((line) => [line]);
}
