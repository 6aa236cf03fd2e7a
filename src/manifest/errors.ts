import { GatewayOpsError } from "#runtime/errors.ts";
import { visibleLines } from "#runtime/visible.ts";
import { countOf } from "./findings.ts";
import type { ManifestIssue, ManifestPath } from "./types.ts";

const ISSUES_SHOWN_MAX = 20;

/** A manifest that a person must correct; `issues` holds everything that is wrong with it. */
export class ManifestError extends GatewayOpsError {
  override readonly name = "ManifestError";
  readonly code = "invalid-manifest";
  readonly disposition = "reject";
  readonly issues: readonly ManifestIssue[];

  constructor(file: string, issues: readonly ManifestIssue[]) {
    const shown = issues.slice(0, ISSUES_SHOWN_MAX).map((issue) => formatIssue(file, issue));
    const hidden = countOf(issues.slice(shown.length));
    if (hidden > 0) shown.push(`and ${hidden} more`);
    super(visibleLines(shown));
    this.issues = issues;
  }
}

/** `gateway.yaml:12:17 endpoints[0].weight must be at most 1, got 2 (schema)` */
export function formatIssue(file: string, issue: ManifestIssue): string {
  const subject = issue.path.length > 0 ? `${formatPath(issue.path)} ` : "";
  return `${file}:${issue.line}:${issue.column} ${subject}${issue.message} (${issue.rule})`;
}

function formatPath(path: ManifestPath): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");
}
