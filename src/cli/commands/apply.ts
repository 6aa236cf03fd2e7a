import { buildCommand } from "@stricli/core";
import { applyRequest } from "#cli/apply-request.ts";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { FILES, textFlag, WRITE_FLAGS, type WriteFlags } from "#cli/input/flags.ts";
import { requestOf, requestOfSaved } from "#cli/input/plan-request.ts";
import { readSavedPlan } from "#cli/input/saved-plan-file.ts";
import { workspaceOf } from "#cli/input/server-address.ts";
import { withPolicyBeside } from "#cli/policy-beside.ts";
import { readFiles } from "#cli/read-files.ts";
import { UsageError } from "#cli/usage-error.ts";
import { checkLookedUp, checkPlace } from "#sync/saved-plan.ts";

interface Flags extends WriteFlags {
  readonly plan?: string | undefined;
}

export const applyCommand = buildCommand({
  parameters: {
    flags: {
      ...WRITE_FLAGS,
      plan: textFlag("file", "Apply exactly the plan in this file, or nothing"),
    },
    positional: FILES,
  },
  docs: {
    brief: "Bring the gateway to what manifests declare",
    fullDescription: `Plans, asks, applies and reads back. A file that is invalid blocks only itself. Ctrl-C starts no
further change, lets those under way end, and says what was done.

Exit status: 0 as declared, 1 something failed or was not attempted, 3 refused by a guard, or the
plan is stale, 4 a file is invalid (the others were applied).

Examples:
  gwops apply gateway.yaml
  gwops apply manifests/ --owner team-a --prune --yes
  gwops apply --plan plan.json
  gwops apply manifests/ --prune --approve 9f2c...   as a refused plan says`,
  },
  func: apply,
});

async function apply(this: GwopsContext, asked: Flags, ...argumentList: string[]): Promise<void> {
  const flags = await withPolicyBeside(this, asked, argumentList);
  if ((flags.plan === undefined) === (argumentList.length === 0)) {
    throw new UsageError("name manifests, or a plan with --plan, and not both");
  }
  const saved = flags.plan === undefined ? undefined : await readSavedPlan(this, flags.plan);
  if (saved) checkLookedUp(saved);
  const files = await readFiles(this, argumentList, flags);
  const backend = await backendOf(this, { ...flags, owner: saved?.owner ?? flags.owner });
  if (saved) {
    const workspace = workspaceOf(flags.workspace, this.env);
    checkPlace(saved, { server: backend.dependencies.server, workspace });
  }
  const request = saved
    ? await requestOfSaved(this, backend, flags, saved)
    : await requestOf(this, backend, flags, files);
  this.process.exitCode = await applyRequest(this, backend, request, flags, saved);
}
