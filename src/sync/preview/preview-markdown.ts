import { formatIssue } from "#manifest/errors.ts";
import { renderMarkdown } from "#reconcile/plan/render.ts";
import { fenced, literal } from "#runtime/markdown.ts";
import type { Preview } from "./preview-result.ts";

/** What a file under `plans/` would change, for people. */
export function previewMarkdown({
  source,
  outcome,
  manifests,
  workspaces,
  error,
}: Preview): string {
  const lines = [
    ...(error ? error.message.split("\n") : []),
    ...manifests.flatMap(({ key, issues = [] }) => issues.map((issue) => formatIssue(key, issue))),
  ];
  return [
    `# ${literal(source.key)} (version ${literal(source.version_id)}): ${outcome}`,
    ...(lines.length > 0 ? ["", fenced("~~~text", lines)] : []),
    ...workspaces.flatMap((plan) => ["", renderMarkdown(plan)]),
    "",
    "Nothing was changed.",
    "",
  ].join("\n");
}
