import { renderLines, renderMarkdown } from "#reconcile/plan/render.ts";
import { type FileRules, keptFile, type OwnerFile } from "#sync/owner-files.ts";
import type { OwnerPlan, PlanRequest } from "#sync/plan-owner.ts";
import { type SavedPlan, savedPlan } from "#sync/saved-plan.ts";
import type { Backend } from "./backend.ts";
import type { GwopsContext, Output } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import type { PlanFlags, RulesFlags } from "./flags.ts";
import { readPolicy } from "./policy-file.ts";
import { workspaceOf } from "./server-address.ts";
import { findingLines, print } from "./show.ts";
import { painter } from "./style.ts";

/** Under what the flags want files to be checked. */
export async function rulesOf(
  context: GwopsContext,
  flags: RulesFlags,
  { isShared, policy }: Pick<Backend, "isShared" | "policy"> = { isShared: false },
): Promise<FileRules> {
  return {
    owner: flags.owner,
    workspace: workspaceOf(flags.workspace, context.env),
    policy: flags.policy === undefined ? policy : await readPolicy(context, flags.policy),
    // Whoever runs this has the rights of an administrator of the gateway anyway.
    allowLoopbackApiBase: true,
    // The workers of a stack go on with what is applied, and see nothing of this machine.
    sources: isShared ? "aws" : "any",
  };
}

/** What the flags want to have planned of these files. */
export async function requestOf(
  context: GwopsContext,
  backend: Backend,
  flags: PlanFlags,
  files: readonly OwnerFile[],
): Promise<PlanRequest> {
  const { prune = false, maxDeleteShare, maxUpdateShare } = flags;
  const limits = { maxDeleteShare, maxUpdateShare };
  return { ...(await rulesOf(context, flags, backend)), files, prune, limits };
}

/** The same of what a saved plan was made from. */
export async function requestOfSaved(
  context: GwopsContext,
  backend: Backend,
  flags: PlanFlags,
  { owner, workspace, prune, files }: SavedPlan,
): Promise<PlanRequest> {
  const asked = { ...flags, owner, workspace, prune };
  return requestOf(context, backend, asked, files.map(keptFile));
}

/** The gravest of what is to be said: something is invalid, refused, or pending. */
export function planExitCode({ checked, workspaces }: OwnerPlan): ExitCode {
  if (checked.invalid.length > 0) return EXIT.invalid;
  if (workspaces.some(({ trips }) => trips.length > 0)) return EXIT.refused;
  return isAsDeclared({ workspaces }) ? EXIT.ok : EXIT.pending;
}

export function isAsDeclared({ workspaces }: Pick<OwnerPlan, "workspaces">): boolean {
  return workspaces.every(({ plan }) => plan.changes.length + plan.blocked.length === 0);
}

/** As it is kept, without the text of the files, and with what was found. */
export function planJson(request: PlanRequest, planned: OwnerPlan) {
  const { files, ...saved } = savedPlan(request, planned);
  const { invalid, warnings } = planned.checked;
  return {
    ...saved,
    files: files.map(({ name, version_id }) => ({ name, version_id })),
    refusals: planned.workspaces.flatMap(({ plan: { workspace }, trips }) =>
      trips.map((trip) => ({ workspace, ...trip })),
    ),
    invalid,
    warnings,
  };
}

/** Prints the plans to `output`, and what was found in the files to stderr. */
export function showPlans(
  context: GwopsContext,
  { checked, workspaces }: OwnerPlan,
  output: Output,
): void {
  for (const line of findingLines(context, checked)) print(context.process.stderr, line);
  const paint = painter(context.isColoured);
  for (const { plan, trips } of workspaces) {
    for (const { style, text } of renderLines(plan, trips)) print(output, paint(style, text));
    if (trips.length > 0 && trips.every(({ is_approvable }) => is_approvable)) {
      print(context.process.stderr, `to let exactly this plan pass: --approve ${plan.checksum}`);
    }
  }
}

export function plansMarkdown({ workspaces }: OwnerPlan): string {
  return workspaces.map(({ plan, trips }) => renderMarkdown(plan, trips)).join("\n");
}
