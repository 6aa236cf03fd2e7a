import type { PlanIssue } from "#reconcile/change.ts";
import {
  type ActualResource,
  type DesiredOf,
  type DesiredResource,
  type EndpointGuardrail,
  keyOf,
} from "#reconcile/state.ts";
import type { PlanContext, PlanOptions } from "./context.ts";
import { findMeant } from "./guardrails.ts";
import type { Match } from "./matching.ts";

export const NOT_GRANTED = "not-granted";

/** What is there is taken over or changed only by whom it was granted to as it is. */
export function existingIssues(
  { options }: PlanContext,
  desired: DesiredResource,
  actual: ActualResource,
): PlanIssue[] {
  return (options.grants?.existing(actual, desired) ?? []).map(({ path, message }) => ({
    rule: NOT_GRANTED,
    key: keyOf(desired),
    path,
    message,
  }));
}

/** Whether a resource may not be deleted by its owner, to whom it is no longer granted. */
export function isDenied({ grants }: PlanOptions, actual: ActualResource): boolean {
  return grants !== undefined && grants.existing(actual).length > 0;
}

/** Experiments of which the manifest does not say the name: by id, or of a guardrail that exists. */
export function experimentIssues(context: PlanContext, matches: readonly Match[]): PlanIssue[] {
  const { grants } = context.options;
  if (!grants) return [];
  const names = new Map([...context.actual.experiments].map(([name, id]) => [id, name]));
  const isMissing = (experiment: string) =>
    experiment.startsWith("#") && context.actual.missingExperiments?.has(experiment.slice(1));
  return matches.flatMap(({ desired, actual }) => {
    if (desired.kind !== "endpoint") return [];
    const present = (actual?.kind === "endpoint" && actual.fields.guardrails) || [];
    return namelessExperiments(desired, names, [...present, ...context.actual.guardrails]).flatMap(
      ({ path, experiment, described }) => {
        // One that does not exist is told as that.
        if (isMissing(experiment)) return [];
        const denial = grants.experiment(experiment);
        if (denial === undefined) return [];
        const message = `${described} the experiment "${experiment}", which ${denial}`;
        return [{ rule: NOT_GRANTED, key: keyOf(desired), path, message }];
      },
    );
  });
}

interface NamelessExperiment {
  readonly path: readonly (string | number)[];
  readonly experiment: string;
  readonly described: string;
}

function namelessExperiments(
  { fields }: DesiredOf<"endpoint">,
  names: ReadonlyMap<string, string>,
  existing: readonly EndpointGuardrail[],
): NamelessExperiment[] {
  const { experiment_id, guardrails = [] } = fields;
  const byId = experiment_id === undefined ? [] : [names.get(experiment_id) ?? `#${experiment_id}`];
  return [
    ...byId.map((experiment) => ({ path: ["experiment_id"], experiment, described: "names" })),
    ...guardrails.flatMap((guardrail, index) => {
      const experiment = guardrail.scorer
        ? undefined
        : findMeant(guardrail, existing)?.scorer?.experiment;
      if (experiment === undefined) return [];
      return [{ path: ["guardrails", index, "name"], experiment, described: "has a scorer of" }];
    }),
  ];
}
