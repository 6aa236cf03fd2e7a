import type { CheckedWorkspace } from "#manifest/check-files.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import { keyOfChange } from "#reconcile/change.ts";
import { byText, effectiveOwner } from "#reconcile/kinds.ts";
import { type Identity, identityOf, keyOf, type ResourceKey } from "#reconcile/state.ts";
import type { Clock } from "#runtime/clock.ts";
import { endIntents } from "#sync/history/intents.ts";
import { type OwnedResource, SNAPSHOT_VERSION, type Snapshot } from "#sync/history/snapshot.ts";
import { type HistoryDependencies, keepSnapshot } from "#sync/history/snapshot-history.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { filesInForce } from "./files-in-force.ts";
import type { WorkspacePlan } from "./plan-owner.ts";

export interface KeepDependencies extends HistoryDependencies {
  readonly clock: Clock;
  readonly runId: string;
}

export interface Applied {
  readonly outcomes: readonly ChangeOutcome[];
  /** All files of the owner. */
  readonly files: readonly OwnerFile[];
  /** Whether all that a file asks for was done. */
  readonly isApplied: (name: string) => boolean;
}

/** Keeps what is in force after a plan was carried out, be it in part. */
export async function takeSnapshot(
  dependencies: KeepDependencies,
  checked: CheckedWorkspace,
  workspacePlan: WorkspacePlan,
  applied: Applied,
): Promise<void> {
  const { clock, runId } = dependencies;
  const { desired, known, previous } = workspacePlan;
  const owned = ownedAfter(workspacePlan, applied.outcomes);
  const keys = new Set(owned.map(keyOf));
  const declared = new Set(desired.resources.map(keyOf));
  const protectedNow = (levels: readonly unknown[], before: Iterable<ResourceKey> = []) => {
    const now = desired.resources.filter((one) => levels.includes(one.protected)).map(keyOf);
    const still = [...before].filter((key) => !declared.has(key));
    return [...now, ...still].filter((key) => keys.has(key)).sort(byText);
  };
  const fromChanges = protectedNow(["changes"], known.protectedFromChanges);
  const snapshot: Snapshot = {
    version: SNAPSHOT_VERSION,
    run_id: runId,
    owner: desired.owner,
    workspace: desired.workspace,
    applied_at: new Date(clock.nowMs()).toISOString(),
    files: await filesInForce(checked, previous?.files ?? [], applied.files, applied.isApplied),
    owned,
    protected: protectedNow([true, "changes"], known.protected),
    ...(fromChanges.length > 0 ? { protected_from_changes: fromChanges } : {}),
    providers: { ...previous?.providers, ...providersOf(workspacePlan) },
  };
  await keepSnapshot(dependencies, snapshot, previous);
  await endIntents(dependencies, desired, doubtfulIn(workspacePlan, applied.outcomes));
}

/** Keeps what is the owner's after what was applied last was made so again: some of it is new. */
export async function keepHealed(
  dependencies: KeepDependencies,
  workspacePlan: WorkspacePlan,
  outcomes: readonly ChangeOutcome[],
): Promise<void> {
  const { clock, runId } = dependencies;
  const { desired, previous } = workspacePlan;
  if (!previous) return;
  const snapshot = {
    ...previous,
    run_id: runId,
    applied_at: new Date(clock.nowMs()).toISOString(),
    owned: ownedAfter(workspacePlan, outcomes),
  };
  await keepSnapshot(dependencies, snapshot, previous);
  await endIntents(dependencies, desired, doubtfulIn(workspacePlan, outcomes));
}

/** What may have been created all the same: its answer was lost, say. */
function doubtfulIn({ plan }: WorkspacePlan, outcomes: readonly ChangeOutcome[]): ResourceKey[] {
  const failed = new Set(
    outcomes.flatMap(({ key, outcome }) => (outcome === "failed" ? [key] : [])),
  );
  const creates = plan.changes.filter(({ action }) => action === "create").map(keyOfChange);
  return creates.filter((key) => failed.has(key));
}

/**
 * What is the owner's now, as far as the outcomes tell: what was known and is still there, and what
 * is as declared. What only carries the owner's mark may be anybody's: it is not, unless somebody
 * said that this ledger takes over.
 */
function ownedAfter(
  workspacePlan: WorkspacePlan,
  outcomes: readonly ChangeOutcome[],
): OwnedResource[] {
  const { plan, desired, ids } = workspacePlan;
  const applied = new Map(
    outcomes.flatMap((outcome) =>
      outcome.outcome === "applied" ? [[outcome.key, outcome.id]] : [],
    ),
  );
  const deletes = plan.changes.flatMap((change) =>
    change.action === "delete" ? [change.actual] : [],
  );
  const deleted = deletes.filter((actual) => applied.has(keyOf(actual))).map(identityOf);
  const owned = ownedBefore(workspacePlan);
  for (const identity of deleted) owned.delete(identity);
  const undone = plan.changes.map(keyOfChange).filter((key) => !applied.has(key));
  const wanting = new Set([...undone, ...plan.blocked.map(({ key }) => key)]);
  for (const { kind, name } of desired.resources) {
    const key = keyOf({ kind, name });
    const id = applied.get(key) ?? ids.get(key);
    if (id !== undefined && !wanting.has(key)) {
      owned.set(identityOf({ kind, id }), { kind, name, id });
    }
  }
  return [...owned.values()].sort((a, b) => byText(keyOf(a), keyOf(b)) || byText(a.id, b.id));
}

function ownedBefore({
  desired,
  actual,
  known,
  takesOver,
}: WorkspacePlan): Map<Identity, OwnedResource> {
  const owned = new Map<Identity, OwnedResource>();
  for (const resource of actual.resources) {
    const { kind, id } = resource;
    const isTaken = takesOver && effectiveOwner(resource) === desired.owner;
    const name = known.owned.get(identityOf(resource)) ?? (isTaken ? resource.name : undefined);
    if (name !== undefined) owned.set(identityOf(resource), { kind, name, id });
  }
  return owned;
}

function providersOf({ desired }: WorkspacePlan): Record<string, string> {
  return Object.fromEntries(
    desired.resources.flatMap((resource) =>
      resource.kind === "secret" ? [[resource.name, resource.fields.provider]] : [],
    ),
  );
}
