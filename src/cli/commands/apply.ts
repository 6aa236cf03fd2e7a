import { buildCommand } from "@stricli/core";
import { applyRequest } from "#cli/apply-request.ts";
import { namingWorkspaces } from "#cli/connection/check-workspace.ts";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import {
  type AskedOf,
  FILES,
  OWNER_FLAG,
  textFlag,
  WRITE_FLAGS,
  type WriteFlags,
} from "#cli/input/flags.ts";
import { requestOf, requestOfSaved } from "#cli/input/plan-request.ts";
import { readSavedPlan } from "#cli/input/saved-plan-file.ts";
import { workspaceOf } from "#cli/input/server-address.ts";
import { printJson, say } from "#cli/output/show.ts";
import { readByOwner, workByOwner } from "#cli/owners.ts";
import { UsageError } from "#cli/usage-error.ts";
import { PausedError } from "#runtime/pause.ts";
import { unplannedReport } from "#sync/owner/plan-report.ts";
import { checkLookedUp, checkPlace } from "#sync/saved-plan.ts";

interface Flags extends AskedOf<WriteFlags> {
  readonly plan?: string | undefined;
}

export const applyCommand = buildCommand({
  parameters: {
    flags: {
      ...WRITE_FLAGS,
      owner: OWNER_FLAG,
      plan: textFlag("file", "Apply exactly the plan in this file, or nothing"),
    },
    positional: FILES,
  },
  docs: {
    brief: "Bring the gateway to what manifests declare",
    fullDescription: `Plans, asks, applies and reads back. A file that is invalid blocks only itself. Ctrl-C starts no
further change, lets those under way end, and says what was done. Of a folder of owners each is
applied by itself, one after the other.

Exit status: 0 as declared, 1 something failed or was not attempted, 3 refused by a guard, or the
plan is stale, 4 a file is invalid (the others were applied); of several owners the gravest: 1, 4, 3, 0.

Examples:
  gwops apply gateway.yaml
  gwops apply manifests/ --owner team-a --prune --yes
  gwops apply --plan plan.json
  gwops apply manifests/ --prune --approve 9f2c...   as a refused plan says`,
  },
  func: apply,
});

async function apply(this: GwopsContext, asked: Flags, ...argumentList: string[]): Promise<void> {
  if ((asked.plan === undefined) === (argumentList.length === 0)) {
    throw new UsageError("name manifests, or a plan with --plan, and not both");
  }
  if (asked.plan !== undefined) return applySaved(this, asked, asked.plan);
  const named = await readByOwner(this, asked, argumentList);
  // Ctrl-C ends the whole command, not only the run of one owner.
  let stop: AbortSignal | undefined;
  const context = {
    ...this,
    onInterrupt: () => {
      stop ??= this.onInterrupt();
      return stop;
    },
  };
  const isStopped = () => stop?.aborted === true;
  await workByOwner(context, { ...named, isStopped }, asked, async ({ flags, files }) => {
    const backend = await backendOf(context, flags);
    const request = await requestOf(context, backend, flags, files);
    const { server } = backend.dependencies;
    const work = () => applyRequest(context, backend, request, flags);
    return namingWorkspaces(backend, work).catch((error: unknown) => {
      // Whose work is paused holds up nobody else.
      if (!named.isList || !(error instanceof PausedError)) throw error;
      say(context, `gwops: ${flags.owner}: ${error.message}`);
      return { status: EXIT.error, report: unplannedReport({ server, owner: flags.owner }, error) };
    });
  });
}

async function applySaved(context: GwopsContext, asked: Flags, path: string): Promise<void> {
  const saved = await readSavedPlan(context, path);
  checkLookedUp(saved);
  const flags = { ...asked, owner: saved.owner };
  const backend = await backendOf(context, flags);
  const workspace = workspaceOf(flags.workspace, context.env);
  checkPlace(saved, { server: backend.dependencies.server, workspace });
  const request = await requestOfSaved(context, backend, flags, saved);
  const { status, report } = await applyRequest(context, backend, request, flags, { saved });
  if (flags.json && report) printJson(context, report);
  context.process.exitCode = status;
}
