import type { GwopsContext, Output } from "#cli/context.ts";
import { EXIT, type ExitCode } from "#cli/exit-codes.ts";
import { planDocument } from "#reconcile/plan/document.ts";
import { renderLines, renderMarkdown } from "#reconcile/plan/render.ts";
import type { OwnerPlan } from "#sync/owner/plan-owner.ts";
import { withoutValue } from "#sync/saved-plan.ts";
import { print, printFindings, say } from "./show.ts";

/** The gravest of what is to be said: something is invalid, refused, or pending. */
export function planExitCode({ checked, workspaces }: OwnerPlan): ExitCode {
  if (checked.invalid.length > 0) return EXIT.invalid;
  if (workspaces.some(({ trips }) => trips.length > 0)) return EXIT.refused;
  return isAsDeclared({ workspaces }) ? EXIT.ok : EXIT.pending;
}

export function isAsDeclared({ workspaces }: Pick<OwnerPlan, "workspaces">): boolean {
  return workspaces.every(({ plan }) => plan.changes.length + plan.blocked.length === 0);
}

/** Prints the plans to `output`, and what was found in the files to stderr. */
export function showPlans(
  context: GwopsContext,
  { checked, workspaces }: OwnerPlan,
  output: Output,
): void {
  printFindings(context, checked, context.process.stderr);
  for (const workspace of workspaces) {
    const { plan, trips } = workspace;
    for (const line of renderLines(planDocument(workspace))) print(context, output, line);
    // Once values are looked up it may be another plan.
    const isWhole = withoutValue([plan]).length === 0;
    if (isWhole && trips.length > 0 && trips.every(({ is_approvable }) => is_approvable)) {
      say(context, `to let exactly this plan pass: --approve ${plan.checksum}`);
    }
  }
}

export function plansMarkdown({ workspaces }: OwnerPlan): string {
  return workspaces.map((plan) => renderMarkdown(planDocument(plan))).join("\n");
}
