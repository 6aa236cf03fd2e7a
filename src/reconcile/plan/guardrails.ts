import type { EndpointGuardrail, ScorerReference } from "#reconcile/state.ts";

/** Whether a guardrail is the one that is meant: it has the name and all that is stated of it. */
export function isMeant(desired: EndpointGuardrail, actual: EndpointGuardrail): boolean {
  if (actual.name !== desired.name) return false;
  return guardrailParts(actual, { ...desired, execution_order: undefined }).length === 0;
}

/** The guardrail on an endpoint that is meant, whatever its place. */
export function findMeant<G extends EndpointGuardrail>(
  desired: EndpointGuardrail,
  guardrails: readonly G[],
): G | undefined {
  return guardrails.find((actual) => isMeant(desired, actual));
}

const PLACED: Readonly<Record<Exclude<keyof EndpointGuardrail, "name" | "scorer">, true>> = {
  stage: true,
  action: true,
  action_endpoint: true,
  execution_order: true,
};
const SCORED: Readonly<Record<keyof ScorerReference, true>> = {
  experiment: true,
  name: true,
  version: true,
};
const PLACED_PARTS = Object.keys(PLACED) as (keyof typeof PLACED)[];
const SCORED_PARTS = Object.keys(SCORED) as (keyof ScorerReference)[];

/** In what a guardrail of an endpoint is not as it is stated, whatever else it may be. */
export function guardrailParts(
  actual: EndpointGuardrail,
  desired: EndpointGuardrail,
): readonly { readonly part: string; readonly before: unknown; readonly after: unknown }[] {
  const { scorer } = desired;
  return [
    ...PLACED_PARTS.map((part) => ({ part, before: actual[part], after: desired[part] })),
    ...(scorer ? SCORED_PARTS : []).map((part) => ({
      part: `scorer.${part}`,
      before: actual.scorer?.[part],
      after: scorer?.[part],
    })),
  ].filter(({ before, after }) => after !== undefined && before !== after);
}

export function describeGuardrail(guardrail: EndpointGuardrail): string {
  const { name, stage, action, scorer, action_endpoint, execution_order } = guardrail;
  const version = scorer?.version === undefined ? "" : ` version ${scorer.version}`;
  return [
    name,
    stage,
    action,
    scorer && `by ${scorer.experiment}/${scorer.name}${version}`,
    action_endpoint && `rewritten by ${action_endpoint}`,
    execution_order !== undefined && `order ${execution_order}`,
  ]
    .filter(Boolean)
    .join(" ");
}
