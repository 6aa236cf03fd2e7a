import type { Access } from "#manifest/access.ts";
import { digestOf } from "#reconcile/plan/canonical.ts";
import { PLAN_VERSION, planDocument } from "#reconcile/plan/document.ts";
import { GatewayOpsError, RecordConflictError } from "#runtime/errors.ts";
import { type LedgerKind, type LedgerRecord, put, remove } from "#runtime/ledger.ts";
import { commitWithMessages } from "#runtime/message.ts";
import { type Pause, pauseOf } from "#runtime/pause.ts";
import type { Hold } from "#sync/history/hold.ts";
import { readIntents } from "#sync/history/intents.ts";
import { SNAPSHOTS, type Snapshot, type SnapshotList } from "#sync/history/snapshot.ts";
import { splitId } from "#sync/history/snapshot-history.ts";
import { applyWorkspace } from "#sync/owner/apply-workspace.ts";
import type { Delivery } from "#sync/owner/file-outcome.ts";
import {
  type OwnerPlan,
  type PlanDependencies,
  planOwner,
  type WorkspacePlan,
} from "#sync/owner/plan-owner.ts";
import { reportedHolds } from "#sync/owner/reported-hold.ts";
import { type RunOwnerDependencies, workspaceReport } from "#sync/owner/run-owner.ts";
import { keepHealed } from "#sync/owner/take-snapshot.ts";
import {
  gravest,
  isSuccess,
  type ManifestReport,
  type PlanReport,
  type ReportedError,
  type RunReport,
  type WorkspaceReport,
} from "#sync/report/report.ts";
import { runMessage } from "#sync/report/run-message.ts";
import { isClosed } from "./closure.ts";
import type { RunDependencies } from "./end-run.ts";
import { keptFile } from "./owner-file.ts";
import { startedRun } from "./run-journal.ts";
import { buildReport } from "./run-report.ts";
import { type Permissions, readPermissions, type TenancyDependencies } from "./tenancy.ts";

export interface DriftDependencies
  extends RunOwnerDependencies,
    RunDependencies,
    TenancyDependencies {}

export interface DriftRequest extends Delivery {
  /** Whether drift is undone, and not only told. */
  readonly heal: boolean;
  /** Drift of owners for whom config sync is paused is told all the same, and not undone. */
  readonly pauses?: readonly Pause[] | undefined;
}

/** What differs on the gateway from what was applied last. */
export interface Drift {
  readonly owner: string;
  readonly workspace: string;
  /** Resources that differ. */
  readonly resources: number;
  /** Present when there is something new to tell: other drift, none any more, or healed. */
  readonly report?: RunReport;
  /** Why it is not known, at the last delivery: the schedule comes again. */
  readonly error?: ReportedError;
}

/** What was told of a drift; there only while there is drift. */
interface DriftRecord {
  readonly digest: string;
  readonly since_ms: number;
}

/** By `<workspace>/<owner>`. */
const DRIFTS: LedgerKind<DriftRecord> = { name: "drift", version: 1 };

/**
 * Compares the gateway with what was applied last, for every owner and workspace, and tells each
 * distinct drift once: when it appears, when it changes and when it is gone. With `heal` it is
 * undone as well, under the same guards as any other plan. Newer manifests that were rejected or
 * refused play no part, and neither do new versions of secrets: pushing those is not drift.
 */
export async function detectDrift(
  dependencies: DriftDependencies,
  request: DriftRequest,
): Promise<Drift[]> {
  const { ledger, deadline } = dependencies;
  const permissions = await readPermissions(dependencies);
  if (await isClosed(dependencies, permissions)) return [];
  const drifts: Drift[] = [];
  const failures: GatewayOpsError[] = [];
  const unknown = (id: string, error: GatewayOpsError) => {
    failures.push(error);
    drifts.push(unknownDrift(id, error));
  };
  for (const { id, value } of await ledger.list(SNAPSHOTS, { onUnreadable: unknown })) {
    // The schedule comes again: what is left may wait.
    if (deadline.leftMs() === 0) continue;
    const found = driftOf(dependencies, id, value, permissions, request);
    const drift = await found.catch((error: unknown) => {
      if (!(error instanceof GatewayOpsError)) throw error;
      unknown(id, error);
    });
    if (drift) drifts.push(drift);
  }
  const [failure] = failures;
  if (failure && !request.isLast) throw failure;
  return drifts;
}

function unknownDrift(id: string, { code, message }: GatewayOpsError): Drift {
  const [workspace, owner] = splitId(id);
  return { owner, workspace, resources: 0, error: { code, message } };
}

/** Undefined when what was applied is lost: the next run adopts everything anew. */
async function driftOf(
  dependencies: DriftDependencies,
  id: string,
  { snapshots: [newest] }: SnapshotList,
  { accessOf }: Permissions,
  request: DriftRequest,
): Promise<Drift | undefined> {
  const snapshot = newest && (await dependencies.snapshots.readSnapshot(newest.reference));
  if (!snapshot) return undefined;
  const planned = await planDrift(dependencies, snapshot, accessOf(snapshot.owner));
  return toldDrift(dependencies, id, planned, request);
}

/**
 * The plan that would undo the drift of one owner in one workspace; writes nothing. What is applied
 * in part is not compared: it is neither as it was nor as it shall be, and that is told already.
 */
export async function planDrift(
  dependencies: PlanDependencies & Pick<RunOwnerDependencies, "planSettings">,
  snapshot: Snapshot,
  access: Access,
): Promise<DriftPlan> {
  const { owner, workspace } = snapshot;
  const { isOpen } = await readIntents(dependencies.ledger, owner, workspace);
  const files = snapshot.files.filter((file) => !isOpen && !file.is_half_applied);
  const halfApplied = snapshot.files.filter((file) => !files.includes(file));
  const plan = await planOwner(dependencies, {
    owner,
    workspace,
    access,
    files: files.map(keptFile),
    ...dependencies.planSettings,
    prune: false,
    values: "as-left",
  });
  const workspacePlan = plan.workspaces.find(({ desired }) => desired.workspace === workspace);
  // What is wrong with a file itself, or with what its owner was granted, is no drift.
  const rejected = files.flatMap(({ name, version_id }): ManifestReport[] => {
    const issues = plan.checked.invalid.find((one) => one.name === name)?.issues;
    if (!issues || !plan.rejected.has(name)) return [];
    return [{ key: name, version_id, outcome: "rejected", issues }];
  });
  return { plan, workspacePlan, rejected, halfApplied: halfApplied.map(({ name }) => name) };
}

export interface DriftPlan {
  readonly plan: OwnerPlan;
  readonly workspacePlan: WorkspacePlan | undefined;
  /** Files that could be applied once and no longer: somebody else has what they declare, say. */
  readonly rejected: readonly ManifestReport[];
  /** Names of the files that were not compared. */
  readonly halfApplied: readonly string[];
}

/** Tells what is new, after undoing it if that is wanted. */
async function toldDrift(
  dependencies: DriftDependencies,
  id: string,
  { plan, workspacePlan, rejected, halfApplied }: DriftPlan,
  { heal, pauses = [] }: DriftRequest,
): Promise<Drift> {
  const [workspace, owner] = splitId(id);
  const mayHeal = heal && !pauseOf(pauses, "config", owner);
  const begun = startedRun(dependencies, owner, { kind: "drift" });
  // One invocation makes several reports.
  const run = { ...begun, id: `${begun.id}-drift-${workspace}-${owner}` };
  const { changes = [], blocked = [] } = workspacePlan?.plan ?? {};
  const hasDrifted = changes.length + blocked.length > 0;
  const workspaces = workspacePlan
    ? [await workspaceOf(dependencies, workspacePlan, hasDrifted, mayHeal)]
    : [];
  const result = {
    ...{ manifests: rejected, deletedManifests: [], workspaces, timingsMs: {} },
    ...reportedHolds(plan.planned.holds),
  };
  const report = buildReport(dependencies, run, result, rejected);
  const resources = changes.length + blocked.length + rejected.length;
  const digest = distinctionOf(report, workspacePlan);
  const record = await dependencies.ledger.read(DRIFTS, id);
  const isHealed = report.outcome === "applied";
  const { invalid } = plan.checked;
  const isWhole = halfApplied.length === 0 && invalid.every(({ name }) => plan.rejected.has(name));
  // While some files are not compared, nobody can say that the drift is gone.
  const known = digest === undefined && !isWhole ? undefined : record?.value.digest;
  if (!isHealed && digest === known) return { owner, workspace, resources };
  await tell(dependencies, record, id, digest, report);
  return { owner, workspace, resources: isHealed ? 0 : resources, report };
}

async function workspaceOf(
  dependencies: DriftDependencies,
  plan: WorkspacePlan,
  hasDrifted: boolean,
  heal: boolean,
): Promise<WorkspaceReport> {
  if (heal && hasDrifted) {
    const result = await applyWorkspace(dependencies, plan);
    if (result.mayWrite) {
      await keepHealed(dependencies, plan, result.outcomes);
    }
    return workspaceReport(plan, result, { isLast: true });
  }
  return seenWorkspace(plan);
}

/** The drift of a workspace that nobody undid. */
function seenWorkspace(workspacePlan: WorkspacePlan): WorkspaceReport {
  const { changes, blocked } = workspacePlan.plan;
  const outcome = changes.length + blocked.length > 0 ? "drifted" : "unchanged";
  return { ...planDocument(workspacePlan), outcome, outcomes: [] };
}

/** The drift of one owner in several workspaces, as it is found without undoing it. */
export function driftReport(
  { server }: { readonly server: string },
  owner: string,
  found: readonly DriftPlan[],
  holds: readonly Hold[] = [],
): PlanReport {
  const workspaces = found.flatMap(({ workspacePlan }) =>
    workspacePlan ? [seenWorkspace(workspacePlan)] : [],
  );
  const manifests = found.flatMap(({ rejected }) => rejected);
  return {
    version: PLAN_VERSION,
    server,
    owner,
    trigger: { kind: "drift" },
    outcome: gravest([...manifests, ...workspaces].map(({ outcome }) => outcome)),
    manifests,
    deleted_manifests: [],
    workspaces,
    ...reportedHolds(holds),
  };
}

/** Keeps the report, and commits what is known of the drift together with the message. */
async function tell(
  { ledger, clock, reports }: DriftDependencies,
  record: LedgerRecord<DriftRecord> | undefined,
  id: string,
  digest: string | undefined,
  report: RunReport,
): Promise<void> {
  // Whoever lost the lease has nothing to tell: the drift may be undone since.
  await ledger.commit([]);
  const message = runMessage(report, report.manifests, await reports.writeReport(report));
  const gone = record ? [remove(DRIFTS, record)] : [];
  const writes = digest ? [put(DRIFTS, id, { digest, since_ms: clock.nowMs() }, record)] : gone;
  if (await commitWithMessages(ledger, writes, [message])) return;
  throw new RecordConflictError(`the drift of ${id} was told by another run`);
}

/** What makes one drift another than the one before; undefined when there is none any more. */
function distinctionOf(
  { outcome, manifests, workspaces }: RunReport,
  workspacePlan: WorkspacePlan | undefined,
): string | undefined {
  if (isSuccess(outcome)) return undefined;
  return digestOf({
    outcome,
    issues: manifests.map(({ key, issues }) => ({ key, issues })),
    changes: workspaces.map(({ changes }) => changes),
    errors: workspaces.map(({ error }) => error?.code),
    blocked: workspacePlan?.plan.blocked,
    // The word that a refusal waits for names exactly one plan.
    checksum: outcome === "refused" ? workspacePlan?.plan.checksum : undefined,
  });
}
