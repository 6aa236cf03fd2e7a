import { GatewayOpsError } from "#runtime/errors.ts";
import { SNAPSHOTS, type Snapshot, type SnapshotList } from "./snapshot.ts";
import { type HistoryDependencies, historyId } from "./snapshot-history.ts";

/** There is no earlier state to go back to. */
class NoSnapshotError extends GatewayOpsError {
  override readonly name = "NoSnapshotError";
  readonly code = "no-snapshot";
  readonly disposition = "reject";
}

/** What was applied for an owner, the newest first. */
export async function snapshotRuns(
  { ledger }: HistoryDependencies,
  owner: string,
  workspace: string,
): Promise<SnapshotList["snapshots"]> {
  return (await ledger.read(SNAPSHOTS, historyId(owner, workspace)))?.value.snapshots ?? [];
}

/**
 * The state before the last one, or that of a run. Its files are planned and applied like any
 * others, guards included. Throws {@link NoSnapshotError}.
 */
export async function earlierSnapshot(
  dependencies: HistoryDependencies,
  owner: string,
  workspace: string,
  runId?: string,
): Promise<Snapshot> {
  const runs = await snapshotRuns(dependencies, owner, workspace);
  const found = runId === undefined ? runs[1] : runs.find(({ run_id }) => run_id === runId);
  const snapshot = found && (await dependencies.snapshots.readSnapshot(found.reference));
  if (snapshot) return { ...snapshot, run_id: found.run_id, applied_at: found.applied_at };
  const known = runs.map(({ run_id, applied_at }) => `${run_id} (${applied_at})`).join(", ");
  const wanted = runId === undefined ? "an earlier state" : `the run "${runId}"`;
  if (found) {
    throw new NoSnapshotError(
      `what was applied at ${found.applied_at} is lost: ${found.reference}`,
    );
  }
  throw new NoSnapshotError(
    `there is no snapshot of ${wanted} for ${owner} in workspace ${workspace}; there is ${known || "none at all"}`,
  );
}
