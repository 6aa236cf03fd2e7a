import type { Backend } from "#cli/backend.ts";
import type { GwopsContext } from "#cli/context.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import type { CheckSettings } from "#sync/owner/owner-files.ts";
import type { PlanRequest } from "#sync/owner/plan-owner.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { type SavedPlan, savedFiles } from "#sync/saved-plan.ts";
import { type Asked, accessOf } from "./access.ts";
import type { PlanFlags, RulesFlags } from "./flags.ts";
import { workspaceOf } from "./server-address.ts";

/** Under what the flags want files to be checked. */
export async function checkSettingsOf(
  context: GwopsContext,
  flags: RulesFlags & Asked,
  { isShared }: Pick<Backend, "isShared"> = { isShared: false },
): Promise<CheckSettings> {
  return {
    owner: flags.owner,
    workspace: workspaceOf(flags.workspace, context.env),
    access: await accessOf(context, flags),
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
  const {
    prune = false,
    maxDeleteShare = GUARD_LIMITS_DEFAULT.maxDeleteShare,
    maxUpdateShare = GUARD_LIMITS_DEFAULT.maxUpdateShare,
  } = flags;
  const limits = { maxDeleteShare, maxUpdateShare };
  return { ...(await checkSettingsOf(context, flags, backend)), files, prune, limits };
}

/** The same of what a saved plan was made from. */
export async function requestOfSaved(
  context: GwopsContext,
  backend: Backend,
  flags: PlanFlags,
  saved: SavedPlan,
): Promise<PlanRequest> {
  const { owner, workspace, prune } = saved;
  return requestOf(context, backend, { ...flags, owner, workspace, prune }, savedFiles(saved));
}
