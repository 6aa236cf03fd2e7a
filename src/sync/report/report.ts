import type { ManifestIssue } from "#manifest/types.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import type { PLAN_VERSION, PlanDocument } from "#reconcile/plan/document.ts";

/**
 * Of a file, of a workspace and of a whole run (then the gravest), from mild to grave:
 * - `unchanged`: the gateway already was as declared
 * - `planned`: there are changes; nothing was written, as nobody asked for that
 * - `applied`: every change was carried out and read back
 * - `held`: what it declares was rolled back, and what was gone back to stays
 * - `drifted`: the gateway is not as it was applied last; nothing was written
 * - `retrying`: failed for now, to be delivered again
 * - `pending`: deliveries are used up, or a file waits for what an AWS secret lacks (see its issues);
 *   the schedule goes on with it
 * - `refused`: a guard wants an approval; nothing was written
 * - `rejected`: the file must change; nothing of it was written
 * - `failed`: some changes failed for good, others may be applied: see the outcomes
 */
export const RUN_OUTCOMES = [
  "unchanged",
  "planned",
  "applied",
  "held",
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
  readonly kind: "manifest" | "policy" | "approval" | "schedule" | "drift" | "preview" | "command";
  /** Key of the object that was put. */
  readonly key?: string | undefined;
  /** Who put it, as far as the event says, or the user of the command line. */
  readonly by?: string | undefined;
}

/** What is to be done for an owner, workspace by workspace, and what became of it. */
export interface PlanReport {
  readonly version: typeof PLAN_VERSION;
  /** Address of the server that it was made for. */
  readonly server: string;
  readonly owner: string;
  readonly trigger?: RunTrigger;
  readonly outcome: RunOutcome;
  readonly manifests: readonly ManifestReport[];
  /** Files that are gone; what they declared stays as it is. */
  readonly deleted_manifests: readonly string[];
  readonly workspaces: readonly WorkspaceReport[];
  /** What the owner went back to and stays at; left out where there is nothing. */
  readonly holds?: readonly ReportedHold[] | undefined;
  /** What ended the run before it could plan. */
  readonly error?: ReportedError | undefined;
}

/** What one run did, as it is kept in the bucket. Holds no secret value. */
export interface RunReport extends PlanReport {
  readonly run_id: string;
  readonly trigger: RunTrigger;
  /** ISO 8601, UTC. */
  readonly started_at: string;
  readonly finished_at: string;
  readonly timings_ms: Readonly<Record<string, number>>;
  /** Of the gateway, by operation. */
  readonly requests: Readonly<Record<string, number>>;
  /** Of a rollback where manifests lie in a bucket. */
  readonly put_back?: readonly PutBack[] | undefined;
}

/** What became of a file where manifests lie. */
export interface PutBack {
  readonly key: string;
  /**
   * - `put-back`: its newest version says again what it said then
   * - `removed`: it was not there then; its versions stay
   * - `left`: somebody put another version meanwhile, which counts
   * - `failed`: see the message
   */
  readonly done: "put-back" | "removed" | "left" | "failed";
  readonly message?: string | undefined;
}

/** That an owner went back to an earlier state, which stays until its files declare something else. */
export interface ReportedHold {
  readonly workspace: string;
  /** The run that went back. */
  readonly run_id: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly by: string;
  /** The run that applied the state. */
  readonly to: { readonly run_id: string; readonly applied_at: string };
  readonly message: string;
  /** With this run: what all of its files declare instead is applied. */
  readonly is_over?: true | undefined;
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
  /** Versions of AWS secrets whose content cannot be used, by reference: another one may be. */
  readonly unusable_versions?: Readonly<Record<string, string>> | undefined;
  /** The gateway's key of a secret is in use, and gets no new value while the file waits. */
  readonly affects_live_keys?: true | undefined;
}

/** The plan of a workspace, and what became of it. */
export interface WorkspaceReport extends PlanDocument {
  readonly outcome: RunOutcome;
  readonly approval?: Approval | undefined;
  /** Of each change that was begun or left. */
  readonly outcomes: readonly ChangeOutcome[];
  readonly error?: ReportedError | undefined;
}

/** Somebody's word for exactly one plan. */
export interface Approval {
  readonly checksum: string;
  readonly by: string;
}

export function isSuccess(outcome: RunOutcome | undefined): boolean {
  return outcome === "applied" || outcome === "unchanged";
}

/** The gravest of several; `unchanged` of none. */
export function gravest(outcomes: readonly RunOutcome[]): RunOutcome {
  const rank = (outcome: RunOutcome) => RUN_OUTCOMES.indexOf(outcome);
  return outcomes.reduce((one, other) => (rank(other) > rank(one) ? other : one), "unchanged");
}
