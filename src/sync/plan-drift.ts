import type { Access } from "#manifest/access.ts";
import { PLAN_VERSION, planDocument } from "#reconcile/plan/document.ts";
import type { Hold } from "#sync/history/hold.ts";
import { readIntents } from "#sync/history/intents.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import {
  type OwnerPlan,
  type PlanDependencies,
  planOwner,
  type WorkspacePlan,
} from "#sync/owner/plan-owner.ts";
import { reportedHolds } from "#sync/owner/reported-hold.ts";
import type { RunOwnerDependencies } from "#sync/owner/run-owner.ts";
import {
  gravest,
  type ManifestReport,
  type PlanReport,
  type WorkspaceReport,
} from "#sync/report/report.ts";
import { keptFile } from "./owner-file.ts";

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

/** How many differ. */
export function resourcesIn({ workspacePlan, rejected }: DriftPlan): number {
  const { changes = [], blocked = [] } = workspacePlan?.plan ?? {};
  return changes.length + blocked.length + rejected.length;
}

/** The drift of a workspace that nobody undid. */
export function seenWorkspace(workspacePlan: WorkspacePlan): WorkspaceReport {
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
