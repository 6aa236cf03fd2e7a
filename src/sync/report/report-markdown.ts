import { formatIssue } from "#manifest/errors.ts";
import { describeChange } from "#reconcile/plan/text.ts";
import { fenced, literal, table } from "#runtime/markdown.ts";
import type { ReportedChange, RunReport, WorkspaceReport } from "./report.ts";
import { noticeText } from "./report-text.ts";

/** The report as Markdown: tables, and everything that it names, for people. */
export function reportMarkdown(report: RunReport): string {
  const { owner, outcome, trigger, started_at, finished_at, requests, error } = report;
  const facts: [string, string][] = [
    ["run", report.run_id],
    ["outcome", outcome],
    ["triggered by", [trigger.kind, trigger.key, trigger.by].filter(Boolean).join(", ")],
    ["began", started_at],
    ["ended", finished_at],
    ["timings", pairs(report.timings_ms, " ms")],
    ["gateway requests", pairs(requests, "")],
  ];
  return [
    `# ${literal(owner)}: ${outcome}`,
    "",
    ...table(["", ""], facts),
    ...(error ? ["", `**${error.code}**`, "", fenced("~~~text", error.message.split("\n"))] : []),
    ...manifestSection(report),
    ...report.workspaces.flatMap(workspaceSection),
    "",
  ].join("\n");
}

function manifestSection({ manifests, deleted_manifests }: RunReport): string[] {
  const lines = manifests.flatMap(({ key, issues = [], warnings = [] }) => [
    ...issues.map((issue) => formatIssue(key, issue)),
    ...warnings.map((issue) => `warning: ${formatIssue(key, issue)}`),
  ]);
  const rows = [
    ...manifests.map(({ key, version_id, outcome }) => [key, version_id, outcome]),
    ...deleted_manifests.map((key) => [key, "", "gone; what it declared stays as it is"]),
  ];
  return [
    "",
    "## Manifests",
    "",
    ...table(["manifest", "version", "outcome"], rows),
    ...(lines.length > 0 ? ["", fenced("~~~text", lines)] : []),
  ];
}

function workspaceSection(report: WorkspaceReport): string[] {
  const { workspace, plan, outcomes, refusals, approval, error } = report;
  const results = new Map(outcomes.map((outcome) => [outcome.key, outcome] as const));
  const changes = plan.changes.map((change) => {
    const result = results.get(change.key);
    const failure = result?.outcome === "failed" ? [result.message] : [];
    const note = [...failure, ...notesOf(change)].join("; ");
    return [change.action, change.key, result?.outcome ?? "not attempted", note];
  });
  const remarks = [
    ...refusals.map(({ message }) => `refused: ${message}`),
    ...plan.notices.map(noticeText),
    ...(plan.out_of_scope.length > 0 ? [`not in scope: ${plan.out_of_scope.join(", ")}`] : []),
  ];
  return [
    "",
    `## Workspace ${literal(workspace)}: ${report.outcome}`,
    "",
    `Plan \`${plan.checksum}\`, prune ${plan.prune ? "on" : "off"}.`,
    ...(approval ? ["", `Approved by ${literal(approval.by)}.`] : []),
    ...(error ? ["", `**${error.code}**`, "", fenced("~~~text", error.message.split("\n"))] : []),
    "",
    ...(changes.length > 0
      ? table(["action", "resource", "outcome", "note"], changes)
      : ["There is nothing to change."]),
    ...(remarks.length > 0 ? ["", ...remarks.map((remark) => `- ${literal(remark)}`)] : []),
  ];
}

function notesOf({ changed_fields = [], high_risk }: ReportedChange): string[] {
  const risk = high_risk === undefined ? [] : [`high risk: ${high_risk}`];
  return [...risk, ...changed_fields.map(describeChange)];
}

function pairs(values: Readonly<Record<string, number>>, unit: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}${unit}`)
    .join(", ");
}
