import { type Identity, identityOf, type KnownState, type ResourceKey } from "#reconcile/state.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, put } from "#runtime/ledger.ts";
import { listOf, passOver } from "#runtime/list-of.ts";
import { DamagedSnapshotError } from "./read-snapshot.ts";
import { SNAPSHOTS, type Snapshot, type SnapshotStore } from "./snapshot.ts";

export interface HistoryDependencies {
  readonly ledger: Ledger;
  readonly snapshots: SnapshotStore;
}

/** States that one can roll back to. */
const SNAPSHOTS_MAX = 10;

export function historyId(owner: string, workspace: string): string {
  return `${workspace}/${owner}`;
}

/** What the last successful runs of an owner left, by workspace. */
export interface LastSnapshots {
  readonly snapshots: ReadonlyMap<string, Snapshot>;
  /** Where those were kept that are lost: as if nothing had been applied. */
  readonly lost: ReadonlyMap<string, string>;
}

export async function readSnapshots(
  { ledger, snapshots: store }: HistoryDependencies,
  owner: string,
): Promise<LastSnapshots> {
  const snapshots = new Map<string, Snapshot>();
  const lost = new Map<string, string>();
  const isOwn = (id: string) => splitId(id)[1] === owner;
  for (const { id, value } of await listOf(ledger, SNAPSHOTS, isOwn)) {
    const [workspace] = splitId(id);
    const [newest] = value.snapshots;
    if (!newest) continue;
    const snapshot = await store.readSnapshot(newest.reference);
    if (snapshot) snapshots.set(workspace, snapshot);
    else lost.set(workspace, newest.reference);
  }
  return { snapshots, lost };
}

/**
 * What the runs of all other owners left in a workspace, as far as it is not lost. What is damaged
 * counts as lost here: it is told where it belongs, and holds up nobody else.
 */
export async function readOthers(
  { ledger, snapshots }: HistoryDependencies,
  owner: string,
  workspace: string,
): Promise<ReadonlyMap<Identity, string>> {
  const others = new Map<Identity, string>();
  for (const { id, value } of await ledger.list(SNAPSHOTS, { onUnreadable: passOver })) {
    const [inWorkspace, other] = splitId(id);
    const [newest] = value.snapshots;
    if (inWorkspace !== workspace || other === owner || !newest) continue;
    const snapshot = await snapshots.readSnapshot(newest.reference).catch(damagedIsLost);
    for (const resource of snapshot?.owned ?? []) others.set(identityOf(resource), other);
  }
  return others;
}

function damagedIsLost(error: unknown): undefined {
  if (!(error instanceof DamagedSnapshotError)) throw error;
}

/** Owners and workspaces are names of folders: they hold no slash. */
export function splitId(id: string): [workspace: string, owner: string] {
  const slash = id.indexOf("/");
  return [id.slice(0, slash), id.slice(slash + 1)];
}

/** What the ledger says of an owner's resources in a workspace. */
interface Memory extends Pick<KnownState, "frozenBecause"> {
  readonly snapshot: Snapshot | undefined;
  readonly lost: string | undefined;
  readonly frozen: ReadonlySet<ResourceKey>;
  readonly intended: ReadonlySet<ResourceKey>;
  /** The state whose names are given back. */
  readonly goingBackTo: Pick<Snapshot, "owned"> | undefined;
}

/** What is known of an owner's resources in a workspace before a run. */
export function knownFrom(memory: Memory): KnownState {
  const { snapshot, lost, frozen, frozenBecause, intended, goingBackTo } = memory;
  const names = leftBy(goingBackTo);
  return {
    owned: new Map([...names, ...leftBy(snapshot)]),
    names,
    intended,
    others: new Map(),
    protected: new Set(snapshot?.protected),
    protectedFromChanges: new Set(snapshot?.protected_from_changes),
    frozen,
    frozenBecause,
    lost,
  };
}

function leftBy(snapshot: Pick<Snapshot, "owned"> | undefined): ReadonlyMap<Identity, string> {
  return new Map(snapshot?.owned.map((one) => [identityOf(one), one.name]));
}

/**
 * Keeps a snapshot as the newest, unless it says the same as the one before. If only the resources
 * are others it takes the place of that one, as there is no other state to go back to. Each is an
 * object of its own: what is referred to is never overwritten, be it by a run that lost its lease.
 * Only a run that holds the lease may do this.
 */
export async function keepSnapshot(
  { ledger, snapshots: store }: HistoryDependencies,
  snapshot: Snapshot,
  previous: Snapshot | undefined,
): Promise<void> {
  if (previous && isSame(snapshot, previous)) return;
  const { owner, workspace, run_id, applied_at } = snapshot;
  const id = historyId(owner, workspace);
  const record = await ledger.read(SNAPSHOTS, id);
  const known = record?.value.snapshots ?? [];
  const isRepeated = previous !== undefined && filesOf(snapshot) === filesOf(previous);
  const replaced = isRepeated ? known[0] : undefined;
  const reference = await store.writeSnapshot(snapshot);
  const newest = { run_id, applied_at, ...replaced, reference };
  const snapshots = [newest, ...known.slice(isRepeated ? 1 : 0)].slice(0, SNAPSHOTS_MAX);
  if (!(await ledger.commit([put(SNAPSHOTS, id, { snapshots }, record)]))) {
    throw new RecordConflictError(`what was applied for ${owner} was written by another run`);
  }
  const kept = new Set(snapshots.map((one) => one.reference));
  for (const one of known) if (!kept.has(one.reference)) await store.forgetSnapshot(one.reference);
}

/** A new version of a file that says the same is nothing to go back to. */
function isSame(one: Snapshot, other: Snapshot): boolean {
  const facts = (snapshot: Snapshot) => {
    const { owned, protected: guarded, protected_from_changes, providers } = snapshot;
    return JSON.stringify([filesOf(snapshot), owned, guarded, protected_from_changes, providers]);
  };
  return facts(one) === facts(other);
}

function filesOf({ files }: Snapshot): string {
  return JSON.stringify(
    files.map(({ name, text, declares, is_half_applied }) => [
      name,
      text,
      declares,
      is_half_applied,
    ]),
  );
}
