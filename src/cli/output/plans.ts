import type { GwopsContext, Output } from "#cli/context.ts";
import { EXIT, type ExitCode } from "#cli/exit-codes.ts";
import type { CheckedFiles, FileIssues } from "#manifest/check-files.ts";
import { formatIssue } from "#manifest/errors.ts";
import type { Plan } from "#reconcile/change.ts";
import { type PlanDocument, planDocument } from "#reconcile/plan/document.ts";
import { renderLines, renderMarkdown } from "#reconcile/plan/render.ts";
import { fenced } from "#runtime/markdown.ts";
import { describeHold, type Hold, releaseOf, stillHeld } from "#sync/history/hold.ts";
import type { OwnerPlan } from "#sync/owner/plan-owner.ts";
import type { ManifestReport, PlanReport } from "#sync/report/report.ts";
import { withoutValue } from "#sync/saved-plan.ts";
import { print, printFindings, say } from "./show.ts";

/** What there is to show of plans, wherever they were made. */
export interface ShownPlans extends Pick<CheckedFiles, "invalid" | "warnings"> {
  readonly plans: readonly PlanDocument[];
  /** Names of the files that stay at what was gone back to. */
  readonly held: readonly string[];
  /** What that is, in sentences. */
  readonly holds: readonly string[];
}

export function plansOf({ checked, workspaces, planned }: OwnerPlan): ShownPlans {
  const { invalid, warnings } = checked;
  return {
    ...{ invalid, warnings, plans: workspaces.map(planDocument) },
    held: [...planned.held],
    holds: planned.holds.map((hold) => sentenceOf(stillHeld(hold, planned.changed))),
  };
}

export function plansIn({ manifests, workspaces, holds = [] }: PlanReport): ShownPlans {
  return {
    invalid: findingsIn(manifests, "issues"),
    warnings: findingsIn(manifests, "warnings"),
    plans: workspaces,
    held: manifests.flatMap(({ key, outcome }) => (outcome === "held" ? [key] : [])),
    holds: holds.map(({ message }) => message),
  };
}

function findingsIn(
  manifests: readonly ManifestReport[],
  field: "issues" | "warnings",
): readonly FileIssues[] {
  return manifests.flatMap(({ key: name, [field]: issues }) => (issues ? [{ name, issues }] : []));
}

/** The gravest of what is to be said: something is invalid, refused, or pending. */
export function planExitCode({
  invalid,
  plans,
  held,
}: Omit<ShownPlans, "warnings" | "holds">): ExitCode {
  if (invalid.length > 0) return EXIT.invalid;
  if (held.length > 0) return EXIT.refused;
  if (plans.some(({ refusals }) => refusals.length > 0)) return EXIT.refused;
  return plans.every(isEmpty) ? EXIT.ok : EXIT.pending;
}

function isEmpty({ changes, blocked }: Pick<Plan, "changes" | "blocked"> | PlanDocument): boolean {
  return changes.length + blocked.length === 0;
}

export function isAsDeclared({ workspaces }: Pick<OwnerPlan, "workspaces">): boolean {
  return workspaces.every(({ plan }) => isEmpty(plan));
}

/** How exactly one plan is let pass here. */
export type ApproveWords = (checksum: string) => string;

const BY_FLAG: ApproveWords = (checksum) => `--approve ${checksum}`;

/** Prints the plans to `output`, and what was found in the files to stderr. */
export function showPlans(
  context: GwopsContext,
  shown: ShownPlans,
  output: Output,
  approveWords = BY_FLAG,
): void {
  printFindings(context, shown, context.process.stderr);
  for (const name of shown.held) {
    say(context, `${name} is not applied: what it declares was rolled back`);
  }
  for (const message of shown.holds) say(context, message);
  for (const plan of shown.plans) {
    for (const line of renderLines(plan)) print(context, output, line);
    sayApproval(context, plan, approveWords);
  }
}

/** Says how a plan that guards refuse is let pass, if it can be. */
function sayApproval(context: GwopsContext, plan: PlanDocument, approveWords: ApproveWords): void {
  // Once values are looked up it may be another plan.
  if (plan.refusals.length === 0 || withoutValue([plan]).length > 0) return;
  if (!plan.refusals.every(({ is_approvable }) => is_approvable)) return;
  say(context, `to let exactly this plan pass: ${approveWords(plan.checksum)}`);
}

/** What was found in the files, and the plans. */
export function plansMarkdown({ invalid, warnings, plans }: ShownPlans): string {
  const found = [
    ...invalid.flatMap(({ name, issues }) => issues.map((issue) => formatIssue(name, issue))),
    ...warnings.flatMap(({ name, issues }) =>
      issues.map((issue) => `warning: ${formatIssue(name, issue)}`),
    ),
  ];
  return [
    ...(found.length > 0 ? [`# Manifests\n\n${fenced("~~~text", found)}\n`] : []),
    ...plans.map(renderMarkdown),
  ].join("\n");
}

export function showHolds(context: GwopsContext, holds: readonly Hold[]): void {
  for (const hold of holds) say(context, sentenceOf(hold));
}

function sentenceOf(hold: Hold): string {
  return `${describeHold(hold)}: ${releaseOf(hold)}`;
}
