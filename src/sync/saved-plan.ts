import type { Plan } from "#reconcile/change.ts";
import { canonicalJson } from "#reconcile/plan/canonical.ts";
import { planDocument } from "#reconcile/plan/document.ts";
import { type ResourceKey, WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { serverName } from "#runtime/server.ts";
import type { OwnerPlan, PlanRequest } from "#sync/owner/plan-owner.ts";
import { planReport } from "#sync/owner/plan-report.ts";
import type { ManifestReport, PlanReport, WorkspaceReport } from "#sync/report/report.ts";
import { type OwnerFile, textOf } from "./owner-file.ts";

/** What was kept is not what would be done now, or here; nothing was changed. */
export class StalePlanError extends GatewayOpsError {
  override readonly name = "StalePlanError";
  readonly code = "stale-plan";
  readonly disposition = "reject";
}

/**
 * A plan that is kept to be applied later, with what it was made from: planning is deterministic,
 * so that the same inputs give the same plans, or they are stale.
 */
export interface SavedPlan extends PlanReport {
  /** Of files that name none. */
  readonly workspace: string;
  readonly prune: boolean;
  readonly manifests: readonly (ManifestReport & { readonly text: string })[];
}

export function savedPlan(
  place: { readonly server: string },
  request: PlanRequest,
  planned: OwnerPlan,
): SavedPlan {
  const texts = new Map(request.files.map((file) => [file.name, textOf(file)]));
  const report = planReport(place, request, planned);
  return {
    ...report,
    workspace: request.workspace ?? WORKSPACE_DEFAULT,
    prune: request.prune,
    manifests: report.manifests.map((file) => ({ ...file, text: texts.get(file.key) ?? "" })),
  };
}

export function savedFiles({ manifests }: SavedPlan): OwnerFile[] {
  return manifests.map(({ key, version_id, text }) => ({ name: key, version_id, content: text }));
}

/**
 * Throws {@link StalePlanError} unless the plan is to be applied where it was made for: another
 * server may look the same and is another one. `workspace` is undefined when none was asked for.
 */
export function checkPlace(
  saved: SavedPlan,
  { server, workspace }: { readonly server: string; readonly workspace?: string | undefined },
): void {
  if (serverName(saved.server) !== serverName(server)) {
    throw new StalePlanError(
      `the plan was made for the server ${saved.server}, and this is ${server}: plan again for this one`,
    );
  }
  if (workspace !== undefined && workspace !== saved.workspace) {
    throw new StalePlanError(
      `the plan was made for the workspace ${saved.workspace}, and ${workspace} is asked for (--workspace or MLFLOW_WORKSPACE): plan again for that one`,
    );
  }
}

/**
 * Throws {@link StalePlanError} for a plan that leaves out what values become: more would be done
 * than somebody saw.
 */
export function checkLookedUp({ workspaces }: SavedPlan): void {
  const secrets = withoutValue(workspaces);
  if (secrets.length === 0) return;
  throw new StalePlanError(
    `the plan was made with --no-values: whether the value of ${secrets.join(", ")} changes is not in it; plan again without --no-values`,
  );
}

/** The secrets of which nobody looked up the value. */
export function withoutValue(plans: readonly Pick<Plan, "notices">[]): readonly ResourceKey[] {
  return plans.flatMap(({ notices }) =>
    notices.flatMap(({ code, key }) => (code === "value-not-looked-up" && key ? [key] : [])),
  );
}

/**
 * Throws {@link StalePlanError} unless what is planned now is exactly what was kept: the changes
 * too, which are what people read, and which somebody may have edited beside the checksum.
 */
export function checkSaved(saved: SavedPlan, { workspaces }: OwnerPlan): void {
  const checksums = (plans: readonly { readonly checksum: string }[]) =>
    plans.map(({ checksum }) => checksum).join(" ");
  const [then, now] = [checksums(saved.workspaces), checksums(workspaces.map(({ plan }) => plan))];
  if (then !== now) {
    throw new StalePlanError(
      `the plan is stale: it was made as ${then} and would now be ${now}, because the gateway or a secret changed since; plan again`,
    );
  }
  const shown = (plans: readonly Pick<WorkspaceReport, "changes">[]) =>
    canonicalJson(plans.map(({ changes }) => changes));
  if (shown(saved.workspaces) === shown(workspaces.map(planDocument))) return;
  throw new StalePlanError(
    "the changes that the plan shows are not those of its checksum: the file was edited; plan again",
  );
}
