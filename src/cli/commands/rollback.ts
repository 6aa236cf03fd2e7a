import { buildCommand } from "@stricli/core";
import { applyRequest } from "#cli/apply-request.ts";
import type { Backend } from "#cli/backend.ts";
import { backendOf, singleWorkspace } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { onFlag, textFlag, WRITE_FLAGS, type WriteFlags } from "#cli/input/flags.ts";
import { requestOf } from "#cli/input/plan-request.ts";
import { print, printJson, say } from "#cli/output/show.ts";
import { earlierSnapshot, snapshotRuns } from "#sync/history/rollback.ts";
import { keptFile } from "#sync/owner-file.ts";

interface Flags extends WriteFlags {
  readonly to?: string | undefined;
  readonly list?: boolean | undefined;
}

export const rollbackCommand = buildCommand({
  parameters: {
    flags: {
      ...WRITE_FLAGS,
      to: textFlag("run", "Go back to what this run applied"),
      list: onFlag("Print the states that one can go back to, and do nothing"),
    },
  },
  docs: {
    brief: "Go back to what was applied before",
    fullDescription: `Plans the manifests of an earlier run, asks, and applies them like any others, under the same
guards and with the same exit status. Values of secrets are not kept: what the sources hold now is
used. What came since is deleted only with --prune.

Examples:
  gwops rollback --list
  gwops rollback
  gwops rollback --to run-2026-11-23-4f1c --prune`,
  },
  func: rollback,
});

async function rollback(this: GwopsContext, flags: Flags): Promise<void> {
  const backend = await backendOf(this, flags);
  const workspace = singleWorkspace(this, flags);
  if (flags.list) return listRuns(this, backend, flags, workspace);
  const { dependencies } = backend;
  const snapshot = await earlierSnapshot(dependencies, flags.owner, workspace, flags.to);
  const files = snapshot.files.map(keptFile);
  say(this, `going back to run ${snapshot.run_id} of ${snapshot.applied_at}`);
  const request = await requestOf(this, backend, { ...flags, workspace }, files);
  const back = { ...request, goingBackTo: snapshot };
  const { status, report } = await applyRequest(this, backend, back, flags);
  if (flags.json && report) printJson(this, report);
  this.process.exitCode = status;
}

async function listRuns(
  context: GwopsContext,
  { dependencies }: Backend,
  { owner, json }: Flags,
  workspace: string,
): Promise<void> {
  const runs = await snapshotRuns(dependencies, owner, workspace);
  if (json) return printJson(context, runs);
  if (runs.length === 0) say(context, `nothing was applied yet for ${owner} in ${workspace}`);
  for (const { run_id, applied_at } of runs) {
    print(context, context.process.stdout, `${applied_at}  ${run_id}`);
  }
}
