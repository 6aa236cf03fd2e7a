import { formatIssue } from "#manifest/errors.ts";
import { remarkLines, renderDiff } from "#reconcile/plan/render.ts";
import { fenced, literal, table } from "#runtime/markdown.ts";
import { outcomeNote, withOutcomes } from "./outcome-text.ts";
import type { RunReport, WorkspaceReport } from "./report.ts";

/** The report as Markdown: tables, and everything that it names, for people. */
export function reportMarkdown(report: RunReport): string {
  const { owner, outcome, trigger, started_at, finished_at, requests, error } = report;
  const facts: Parameters<typeof table>[1] = [
    ["run", report.run_id],
    ["server", { link: report.server }],
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
  const { workspace, changes, outcomes, approval, error } = report;
  const rows = withOutcomes(changes, outcomes).map(([{ action, key }, result]) => {
    return [action, key, result?.outcome ?? "not attempted", outcomeNote(result) ?? ""];
  });
  const remarks = remarkLines(report).map(({ text }) => text);
  return [
    "",
    `## Workspace ${literal(workspace)}: ${report.outcome}`,
    "",
    `Plan \`${report.checksum}\`, prune ${report.prune ? "on" : "off"}.`,
    ...(approval ? ["", `Approved by ${literal(approval.by)}.`] : []),
    ...(error ? ["", `**${error.code}**`, "", fenced("~~~text", error.message.split("\n"))] : []),
    "",
    ...(changes.length > 0
      ? [...table(["action", "resource", "outcome", "note"], rows), "", renderDiff(changes)]
      : ["There is nothing to change."]),
    ...(remarks.length > 0 ? ["", ...remarks.map((remark) => `- ${literal(remark)}`)] : []),
  ];
}

function pairs(values: Readonly<Record<string, number>>, unit: string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}${unit}`)
    .join(", ");
}
