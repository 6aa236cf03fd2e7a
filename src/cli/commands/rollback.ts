import { buildCommand } from "@stricli/core";
import { applyRequest } from "#cli/apply-request.ts";
import type { Backend } from "#cli/backend.ts";
import { backendOf, singleWorkspace } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { onFlag, textFlag, WRITE_FLAGS, type WriteFlags } from "#cli/input/flags.ts";
import { requestOf } from "#cli/input/plan-request.ts";
import { showHolds } from "#cli/output/plans.ts";
import { counted, print, printJson, say } from "#cli/output/show.ts";
import { readHold } from "#sync/history/hold.ts";
import {
  earlierSnapshot,
  filesOfState,
  isHalfApplied,
  snapshotRuns,
} from "#sync/history/rollback.ts";
import { readSnapshots } from "#sync/history/snapshot-history.ts";

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

The owner then stays there: what was rolled back is not applied again, by nobody, until its file
declares something else or gwops resume --owner NAME is said. With --stack the manifests in the
bucket are put back as well; one that came since is removed there, and what it made stays.

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
  const { snapshots } = await readSnapshots(dependencies, flags.owner);
  const { prune = false } = flags;
  const files = filesOfState(snapshot, snapshots.get(workspace), { prune });
  say(this, `going back to run ${snapshot.run_id} of ${snapshot.applied_at}`);
  const request = await requestOf(this, backend, { ...flags, workspace }, files);
  const back = { ...request, goingBackTo: snapshot };
  const { status, report } = await applyRequest(this, backend, back, flags, { state: snapshot });
  if (flags.json && report) printJson(this, report);
  this.process.exitCode = status;
}

async function listRuns(
  context: GwopsContext,
  { dependencies }: Backend,
  { owner, json }: Flags,
  workspace: string,
): Promise<void> {
  const runs: ListedRun[] = [];
  for (const run of await snapshotRuns(dependencies, owner, workspace)) {
    const snapshot = await dependencies.snapshots.readSnapshot(run.reference);
    const half = snapshot?.files.filter(isHalfApplied).map(({ name }) => name) ?? [];
    runs.push({ ...run, files: snapshot?.files.length, half_applied: half });
  }
  const hold = await readHold(dependencies.ledger, owner, workspace);
  if (hold) showHolds(context, [hold]);
  if (json) return printJson(context, runs);
  if (runs.length === 0) say(context, `nothing was applied yet for ${owner} in ${workspace}`);
  for (const [index, run] of runs.entries()) {
    print(context, context.process.stdout, `${lineOf(run)}${index === 0 ? ", as it is now" : ""}`);
  }
}

/** A state that one can go back to. */
interface ListedRun {
  readonly run_id: string;
  readonly applied_at: string;
  /** Undefined: it is lost. */
  readonly files: number | undefined;
  /** Files of which a newer version failed, in part or as a whole: they are here as before. */
  readonly half_applied: readonly string[];
}

function lineOf({ run_id, applied_at, files, half_applied }: ListedRun): string {
  const what = files === undefined ? "lost" : counted(files, "file");
  const failed = half_applied.length > 0 ? `, of which failed: ${half_applied.join(", ")}` : "";
  return `${applied_at}  ${run_id}  ${what}${failed}`;
}
