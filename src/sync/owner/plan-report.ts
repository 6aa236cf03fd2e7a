import { PLAN_VERSION, planDocument } from "#reconcile/plan/document.ts";
import type { GatewayOpsError } from "#runtime/errors.ts";
import { stillHeld } from "#sync/history/hold.ts";
import type { OwnerFile } from "#sync/owner-file.ts";
import {
  gravest,
  type PlanReport,
  type RunOutcome,
  type WorkspaceReport,
} from "#sync/report/report.ts";
import type { OwnerPlan, WorkspacePlan } from "./plan-owner.ts";
import { reportedHolds } from "./reported-hold.ts";
import { deletedManifests, manifestReport } from "./run-owner.ts";

/** What is planned for an owner, before anything is done about it. */
export function planReport(
  { server }: { readonly server: string },
  { owner, files }: { readonly owner: string; readonly files: readonly OwnerFile[] },
  planned: OwnerPlan,
): PlanReport {
  const { holds, changed } = planned.planned;
  const workspaces = planned.workspaces.map(plannedWorkspace);
  const outcomes = new Map(
    [...planned.checked.workspaces].flatMap(([name, { valid }]) => {
      const outcome = workspaces.find(({ workspace }) => workspace === name)?.outcome;
      return valid.map((file) => [file.name, outcome ?? "unchanged"] as const);
    }),
  );
  const manifests = files.map((file) => manifestReport(file, planned, outcomes));
  return {
    version: PLAN_VERSION,
    server,
    owner,
    outcome: gravest([...manifests, ...workspaces].map(({ outcome }) => outcome)),
    manifests,
    deleted_manifests: deletedManifests(planned, files),
    workspaces,
    ...reportedHolds(holds.map((hold) => stillHeld(hold, changed))),
  };
}

/** Of an owner for whom the run ended before it could plan. */
export function unplannedReport(
  { server, owner }: { readonly server: string; readonly owner: string },
  { code, message }: GatewayOpsError,
): PlanReport {
  return {
    version: PLAN_VERSION,
    server,
    owner,
    outcome: "failed",
    manifests: [],
    deleted_manifests: [],
    workspaces: [],
    error: { code, message },
  };
}

function plannedWorkspace(workspacePlan: WorkspacePlan): WorkspaceReport {
  return { ...planDocument(workspacePlan), outcome: outcomeOf(workspacePlan), outcomes: [] };
}

function outcomeOf({ plan, trips }: WorkspacePlan): RunOutcome {
  if (trips.length > 0) return "refused";
  return plan.changes.length + plan.blocked.length > 0 ? "planned" : "unchanged";
}
