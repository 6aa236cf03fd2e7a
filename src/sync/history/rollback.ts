import { SECTIONS } from "#manifest/entries/all.ts";
import type { Manifest } from "#manifest/types.ts";
import { partsOf } from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { keptFile, type OwnerFile } from "#sync/owner-file.ts";
import { type Hold, readHold } from "./hold.ts";
import { type AppliedFile, SNAPSHOTS, type Snapshot, type SnapshotList } from "./snapshot.ts";
import { type HistoryDependencies, historyId } from "./snapshot-history.ts";

/** There is no earlier state to go back to. */
class NoSnapshotError extends GatewayOpsError {
  override readonly name = "NoSnapshotError";
  readonly code = "no-snapshot";
  readonly disposition = "reject";
}

type KnownRun = SnapshotList["snapshots"][number];

/** What was applied for an owner, the newest first. */
export async function snapshotRuns(
  { ledger }: Pick<HistoryDependencies, "ledger">,
  owner: string,
  workspace: string,
): Promise<SnapshotList["snapshots"]> {
  return (await ledger.read(SNAPSHOTS, historyId(owner, workspace)))?.value.snapshots ?? [];
}

/**
 * The state before the last one, or that of a run. Its files are planned and applied like any
 * others, guards included. Of a rollback that failed in part it is the state that was gone back to.
 * Throws {@link NoSnapshotError}.
 */
export async function earlierSnapshot(
  dependencies: HistoryDependencies,
  owner: string,
  workspace: string,
  runId?: string,
): Promise<Snapshot> {
  const runs = await snapshotRuns(dependencies, owner, workspace);
  const found =
    runId === undefined
      ? ((await unfinished(dependencies, owner, workspace, runs)) ?? runs[1])
      : runs.find(({ run_id }) => run_id === runId);
  const snapshot = found && (await dependencies.snapshots.readSnapshot(found.reference));
  if (snapshot) {
    const { run_id, applied_at } = found;
    return { ...snapshot, run_id, applied_at };
  }
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

/** Where a rollback that did not come to its end went: the state before it is what it rolled back. */
async function unfinished(
  { ledger, snapshots }: HistoryDependencies,
  owner: string,
  workspace: string,
  runs: readonly KnownRun[],
): Promise<KnownRun | undefined> {
  const [newest] = runs;
  const hold = await readHold(ledger, owner, workspace);
  if (!hold || !newest || newest.run_id !== hold.run_id) return undefined;
  const snapshot = await snapshots.readSnapshot(newest.reference);
  if (!snapshot?.files.some(isHalfApplied)) return undefined;
  return runs.find(({ run_id }) => run_id === hold.to.run_id);
}

/** What an owner went back to; undefined: it is no longer kept. */
export async function stateHeldBy(
  dependencies: HistoryDependencies,
  { owner, workspace, to }: Hold,
): Promise<Snapshot | undefined> {
  const runs = await snapshotRuns(dependencies, owner, workspace);
  const found = runs.find(({ run_id }) => run_id === to.run_id);
  return found && dependencies.snapshots.readSnapshot(found.reference);
}

export function isHalfApplied({ is_half_applied }: AppliedFile): boolean {
  return is_half_applied === true;
}

/**
 * The files of an earlier state. What came since says nothing in it, so that all it made stays as
 * it is, or with `prune` gives that up.
 */
export function filesOfState(
  { files, workspace }: Snapshot,
  last: Snapshot | undefined,
  { prune }: { readonly prune: boolean },
): OwnerFile[] {
  const names = new Set(files.map(({ name }) => name));
  const since = (last?.files ?? []).filter(({ name }) => !names.has(name));
  const left = since.map(({ name, declares }) =>
    silentFile(name, workspace, prune ? declares : []),
  );
  return [...files.map(keptFile), ...left];
}

/** A file that declares nothing: what it declared before stays as it is, but for what it gives up. */
export function silentFile(
  name: string,
  workspace: string,
  givenUp: AppliedFile["declares"] = [],
): OwnerFile {
  const sections = givenUp.map((key) => [SECTIONS[partsOf(key).kind], []]);
  const manifest = { version: 1, workspace, ...Object.fromEntries(sections) } satisfies Manifest;
  return { name, version_id: "", content: JSON.stringify(manifest) };
}
