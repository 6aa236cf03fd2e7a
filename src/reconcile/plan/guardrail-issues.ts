import type { PlanIssue } from "#reconcile/change.ts";
import {
  type ActualGuardrail,
  type ActualState,
  type EndpointGuardrail,
  keyOf,
  type RegisteredScorer,
  type ScorerReference,
  scorerKey,
} from "#reconcile/state.ts";
import { groupBy } from "#runtime/group-by.ts";
import { findMeant, isMeant } from "./guardrails.ts";
import type { Match } from "./matching.ts";
import { guardrailThroughRenames, type Renames } from "./renames.ts";

type Fault = Pick<PlanIssue, "rule" | "message"> & { readonly below?: readonly string[] };
type Scorers = ActualState["scorers"];

/**
 * The guardrails that endpoints are to have are on them already, exist once, or can be made of a
 * registered scorer.
 */
export function guardrailIssues(
  matches: readonly Match[],
  { guardrails, scorers }: ActualState,
  renames: Renames,
): PlanIssue[] {
  const byName = groupBy(
    guardrails.map((guardrail) => guardrailThroughRenames(guardrail, renames)),
    ({ name }) => name,
  );
  return matches.flatMap(({ desired, actual }) => {
    if (desired.kind !== "endpoint" || !desired.fields.guardrails) return [];
    const present = (actual?.kind === "endpoint" && actual.fields.guardrails) || [];
    const renamed = present.map((guardrail) => guardrailThroughRenames(guardrail, renames));
    return desired.fields.guardrails.flatMap((guardrail, index): PlanIssue[] => {
      if (findMeant(guardrail, renamed)) return [];
      const fault = faultOf(guardrail, byName.get(guardrail.name) ?? [], scorers);
      if (!fault) return [];
      const { rule, message, below = [] } = fault;
      return [{ rule, key: keyOf(desired), path: ["guardrails", index, ...below], message }];
    });
  });
}

function faultOf(
  guardrail: EndpointGuardrail,
  named: readonly ActualGuardrail[],
  scorers: Scorers,
): Fault | undefined {
  const meant = named.filter((existing) => isMeant(guardrail, existing));
  if (guardrail.scorer) {
    return meant.length > 0 ? undefined : creationFault(guardrail, guardrail.scorer, scorers);
  }
  if (meant.length === 1) return undefined;
  if (meant.length > 1) {
    const ids = meant.map(({ id }) => id).sort();
    const message = `names the guardrail "${guardrail.name}", of which there are several (${ids.join(", ")}): state its scorer, stage and action`;
    return { rule: "known-references", message };
  }
  const message =
    named.length > 0
      ? `names the guardrail "${guardrail.name}", which exists with another stage, action or action_endpoint only: state its scorer to have one made`
      : `names the guardrail "${guardrail.name}", which does not exist: state its scorer, stage and action to have it made`;
  return { rule: "known-references", message };
}

function creationFault(
  { name, stage, action }: EndpointGuardrail,
  scorer: ScorerReference,
  scorers: Scorers,
): Fault | undefined {
  const registered = scorers.get(scorerKey(scorer));
  if (!registered) {
    const message = `names the scorer "${scorer.name}" of the experiment "${scorer.experiment}", which is not registered`;
    return { rule: "known-scorers", message, below: ["scorer"] };
  }
  if (isTooNew(scorer, registered)) {
    const message = `names version ${scorer.version} of the scorer "${scorer.name}", whose newest is ${registered.version}`;
    return { rule: "known-scorers", message, below: ["scorer", "version"] };
  }
  if (stage !== undefined && action !== undefined) return undefined;
  const message = `must state stage and action: the guardrail "${name}" does not exist and is to be made`;
  return { rule: "known-references", message };
}

function isTooNew({ version }: ScorerReference, registered: RegisteredScorer): boolean {
  return version !== undefined && version > registered.version;
}
