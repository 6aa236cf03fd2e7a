import type { CheckedWorkspace } from "#manifest/check-files.ts";
import { ApplyError, type ChangeOutcome } from "#reconcile/apply/apply.ts";
import { UnsafePlanError } from "#reconcile/plan/guard.ts";
import type { ResourceKey } from "#reconcile/state.ts";
import type { GatewayOpsError } from "#runtime/errors.ts";
import { gravest, type RunOutcome } from "#sync/report/report.ts";
import { UnknownValueError, type WorkspaceResult } from "./apply-workspace.ts";
import type { WorkspacePlan } from "./plan-owner.ts";

export interface Delivery {
  /** No further delivery follows: what fails now for a while stays pending. */
  readonly isLast: boolean;
}

/** What an error makes of all that it concerns. */
export function outcomeOf(error: GatewayOpsError, { isLast }: Delivery): RunOutcome {
  if (error instanceof UnsafePlanError) return "refused";
  if (error.disposition === "reject") return "failed";
  return isLast ? "pending" : "retrying";
}

/**
 * What became of each valid file of a workspace: of what it declares, of what it declared before,
 * and of what no file declares. Of the failures of other files it knows nothing.
 */
export function fileOutcomes(
  checked: CheckedWorkspace,
  workspacePlan: WorkspacePlan,
  result: WorkspaceResult,
  delivery: Delivery,
): ReadonlyMap<string, RunOutcome> {
  const { error } = result;
  const isPartial = error instanceof ApplyError || error instanceof UnknownValueError;
  if (error && !isPartial) {
    return new Map(checked.valid.map(({ name }) => [name, outcomeOf(error, delivery)]));
  }
  const declaring = declaringFiles(checked, workspacePlan);
  const causes = causesByKey(workspacePlan, result);
  return new Map(
    checked.valid.map(({ name }) => {
      const own = [...causes].filter(([key]) => declaring.get(key)?.has(name) ?? true);
      return [name, gravest(own.map(([, cause]) => outcomeOfCause(cause, delivery)))];
    }),
  );
}

function declaringFiles(
  { declares }: CheckedWorkspace,
  { previous }: WorkspacePlan,
): ReadonlyMap<ResourceKey, ReadonlySet<string>> {
  const before = (previous?.files ?? []).map((file) => [file.name, file.declares] as const);
  const declaring = new Map<ResourceKey, Set<string>>();
  for (const [file, keys] of [...before, ...declares]) {
    for (const key of keys) declaring.set(key, (declaring.get(key) ?? new Set()).add(file));
  }
  return declaring;
}

/** Why a change was not made in the end; `applied` when it was. */
type Cause = "applied" | "for-good" | "for-now";

/** Of every change, and of what is blocked. */
function causesByKey(
  { plan }: WorkspacePlan,
  { outcomes }: WorkspaceResult,
): ReadonlyMap<ResourceKey, Cause> {
  const results = new Map(outcomes.map((outcome) => [outcome.key, outcome]));
  const blocked = plan.blocked.map(({ key }) => [key, "for-good"] as const);
  return new Map([
    ...blocked,
    ...outcomes.map((outcome) => [outcome.key, causeOf(outcome, results)] as const),
  ]);
}

function causeOf(outcome: ChangeOutcome, results: ReadonlyMap<ResourceKey, ChangeOutcome>): Cause {
  switch (outcome.outcome) {
    case "applied":
      return "applied";
    case "failed":
      return outcome.disposition === "reject" ? "for-good" : "for-now";
    case "not-attempted":
      return "for-now";
    case "skipped": {
      // What was needed and is not among the outcomes is blocked.
      const needed = results.get(outcome.because);
      return needed ? causeOf(needed, results) : "for-good";
    }
  }
}

function outcomeOfCause(cause: Cause, { isLast }: Delivery): RunOutcome {
  if (cause === "applied") return "applied";
  if (cause === "for-good") return "failed";
  return isLast ? "pending" : "retrying";
}
