import type { Access } from "#manifest/access.ts";
import { planDocument } from "#reconcile/plan/document.ts";
import { assert } from "#runtime/assert.ts";
import type { Clock } from "#runtime/clock.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { isOwnerName } from "#runtime/marks.ts";
import { sourceId } from "#secrets/value/reference.ts";
import { holdsByFile, releaseFiles, stillHeld } from "#sync/history/hold.ts";
import { withoutOwner } from "#sync/manifest-source.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import {
  gravest,
  isSuccess,
  type ManifestReport,
  type PutBack,
  type ReportedHold,
  type RunOutcome,
  type WorkspaceReport,
} from "#sync/report/report.ts";
import {
  type ApplyWorkspaceDependencies,
  type ApplyWorkspaceOptions,
  applyWorkspace,
  type WorkspaceResult,
} from "./apply-workspace.ts";
import { type Delivery, fileOutcomes, outcomeOf } from "./file-outcome.ts";
import type { HeldFiles } from "./held-files.ts";
import {
  type OwnerPlan,
  type PlanDependencies,
  type PlanRequest,
  planOwner,
  type WorkspacePlan,
} from "./plan-owner.ts";
import { reportedHolds } from "./reported-hold.ts";
import { takeSnapshot } from "./take-snapshot.ts";

export interface RunOwnerDependencies
  extends Omit<PlanDependencies, "gatewayOf" | "trackingOf">,
    ApplyWorkspaceDependencies {
  readonly clock: Clock;
  /** What the deployment chose. */
  readonly planSettings: PlanSettings;
}

export type PlanSettings = Pick<
  PlanRequest,
  "prune" | "limits" | "allowLoopbackApiBase" | "sources"
>;

export interface OwnerInput {
  readonly owner: string;
  readonly files: readonly OwnerFile[];
  readonly access: Access;
}

/** What a run did and found. */
export interface OwnerResult {
  readonly manifests: readonly ManifestReport[];
  readonly deletedManifests: readonly string[];
  readonly workspaces: readonly WorkspaceReport[];
  readonly timingsMs: Readonly<Record<string, number>>;
  readonly holds?: readonly ReportedHold[] | undefined;
  readonly putBack?: readonly PutBack[] | undefined;
  /** The rollback that still holds a file to what was gone back to, by name. */
  readonly heldBy?: ReadonlyMap<string, string> | undefined;
  /** Why there is no plan, or a failure of one: of several one that may pass. */
  readonly error?: GatewayOpsError | undefined;
}

/**
 * Plans all files of an owner and applies the plans, workspace by workspace; what was applied is
 * kept for drift and rollback. Failures of the expected kinds are part of what it returns.
 */
export async function runOwner(
  dependencies: RunOwnerDependencies,
  input: OwnerInput,
  delivery: Delivery,
): Promise<OwnerResult> {
  const { clock, planSettings } = dependencies;
  const { owner, files, access } = input;
  if (!isOwnerName(owner)) {
    return withoutPlan(files, ({ name }) => ({
      outcome: "rejected",
      issues: [withoutOwner(name)],
    }));
  }
  const startedMs = clock.nowMs();
  let plan: OwnerPlan;
  try {
    // A run that changes nothing asks for nothing that the ledger knows; drift looks closer.
    const settings = { ...planSettings, trustsExperiments: true, triesValues: true };
    const request = { owner, files, access, ...settings };
    plan = await planOwner(dependencies, request);
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    return withoutPlan(files, () => ({ outcome: outcomeOf(error, delivery) }), error);
  }
  const plannedMs = clock.nowMs();
  const result = await applyOwner(dependencies, plan, files, delivery);
  const timingsMs = { plan: plannedMs - startedMs, apply: clock.nowMs() - plannedMs };
  return { ...result, timingsMs };
}

/** Applies the plans of an owner, workspace by workspace, and keeps what was applied. */
export async function applyOwner(
  dependencies: Omit<RunOwnerDependencies, "planSettings">,
  plan: OwnerPlan,
  files: readonly OwnerFile[],
  delivery: Delivery,
  options: ApplyWorkspaceOptions = {},
): Promise<OwnerResult> {
  const workspaces: WorkspaceReport[] = [];
  const errors: GatewayOpsError[] = [];
  const outcomes = new Map<string, RunOutcome>();
  for (const workspacePlan of plan.workspaces) {
    const checked = plan.checked.workspaces.get(workspacePlan.desired.workspace);
    assert(checked, `${workspacePlan.desired.workspace} was planned unchecked`);
    const result = await applyWorkspace(dependencies, workspacePlan, options);
    const ofFiles = fileOutcomes(checked, workspacePlan, result, delivery);
    if (result.mayWrite) {
      const isApplied = (name: string) => isSuccess(ofFiles.get(name));
      const applied = { outcomes: result.outcomes, files: plan.planned.files, isApplied };
      await takeSnapshot(dependencies, checked, workspacePlan, applied);
    }
    workspaces.push(workspaceReport(workspacePlan, result, delivery));
    if (result.error) errors.push(result.error);
    for (const [name, outcome] of ofFiles) outcomes.set(name, outcome);
  }
  const holding = await releaseApplied(dependencies, plan.planned, outcomes);
  return {
    ...holding,
    manifests: files.map((file) => manifestReport(file, plan, outcomes)),
    deletedManifests: deletedManifests(plan, files),
    workspaces,
    timingsMs: {},
    error: errors.find(({ disposition }) => disposition === "retry") ?? errors[0],
  };
}

/** Of files that declare something else since, and are applied so, nothing is held off any more. */
async function releaseApplied(
  { ledger }: Pick<RunOwnerDependencies, "ledger">,
  { holds, changed }: HeldFiles,
  outcomes: ReadonlyMap<string, RunOutcome>,
): Promise<Pick<OwnerResult, "holds" | "heldBy">> {
  const free = new Set([...changed].filter((name) => isSuccess(outcomes.get(name))));
  const isFree = ({ name }: { readonly name: string }) => free.has(name);
  for (const hold of holds) {
    if (hold.files.some(isFree)) await releaseFiles(ledger, hold, free);
  }
  const heldBy = [...holdsByFile(holds)].filter(([name]) => !free.has(name));
  return {
    ...reportedHolds(
      holds.map((hold) => stillHeld(hold, free)),
      ({ files }) => files.every(isFree),
    ),
    heldBy: new Map(heldBy.map(([name, { run_id }]) => [name, run_id])),
  };
}

function withoutPlan(
  files: readonly OwnerFile[],
  found: (file: OwnerFile) => Pick<ManifestReport, "outcome" | "issues">,
  error?: GatewayOpsError,
): OwnerResult {
  const manifests = files.map((file) => ({
    key: file.name,
    version_id: file.version_id,
    ...found(file),
  }));
  return { manifests, deletedManifests: [], workspaces: [], timingsMs: {}, error };
}

export function workspaceReport(
  workspacePlan: WorkspacePlan,
  { outcomes, approval, error }: WorkspaceResult,
  delivery: Delivery,
): WorkspaceReport {
  const success = workspacePlan.plan.changes.length > 0 ? "applied" : "unchanged";
  return {
    ...planDocument(workspacePlan),
    outcome: error ? outcomeOf(error, delivery) : success,
    ...(approval ? { approval } : {}),
    outcomes,
    ...(error ? { error: { code: error.code, message: error.message } } : {}),
  };
}

export function manifestReport(
  { name, version_id }: OwnerFile,
  plan: OwnerPlan,
  outcomes: ReadonlyMap<string, RunOutcome>,
): ManifestReport {
  const { checked, planned } = plan;
  const warnings = checked.warnings.find((one) => one.name === name)?.issues;
  const file = { key: name, version_id, ...(warnings ? { warnings } : {}) };
  const invalid = checked.invalid.find((one) => one.name === name);
  if (invalid) return { ...file, ...takenOut(plan, name), issues: invalid.issues };
  const outcome = outcomes.get(name);
  assert(outcome, `${name} is neither valid nor invalid`);
  return { ...file, outcome: planned.held.has(name) ? gravest([outcome, "held"]) : outcome };
}

/** Of a file that is not planned: it waits if nothing but what somebody mends elsewhere is wrong. */
function takenOut(
  { faults, snapshots }: OwnerPlan,
  name: string,
): Pick<ManifestReport, "outcome" | "unusable_versions" | "affects_live_keys"> {
  const own = faults.get(name) ?? [];
  const unusable = own.flatMap(({ use, versionId }) =>
    versionId === undefined ? [] : [[sourceId(use.value_from), versionId] as const],
  );
  const isLive = own.some(({ use }) => {
    const owned = snapshots.get(use.workspace)?.owned ?? [];
    return owned.some((one) => one.kind === "secret" && one.name === use.name);
  });
  const waits = own.length > 0 && own.every(({ isForNow }) => isForNow);
  return {
    outcome: waits ? "pending" : "rejected",
    ...(unusable.length > 0 ? { unusable_versions: Object.fromEntries(unusable) } : {}),
    ...(isLive ? { affects_live_keys: true } : {}),
  };
}

export function deletedManifests({ snapshots }: OwnerPlan, files: readonly OwnerFile[]): string[] {
  const there = new Set(files.map(({ name }) => name));
  const known = [...snapshots.values()].flatMap((snapshot) => snapshot.files);
  return [...new Set(known.map(({ name }) => name))].filter((name) => !there.has(name));
}
