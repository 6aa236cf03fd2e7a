import type { Plan } from "#reconcile/change.ts";
import { StalePlanError } from "#reconcile/plan/checksum.ts";
import type { OwnerPlan, PlanRequest } from "#sync/owner/plan-owner.ts";
import { textOf } from "./owner-file.ts";

/** Of the documents that this release writes, and the newest that it reads. */
export const SAVED_PLAN_VERSION = 1;

/**
 * Plans that were kept to be applied later, with what they were made from: planning is
 * deterministic, so that the same inputs give the same plans, or they are stale.
 */
export interface SavedPlan {
  readonly version: typeof SAVED_PLAN_VERSION;
  readonly owner: string;
  /** Of files that name none. */
  readonly workspace?: string;
  readonly prune: boolean;
  readonly files: readonly {
    readonly name: string;
    readonly version_id: string;
    readonly text: string;
  }[];
  readonly plans: readonly Plan[];
}

export function savedPlan(request: PlanRequest, { workspaces }: OwnerPlan): SavedPlan {
  const { owner, workspace, prune } = request;
  const files = request.files.map((file) => ({
    name: file.name,
    version_id: file.version_id,
    text: textOf(file),
  }));
  return {
    version: SAVED_PLAN_VERSION,
    owner,
    ...(workspace === undefined ? {} : { workspace }),
    prune,
    files,
    plans: workspaces.map(({ plan }) => plan),
  };
}

/** Throws {@link StalePlanError} unless what is planned now is exactly what was kept. */
export function checkSaved(saved: SavedPlan, { workspaces }: OwnerPlan): void {
  const checksums = (plans: readonly Plan[]) => plans.map(({ checksum }) => checksum).join(" ");
  const now = workspaces.map(({ plan }) => plan);
  if (checksums(saved.plans) === checksums(now)) return;
  throw new StalePlanError(
    `the plan is stale: it was made as ${checksums(saved.plans)} and would now be ${checksums(now)}, because the gateway or a secret changed since; plan again`,
  );
}
