import { GatewayOpsError } from "#runtime/errors.ts";
import { type AppliedDependencies, appliedId } from "./applied.ts";
import { APPLIED, type AppliedRecord, type Snapshot } from "./snapshot.ts";

/** There is no earlier state to go back to. */
class NoSnapshotError extends GatewayOpsError {
  override readonly name = "NoSnapshotError";
  readonly code = "no-snapshot";
  readonly disposition = "reject";
}

/** What was applied for an owner, the newest first. */
export async function appliedRuns(
  { ledger }: AppliedDependencies,
  owner: string,
  workspace: string,
): Promise<AppliedRecord["snapshots"]> {
  return (await ledger.read(APPLIED, appliedId(owner, workspace)))?.value.snapshots ?? [];
}

/**
 * The state before the last one, or that of a run. Its files are planned and applied like any
 * others, guards included. Throws {@link NoSnapshotError}.
 */
export async function earlierSnapshot(
  dependencies: AppliedDependencies,
  owner: string,
  workspace: string,
  runId?: string,
): Promise<Snapshot> {
  const runs = await appliedRuns(dependencies, owner, workspace);
  const found = runId === undefined ? runs[1] : runs.find(({ run_id }) => run_id === runId);
  if (found) return dependencies.snapshots.readSnapshot(found.reference);
  const known = runs.map(({ run_id, applied_at }) => `${run_id} (${applied_at})`).join(", ");
  const wanted = runId === undefined ? "an earlier state" : `the run "${runId}"`;
  throw new NoSnapshotError(
    `there is no snapshot of ${wanted} for ${owner} in workspace ${workspace}; there is ${known || "none at all"}`,
  );
}
