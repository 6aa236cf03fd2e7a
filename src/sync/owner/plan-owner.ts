import type { CheckedFiles } from "#manifest/check-files.ts";
import { grantsOf, isExternalGranted } from "#manifest/policy.ts";
import type { ManifestFinding } from "#manifest/types.ts";
import type { Plan } from "#reconcile/change.ts";
import type { TrackingReader } from "#reconcile/observe/experiments.ts";
import {
  beginReading,
  type GatewayReader,
  observe,
  type Reading,
} from "#reconcile/observe/observe.ts";
import type { PlanOptions } from "#reconcile/plan/context.ts";
import { type GuardLimits, type GuardTrip, guardPlan } from "#reconcile/plan/guard.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import { type ActualState, type DesiredState, type KnownState, partsOf } from "#reconcile/state.ts";
import type { Ledger } from "#runtime/ledger.ts";
import type { SecretSource } from "#secrets/source.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import {
  type HistoryDependencies,
  knownFrom,
  readSnapshots,
} from "#sync/history/snapshot-history.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import { type CheckSettings, OwnerFiles } from "./owner-files.ts";
import { lookUpSources, type Sources } from "./sources.ts";

export interface ObserveDependencies {
  gatewayOf(workspace: string): GatewayReader;
  trackingOf(workspace: string): TrackingReader;
  readonly ledger: Ledger;
}

export interface PlanDependencies extends HistoryDependencies, ObserveDependencies {
  readonly source: SecretSource;
}

export interface PlanRequest extends CheckSettings {
  /** All files of the owner. */
  readonly files: readonly OwnerFile[];
  /** Whether resources that are no longer declared are deleted. */
  readonly prune: boolean;
  readonly limits: GuardLimits;
  /** Whether to plan towards the current versions of secret sources. @default true */
  readonly lookUpSources?: boolean;
}

/** What is to be done in one workspace, and all that carrying it out needs. */
export interface WorkspacePlan {
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly known: KnownState;
  readonly plan: Plan;
  /** What the guards have against it. */
  readonly trips: readonly GuardTrip[];
  readonly options: PlanOptions;
  readonly previous: Snapshot | undefined;
}

/** What is to be done for an owner. */
export interface OwnerPlan {
  readonly checked: CheckedFiles;
  readonly workspaces: readonly WorkspacePlan[];
  /** Names of the files that are invalid because of what is on the gateway. */
  readonly rejected: ReadonlySet<string>;
  readonly applied: ReadonlyMap<string, Snapshot>;
}

/**
 * Plans all files of an owner; writes nothing.
 *
 * 1. read and check each file: one that is wrong blocks only itself
 * 2. look up the source of every secret
 * 3. observe the gateway, once for each workspace
 * 4. plan
 * 5. a file that may not have what it declares is wrong too: begin again without it
 * 6. ask the guards
 */
export async function planOwner(
  dependencies: PlanDependencies,
  request: PlanRequest,
): Promise<OwnerPlan> {
  const applied = await readSnapshots(dependencies, request.owner);
  const readings = beginReadings(dependencies, request, applied);
  const files = await OwnerFiles.read(request, request.files, applied);
  const rejected = new Set<string>();
  for (;;) {
    const versions = await sourceVersions(dependencies, request, files);
    const workspaces: WorkspacePlan[] = [];
    const findings = new Map<string, readonly ManifestFinding[]>();
    for (const [workspace, { frozen }] of files.workspaces) {
      const desired = files.desired(workspace, versions.get(workspace));
      const previous = applied.get(workspace);
      const known = knownFrom(previous, frozen);
      const options = planOptions(request, files.checked);
      const actual = await observeFor(dependencies, desired, readings.get(workspace));
      const { plan, issues } = planChanges(desired, actual, known, options);
      const trips = guardPlan(plan, desired, actual, known, request.limits);
      workspaces.push({ desired, actual, known, plan, trips, options, previous });
      for (const [name, found] of files.findingsOf(workspace, issues)) findings.set(name, found);
    }
    if (findings.size === 0) return { checked: files.checked, workspaces, rejected, applied };
    readings.clear();
    for (const name of findings.keys()) rejected.add(name);
    await files.reject(findings);
  }
}

/** What was applied before will most likely be planned again: the files are checked meanwhile. */
function beginReadings(
  { gatewayOf, ledger }: PlanDependencies,
  { workspace: only, files }: PlanRequest,
  applied: ReadonlyMap<string, Snapshot>,
): Map<string, Reading> {
  if (files.length === 0) return new Map();
  const likely = [...applied.keys()].filter((name) => only === undefined || name === only);
  return new Map(likely.map((name) => [name, beginReading(gatewayOf(name), ledger, name)]));
}

/** Current versions by workspace and secret; a file that names what it may not have is taken out. */
async function sourceVersions(
  { source }: PlanDependencies,
  { owner, lookUpSources: isWanted = true }: PlanRequest,
  files: OwnerFiles,
): Promise<Sources["versions"]> {
  if (!isWanted) return new Map();
  const { versions, findings } = await lookUpSources(owner, source, files.sourceUses());
  await files.reject(findings);
  return versions;
}

/** The actual state of the workspace that is spoken of. */
export function observeFor(
  { gatewayOf, trackingOf, ledger }: ObserveDependencies,
  desired: DesiredState,
  reading?: Reading,
): Promise<ActualState> {
  const { workspace } = desired;
  return observe(gatewayOf(workspace), trackingOf(workspace), ledger, desired, reading);
}

function planOptions(
  { prune, policy, owner }: PlanRequest,
  { invalid }: CheckedFiles,
): PlanOptions {
  const names = invalid.map(({ name }) => name).join(", ");
  const grants = grantsOf(policy, owner);
  return {
    prune,
    mayReference: (key) => isExternalGranted(grants, partsOf(key).name),
    ...(invalid.length > 0 ? { pruneSuspended: `${names} must be corrected first` } : {}),
  };
}
