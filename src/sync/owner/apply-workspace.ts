import {
  type ApplyDependencies,
  ApplyError,
  type ApplyOptions,
  applyPlan,
  type ChangeOutcome,
} from "#reconcile/apply/apply.ts";
import type { GatewayWriter } from "#reconcile/apply/gateway-writer.ts";
import { recordBudgets } from "#reconcile/apply/write-budget.ts";
import type { TrackingWriter } from "#reconcile/apply/write-experiment.ts";
import { keyOfChange, type Plan } from "#reconcile/change.ts";
import type { TrackingReader } from "#reconcile/observe/experiments.ts";
import type { GatewayReader } from "#reconcile/observe/observe.ts";
import { UnsafePlanError } from "#reconcile/plan/guard.ts";
import { planChanges } from "#reconcile/plan/plan.ts";
import type { ResourceKey } from "#reconcile/state.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { visibleLines } from "#runtime/visible.ts";
import type { SecretGateway } from "#secrets/push.ts";
import { noteIntents } from "#sync/history/intents.ts";
import type { HistoryDependencies } from "#sync/history/snapshot-history.ts";
import type { Approval } from "#sync/report/report.ts";
import {
  type ApprovalDependencies,
  awaitApproval,
  findApproval,
  useUpApproval,
} from "./approval.ts";
import { type ObserveDependencies, observeAgain } from "./observe-workspace.ts";
import type { WorkspacePlan } from "./plan-owner.ts";

export interface ApplyWorkspaceDependencies
  extends Omit<ApplyDependencies, "gatewayOf" | "trackingOf">,
    ApprovalDependencies,
    HistoryDependencies {
  gatewayOf(workspace: string, deadline: Deadline): GatewayReader & GatewayWriter & SecretGateway;
  trackingOf(workspace: string, deadline: Deadline): TrackingReader & TrackingWriter;
}

export interface ApplyWorkspaceOptions extends ApplyOptions {
  /** Called once the guards, or an approval, let a plan pass, and before anything is written. */
  readonly onPassed?: (() => Promise<void>) | undefined;
}

/** What became of the plan of a workspace. */
export interface WorkspaceResult {
  readonly outcomes: readonly ChangeOutcome[];
  /** Whether the guards, or an approval, let it pass: what is declared is what is in force. */
  readonly mayWrite: boolean;
  readonly approval?: Approval | undefined;
  /** Why the gateway is not as declared. */
  readonly error?: GatewayOpsError | undefined;
}

/** What was written is not what is read back. */
class VerificationError extends GatewayOpsError {
  override readonly name = "VerificationError";
  readonly code = "not-as-written";
  readonly disposition = "retry";
}

/** Resources hold values that this version does not know: it left them alone. */
export class UnknownValueError extends GatewayOpsError {
  override readonly name = "UnknownValueError";
  readonly code = "unknown-value";
  readonly disposition = "reject";
}

/**
 * Carries out the plan of a workspace, if the guards or an approval let it, and reads back: a
 * second plan must be empty. A failure of the expected kinds is returned, together with what was
 * done until then.
 */
export async function applyWorkspace(
  dependencies: ApplyWorkspaceDependencies,
  workspacePlan: WorkspacePlan,
  options: ApplyWorkspaceOptions = {},
): Promise<WorkspaceResult> {
  const { plan, trips } = workspacePlan;
  let result: WorkspaceResult = { outcomes: [], mayWrite: false };
  try {
    if (trips.length > 0) {
      result = { ...result, approval: await approvalOf(dependencies, workspacePlan) };
    }
    result = { ...result, mayWrite: true };
    await options.onPassed?.();
    if (plan.changes.length > 0) {
      await noteIntents(dependencies, plan, [...workspacePlan.known.intended, ...created(plan)]);
      result = { ...result, ...(await carryOut(dependencies, workspacePlan, options)) };
    }
    await useUp(dependencies, plan, result);
    if (plan.changes.length > 0 && !result.error) await verify(dependencies, workspacePlan);
    await recordBudgets(dependencies.ledger, workspacePlan);
    return { ...result, error: result.error ?? blockedError(plan) };
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    return { ...result, error };
  }
}

function created({ changes }: Plan): ResourceKey[] {
  return changes.filter(({ action }) => action === "create").map(keyOfChange);
}

async function approvalOf(
  dependencies: ApprovalDependencies,
  { plan, trips }: WorkspacePlan,
): Promise<Approval> {
  if (trips.every(({ is_approvable }) => is_approvable)) {
    const approval = await findApproval(dependencies, plan.checksum);
    if (approval) return approval;
    await awaitApproval(dependencies, plan.owner, plan.checksum);
  }
  throw new UnsafePlanError(trips);
}

async function carryOut(
  dependencies: ApplyDependencies,
  { plan, actual }: WorkspacePlan,
  options: ApplyOptions,
): Promise<Pick<WorkspaceResult, "outcomes" | "error">> {
  try {
    return { outcomes: await applyPlan(dependencies, plan, actual, options) };
  } catch (error) {
    if (error instanceof ApplyError) return { outcomes: error.outcomes, error };
    throw error;
  }
}

/** An approved plan of which nothing could be done waits for the next delivery as it is. */
async function useUp(
  dependencies: ApprovalDependencies,
  { owner, changes }: Plan,
  { approval, outcomes }: WorkspaceResult,
): Promise<void> {
  const isBegun = changes.length === 0 || outcomes.some(({ outcome }) => outcome === "applied");
  if (approval && isBegun) await useUpApproval(dependencies, owner, approval);
}

async function verify(
  dependencies: ObserveDependencies,
  { desired, known, options }: WorkspacePlan,
): Promise<void> {
  const after = await observeAgain(dependencies, desired, known);
  const again = planChanges(desired, after, known, options);
  const left = [...again.plan.changes.map(keyOfChange), ...again.issues.map(({ key }) => key)];
  if (left.length === 0) return;
  throw new VerificationError(
    `read back after the apply, these are not as declared: ${left.join(", ")}`,
  );
}

function blockedError({ blocked }: Plan): GatewayOpsError | undefined {
  if (blocked.length === 0) return undefined;
  return new UnknownValueError(
    visibleLines(blocked.map(({ key, message }) => `${key}: ${message}`)),
  );
}
