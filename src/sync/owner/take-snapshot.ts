import type { CheckedWorkspace } from "#manifest/check-files.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import { keyOfChange } from "#reconcile/change.ts";
import { keyOf, type ResourceKey } from "#reconcile/state.ts";
import type { Clock } from "#runtime/clock.ts";
import { SNAPSHOT_VERSION, type Snapshot } from "#sync/history/snapshot.ts";
import { type HistoryDependencies, keepSnapshot } from "#sync/history/snapshot-history.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import type { WorkspacePlan } from "./plan-owner.ts";
import { filesInForce } from "./snapshot-files.ts";

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
  const keys = keysAfter(workspacePlan, applied.outcomes);
  const declared = new Set(desired.resources.map(keyOf));
  const isProtected = desired.resources.filter((resource) => resource.protected).map(keyOf);
  const stillProtected = [...known.protected].filter((key) => !declared.has(key));
  const snapshot: Snapshot = {
    version: SNAPSHOT_VERSION,
    run_id: runId,
    owner: desired.owner,
    workspace: desired.workspace,
    applied_at: new Date(clock.nowMs()).toISOString(),
    files: await filesInForce(checked, previous?.files ?? [], applied.files, applied.isApplied),
    owned: sorted([...known.owned, ...keys.asDeclared], keys.existing),
    protected: sorted([...isProtected, ...stillProtected], keys.existing),
    providers: { ...previous?.providers, ...providersOf(workspacePlan) },
  };
  await keepSnapshot(dependencies, snapshot, previous);
}

/** What is on the gateway now, and which of it is as declared, as far as the outcomes tell. */
function keysAfter(
  { desired, actual, plan }: WorkspacePlan,
  outcomes: readonly ChangeOutcome[],
): { existing: ReadonlySet<ResourceKey>; asDeclared: ReadonlySet<ResourceKey> } {
  const results = new Map(outcomes.map(({ key, outcome }) => [key, outcome]));
  const done = plan.changes.filter((change) => results.get(keyOfChange(change)) === "applied");
  const existing = new Set(actual.resources.map(keyOf));
  // All that goes before all that comes: a name may be given up and taken in one plan.
  for (const change of done) if (change.action !== "create") existing.delete(keyOf(change.actual));
  for (const change of done) if (change.action !== "delete") existing.add(keyOf(change.desired));
  const wanting = new Set(plan.blocked.map(({ key }) => key));
  for (const [key, outcome] of results) if (outcome !== "applied") wanting.add(key);
  const asDeclared = desired.resources.map(keyOf).filter((key) => !wanting.has(key));
  return { existing, asDeclared: new Set(asDeclared) };
}

function sorted(
  keys: readonly ResourceKey[],
  existing: ReadonlySet<ResourceKey>,
): readonly ResourceKey[] {
  return [...new Set(keys)].filter((key) => existing.has(key)).sort();
}

function providersOf({ desired }: WorkspacePlan): Record<string, string> {
  return Object.fromEntries(
    desired.resources.flatMap((resource) =>
      resource.kind === "secret" ? [[resource.name, resource.fields.provider]] : [],
    ),
  );
}
