import type { PlanIssue } from "#reconcile/change.ts";
import { type ActualState, type DesiredOf, keyOf } from "#reconcile/state.ts";
import type { PlanContext } from "./context.ts";

/** Endpoints whose traces would be lost, or that MLflow would refuse to write. */
export function goneExperiments({ desired, actual }: PlanContext): PlanIssue[] {
  return desired.resources.flatMap((resource) =>
    resource.kind === "endpoint" ? issuesOf(resource, actual) : [],
  );
}

function issuesOf(endpoint: DesiredOf<"endpoint">, actual: ActualState): PlanIssue[] {
  const { experiment: named, experiment_id } = endpoint.fields;
  const key = keyOf(endpoint);
  const path = [experiment_id === undefined ? "experiment" : "experiment_id"];
  const found = [...actual.deletedExperiments].find(
    ([name, id]) => name === named || id === experiment_id,
  );
  if (found) {
    const [name, id] = found;
    const message = `names the experiment "${name}" (${id}), which was deleted in MLflow and keeps its name: restore it (mlflow experiments restore --experiment-id ${id}), or name another one`;
    return [{ rule: "experiment-deleted", key, path, message }];
  }
  if (experiment_id === undefined || !actual.missingExperiments?.has(experiment_id)) return [];
  const message = `names the experiment ${experiment_id}, which this workspace of MLflow does not have: give the id of one that it has, or a name (experiment:), which is made where it is missing`;
  return [{ rule: "experiment-missing", key, path, message }];
}
