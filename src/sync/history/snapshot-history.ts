import { identityOf, type KnownState, type ResourceKey } from "#reconcile/state.ts";
import { LeaseHeldError } from "#runtime/errors.ts";
import { type Ledger, put } from "#runtime/ledger.ts";
import { SNAPSHOTS, type Snapshot, type SnapshotList, type SnapshotStore } from "./snapshot.ts";

export interface HistoryDependencies {
  readonly ledger: Ledger;
  readonly snapshots: SnapshotStore;
}

/** States that one can roll back to. */
const SNAPSHOTS_MAX = 10;

export function historyId(owner: string, workspace: string): string {
  return `${workspace}/${owner}`;
}

/** What the last successful runs of an owner applied, by workspace. */
export async function readSnapshots(
  { ledger, snapshots }: HistoryDependencies,
  owner: string,
): Promise<Map<string, Snapshot>> {
  const applied = new Map<string, Snapshot>();
  for (const { id, value } of await ledger.list(SNAPSHOTS)) {
    const [workspace, ofOwner] = splitId(id);
    const [newest] = value.snapshots;
    if (ofOwner !== owner || !newest) continue;
    applied.set(workspace, await snapshots.readSnapshot(newest.reference));
  }
  return applied;
}

/** Owners and workspaces are names of folders: they hold no slash. */
export function splitId(id: string): [workspace: string, owner: string] {
  const slash = id.indexOf("/");
  return [id.slice(0, slash), id.slice(slash + 1)];
}

/** What is known of an owner's resources in a workspace before a run. */
export function knownFrom(
  snapshot: Snapshot | undefined,
  frozen: ReadonlySet<ResourceKey>,
): KnownState {
  const owned = new Map(snapshot?.owned.map((one) => [identityOf(one), one.name]));
  return { owned, others: new Map(), protected: new Set(snapshot?.protected), frozen };
}

/**
 * Keeps a snapshot as the newest, unless it says the same as the one before. Only a run that holds
 * the lease may do this.
 */
export async function keepSnapshot(
  { ledger, snapshots }: HistoryDependencies,
  snapshot: Snapshot,
  previous: Snapshot | undefined,
): Promise<void> {
  if (previous && isSame(snapshot, previous)) return;
  const { owner, workspace, run_id, applied_at } = snapshot;
  const id = historyId(owner, workspace);
  const reference = await snapshots.writeSnapshot(snapshot);
  const record = await ledger.read(SNAPSHOTS, id);
  const known = record?.value.snapshots ?? [];
  const value: SnapshotList = {
    snapshots: [{ reference, run_id, applied_at }, ...known].slice(0, SNAPSHOTS_MAX),
  };
  if (await ledger.commit([put(SNAPSHOTS, id, value, record)])) return;
  throw new LeaseHeldError(`what was applied for ${owner} was written by another run`);
}

/** A new version of a file that says the same is nothing to go back to. */
function isSame(one: Snapshot, other: Snapshot): boolean {
  const facts = ({ files, owned, protected: guarded, providers }: Snapshot) =>
    JSON.stringify([
      files.map(({ name, text, declares }) => [name, text, declares]),
      owned,
      guarded,
      providers,
    ]);
  return facts(one) === facts(other);
}
