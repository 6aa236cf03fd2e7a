import { digestOf } from "#reconcile/plan/canonical.ts";
import { GatewayOpsError, RecordConflictError } from "#runtime/errors.ts";
import { type LedgerKind, type LedgerRecord, put, remove } from "#runtime/ledger.ts";
import { commitWithMessages } from "#runtime/message.ts";
import { type Pause, pauseOf } from "#runtime/pause.ts";
import { SNAPSHOTS, type SnapshotList } from "#sync/history/snapshot.ts";
import { splitId } from "#sync/history/snapshot-history.ts";
import { applyWorkspace } from "#sync/owner/apply-workspace.ts";
import type { Delivery } from "#sync/owner/file-outcome.ts";
import type { WorkspacePlan } from "#sync/owner/plan-owner.ts";
import { reportedHolds } from "#sync/owner/reported-hold.ts";
import { type RunOwnerDependencies, workspaceReport } from "#sync/owner/run-owner.ts";
import { keepHealed } from "#sync/owner/take-snapshot.ts";
import {
  isSuccess,
  type ReportedError,
  type RunReport,
  type WorkspaceReport,
} from "#sync/report/report.ts";
import { runMessage } from "#sync/report/run-message.ts";
import { isClosed } from "./closure.ts";
import type { RunDependencies } from "./end-run.ts";
import { type DriftPlan, planDrift, resourcesIn, seenWorkspace } from "./plan-drift.ts";
import { endRestores, watchForRestore } from "./restore/watch-restore.ts";
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
  const restored = await watchForRestore(dependencies);
  const unknown = (id: string, error: GatewayOpsError) => {
    failures.push(error);
    drifts.push(unknownDrift(id, error));
  };
  for (const { id, value } of await ledger.list(SNAPSHOTS, { onUnreadable: unknown })) {
    // The schedule comes again: what is left may wait.
    if (deadline.leftMs() === 0) continue;
    const quietly = { ...request, isQuiet: restored.has(splitId(id)[0]) };
    const found = driftOf(dependencies, id, value, permissions, quietly);
    const drift = await found.catch((error: unknown) => {
      if (!(error instanceof GatewayOpsError)) throw error;
      unknown(id, error);
    });
    if (drift) drifts.push(drift);
  }
  await endRestores(
    dependencies,
    [...restored].filter((one) => isAsApplied(drifts, one)),
  );
  const [failure] = failures;
  if (failure && !request.isLast) throw failure;
  return drifts;
}

/** Whether all that was applied in a workspace was compared, and nothing differs. */
function isAsApplied(drifts: readonly Drift[], workspace: string): boolean {
  const own = drifts.filter((drift) => drift.workspace === workspace);
  return own.length > 0 && own.every(({ resources, error }) => resources === 0 && !error);
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
  request: DriftRequest & Quiet,
): Promise<Drift | undefined> {
  const snapshot = newest && (await dependencies.snapshots.readSnapshot(newest.reference));
  if (!snapshot) return undefined;
  const planned = await planDrift(dependencies, snapshot, accessOf(snapshot.owner));
  if (request.isQuiet) {
    const { owner, workspace } = snapshot;
    return { owner, workspace, resources: resourcesIn(planned) };
  }
  return toldDrift(dependencies, id, planned, request);
}

interface Quiet {
  /** Whether it is told as another event already, and undone by nobody. */
  readonly isQuiet: boolean;
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
  const resources = resourcesIn({ plan, workspacePlan, rejected, halfApplied });
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
