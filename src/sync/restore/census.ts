import { listResources, type RawLists, type ResourceReader } from "#reconcile/observe/resources.ts";
import { stampsIn } from "#reconcile/observe/stamps.ts";
import { withUnlisted } from "#reconcile/observe/unlisted.ts";
import { type Identity, identityOf, keyLeft, keyOf } from "#reconcile/state.ts";
import { type Ledger, type LedgerKind, type LedgerRecord, put } from "#runtime/ledger.ts";
import { passOver } from "#runtime/list-of.ts";
import { isManagedSecret, MANAGED_SECRETS, type ManagedSecret } from "#secrets/managed-secret.ts";
import { SNAPSHOTS, type Snapshot } from "#sync/history/snapshot.ts";
import { type HistoryDependencies, splitId } from "#sync/history/snapshot-history.ts";
import type { ActualStamp, KnownStamp } from "./looks-restored.ts";

/** When what is ours was written last, as the last look at the whole workspace saw it. */
export interface Census {
  /** The newest first: an older copy of the database lacks the newest. */
  readonly stamps: readonly { readonly identity: Identity; readonly updated_at_ms: number }[];
}

/** By workspace. */
export const CENSUSES: LedgerKind<Census> = { name: "census", version: 1 };

/** An item of the table is 400 KB at most. */
const STAMPS_MAX = 500;

/** A workspace as it is, beside what the ledger says of it. */
export interface Counted {
  readonly workspace: string;
  readonly known: readonly KnownStamp[];
  readonly actual: ReadonlyMap<Identity, ActualStamp>;
  /** All that is managed, of any owner. */
  readonly secrets: readonly LedgerRecord<ManagedSecret>[];
  readonly census: LedgerRecord<Census> | undefined;
}

/** The newest snapshots of all owners, by workspace. */
export async function snapshotsByWorkspace({
  ledger,
  snapshots: store,
}: HistoryDependencies): Promise<ReadonlyMap<string, readonly Snapshot[]>> {
  const byWorkspace = new Map<string, Snapshot[]>();
  for (const { id, value } of await ledger.list(SNAPSHOTS, { onUnreadable: passOver })) {
    const [workspace] = splitId(id);
    const [newest] = value.snapshots;
    const snapshot = newest && (await store.readSnapshot(newest.reference).catch(() => undefined));
    if (snapshot) byWorkspace.set(workspace, [...(byWorkspace.get(workspace) ?? []), snapshot]);
  }
  return byWorkspace;
}

/**
 * Compares nothing yet. The ledger is read first: what is pushed meanwhile is newer on the gateway
 * than in the ledger, and never the other way round. Throws as the lists do, also when they lack
 * what is there (see `withUnlisted`).
 */
export async function countWorkspace(
  gateway: ResourceReader,
  ledger: Ledger,
  workspace: string,
  snapshots: readonly Snapshot[],
): Promise<Counted> {
  const census = await ledger.read(CENSUSES, workspace);
  const records = await ledger.list(MANAGED_SECRETS, { onUnreadable: () => undefined });
  const managed = records.filter(
    ({ value }) => isManagedSecret(value) && value.target.workspace === workspace,
  );
  const known = knownStamps(census?.value, managed, snapshots);
  const names = new Map(
    known.map(({ identity, key }) => [identity, key.slice(key.indexOf("/") + 1)]),
  );
  const lists: RawLists = await withUnlisted(gateway, await listResources(gateway), {
    owned: names,
  });
  return { workspace, known, actual: stampsIn(lists), secrets: managed, census };
}

/** What is known from several places counts as the newest of them says. */
function knownStamps(
  census: Census | undefined,
  secrets: readonly LedgerRecord<ManagedSecret>[],
  snapshots: readonly Snapshot[],
): KnownStamp[] {
  const seen = new Map(census?.stamps.map((one) => [one.identity, one.updated_at_ms]));
  const left = snapshots.flatMap((snapshot) => stampsLeft(snapshot, seen));
  const known = new Map(left.map((stamp) => [stamp.identity, stamp]));
  for (const { value } of secrets) {
    const stamp = stampPushed(value);
    if (!stamp) continue;
    const before = known.get(stamp.identity);
    const isOlder = before?.from === "seen" && before.updated_at_ms >= stamp.updated_at_ms;
    if (!isOlder) known.set(stamp.identity, stamp);
  }
  return [...known.values()];
}

function stampsLeft(
  { owned, applied_at }: Snapshot,
  seen: ReadonlyMap<Identity, number>,
): KnownStamp[] {
  return owned.map((resource) => {
    const identity = identityOf(resource);
    const key = keyOf(resource);
    const updated_at_ms = seen.get(identity);
    return updated_at_ms === undefined
      ? { identity, key, updated_at_ms: Date.parse(applied_at), from: "applied" }
      : { identity, key, updated_at_ms, from: "seen" };
  });
}

function stampPushed({ target, pushed }: ManagedSecret): KnownStamp | undefined {
  if (!pushed) return undefined;
  const identity = identityOf({ kind: "secret", id: pushed.secret_id });
  const key = keyLeft(identity, target.name);
  return { identity, key, updated_at_ms: pushed.gateway_updated_at_ms, from: "written" };
}

/** Keeps when everything was written last; only once nothing is wrong with that. */
export async function keepCensus(
  ledger: Ledger,
  { workspace, known, actual, census }: Counted,
): Promise<void> {
  const stamps = known
    .flatMap(({ identity }) => {
      const updated_at_ms = actual.get(identity)?.updated_at_ms;
      return updated_at_ms === undefined ? [] : [{ identity, updated_at_ms }];
    })
    .sort((one, other) => other.updated_at_ms - one.updated_at_ms)
    .slice(0, STAMPS_MAX);
  if (JSON.stringify(stamps) === JSON.stringify(census?.value.stamps ?? [])) return;
  // False is what another run leaves behind that looked at the same time.
  await ledger.commit([put(CENSUSES, workspace, { stamps }, census)]);
}
