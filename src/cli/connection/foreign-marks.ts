import { UsageError } from "#cli/usage-error.ts";
import { keyOfChange } from "#reconcile/change.ts";
import { type Identity, identityOf, keyOf, type ResourceKey } from "#reconcile/state.ts";
import { LeaseHeldError } from "#runtime/errors.ts";
import { type Ledger, type LedgerKind, put } from "#runtime/ledger.ts";
import { SNAPSHOTS, type SnapshotStore } from "#sync/history/snapshot.ts";
import { splitId } from "#sync/history/snapshot-history.ts";
import type { WorkspacePlan } from "#sync/owner/plan-owner.ts";

interface Memory {
  readonly ledger: Ledger;
  readonly snapshots: SnapshotStore;
}

/**
 * By workspace: what this ledger's runs set out to write. Noted before, so that a run that was
 * killed does not take its own marks for somebody else's.
 */
const CLAIMED: LedgerKind<{ readonly keys: readonly ResourceKey[] }> = {
  name: "claimed",
  version: 1,
};

const SHOWN_MAX = 5;

/**
 * Refuses to write to a gateway on which somebody with another ledger manages resources too: each
 * would undo what the other does. With `takeOver` this ledger is declared to be the only one.
 */
export async function claim(
  memory: Memory,
  { plan, actual }: WorkspacePlan,
  { takeOver }: { readonly takeOver?: boolean | undefined },
): Promise<void> {
  const { workspace } = plan;
  const record = await memory.ledger.read(CLAIMED, workspace);
  const claimed = new Set(record?.value.keys);
  const known = await ownedIdentities(memory, workspace);
  const foreign = actual.resources
    .filter((resource) => resource.owner !== undefined && !known.has(identityOf(resource)))
    .map(keyOf)
    .filter((key) => !claimed.has(key));
  if (foreign.length > 0 && !takeOver) throw new UsageError(foreignSentence(foreign));
  const keys = new Set([...claimed, ...foreign, ...plan.changes.map(keyOfChange)]);
  if (keys.size === claimed.size) return;
  const value = { keys: [...keys].sort() };
  if (await memory.ledger.commit([put(CLAIMED, workspace, value, record)])) return;
  throw new LeaseHeldError("the ledger was written by another run");
}

/** What the runs of all owners left in a workspace. */
async function ownedIdentities(
  { ledger, snapshots }: Memory,
  workspace: string,
): Promise<ReadonlySet<Identity>> {
  const owned = new Set<Identity>();
  for (const { id, value } of await ledger.list(SNAPSHOTS)) {
    const [newest] = value.snapshots;
    if (splitId(id)[0] !== workspace || !newest) continue;
    const snapshot = await snapshots.readSnapshot(newest.reference);
    for (const resource of snapshot.owned) owned.add(identityOf(resource));
  }
  return owned;
}

function foreignSentence(keys: readonly ResourceKey[]): string {
  const shown = keys.slice(0, SHOWN_MAX).join(", ");
  const more = keys.length > SHOWN_MAX ? ` and ${keys.length - SHOWN_MAX} more` : "";
  return (
    `the gateway holds resources that carry the marks of Gateway Ops and that this ledger does not ` +
    `know: ${shown}${more}. Somebody else manages them, and nothing was written. Use the ledger of ` +
    "the deployed stack with --stack NAME, or say with --take-over that this ledger is the only one"
  );
}
