import type { ManifestIssue } from "#manifest/types.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import type { Change, FieldChange, Notice, Plan } from "#reconcile/change.ts";
import { keyOfChange } from "#reconcile/change.ts";
import type { GuardTrip } from "#reconcile/plan/guard.ts";
import type { Kind, ResourceKey } from "#reconcile/state.ts";

/**
 * Of a file, of a workspace and of a whole run (then the gravest), from mild to grave:
 * - `unchanged`: the gateway already was as declared
 * - `applied`: every change was carried out and read back
 * - `drifted`: the gateway is not as it was applied last; nothing was written
 * - `retrying`: failed for now, to be delivered again
 * - `pending`: deliveries are used up; the schedule goes on with it
 * - `refused`: a guard wants an approval; nothing was written
 * - `rejected`: the file must change; nothing of it was written
 * - `failed`: some changes failed for good, others may be applied: see the outcomes
 */
export const RUN_OUTCOMES = [
  "unchanged",
  "applied",
  "drifted",
  "retrying",
  "pending",
  "refused",
  "rejected",
  "failed",
] as const;
export type RunOutcome = (typeof RUN_OUTCOMES)[number];

/** What made the run happen. */
export interface RunTrigger {
  readonly kind: "manifest" | "policy" | "approval" | "schedule" | "drift" | "command";
  /** Key of the object that was put. */
  readonly key?: string | undefined;
  /** Who put it, as far as the event says, or the user of the command line. */
  readonly by?: string | undefined;
}

/** What one run did, as it is kept in the bucket. Holds no secret value. */
export interface RunReport {
  readonly version: 1;
  readonly run_id: string;
  readonly owner: string;
  readonly trigger: RunTrigger;
  readonly outcome: RunOutcome;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly finished_at: string;
  readonly timings_ms: Readonly<Record<string, number>>;
  readonly manifests: readonly ManifestReport[];
  /** Files that are gone; what they declared stays as it is. */
  readonly deleted_manifests: readonly string[];
  readonly workspaces: readonly WorkspaceReport[];
  /** Of the gateway, by operation. */
  readonly requests: Readonly<Record<string, number>>;
  /** What ended the run before it could plan. */
  readonly error?: ReportedError | undefined;
}

export interface ReportedError {
  readonly code: string;
  readonly message: string;
}

export interface ManifestReport {
  readonly key: string;
  readonly version_id: string;
  readonly outcome: RunOutcome;
  /** Everything wrong with it, with positions. */
  readonly issues?: readonly ManifestIssue[] | undefined;
  readonly warnings?: readonly ManifestIssue[] | undefined;
}

export interface WorkspaceReport {
  readonly workspace: string;
  readonly outcome: RunOutcome;
  readonly plan: ReportedPlan;
  /** What the guards said. */
  readonly refusals: readonly GuardTrip[];
  readonly approval?: Approval | undefined;
  readonly outcomes: readonly ChangeOutcome[];
  readonly error?: ReportedError | undefined;
}

/** Somebody's word for exactly one plan. */
export interface Approval {
  readonly checksum: string;
  readonly by: string;
}

/** A plan without the full states before and after. */
export interface ReportedPlan {
  readonly checksum: string;
  readonly prune: boolean;
  readonly changes: readonly ReportedChange[];
  readonly notices: readonly Notice[];
  readonly out_of_scope: readonly Kind[];
}

export interface ReportedChange {
  readonly action: Change["action"];
  readonly key: ResourceKey;
  readonly changed_fields?: readonly FieldChange[];
  readonly high_risk?: string;
}

export function reportedPlan(plan: Plan): ReportedPlan {
  const { checksum, prune, notices, out_of_scope } = plan;
  const blocked = plan.blocked.map(
    ({ key, message }): Notice => ({ code: "unknown-value", key, message }),
  );
  return {
    checksum,
    prune,
    changes: plan.changes.map(reportedChange),
    notices: [...blocked, ...notices],
    out_of_scope,
  };
}

function reportedChange(change: Change): ReportedChange {
  const { action } = change;
  const key = keyOfChange(change);
  if (action === "create" || action === "delete") return { action, key };
  const { changed_fields, high_risk } = change;
  return { action, key, changed_fields, ...(high_risk === undefined ? {} : { high_risk }) };
}

export function isSuccess(outcome: RunOutcome | undefined): boolean {
  return outcome === "applied" || outcome === "unchanged";
}

/** The gravest of several; `unchanged` of none. */
export function gravest(outcomes: readonly RunOutcome[]): RunOutcome {
  const rank = (outcome: RunOutcome) => RUN_OUTCOMES.indexOf(outcome);
  return outcomes.reduce((one, other) => (rank(other) > rank(one) ? other : one), "unchanged");
}
