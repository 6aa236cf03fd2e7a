import type { EndpointGuardrail } from "#reconcile/state.ts";

/** Whether a guardrail is the one that is meant: it has the name and all that is stated of it. */
export function isMeant(desired: EndpointGuardrail, actual: EndpointGuardrail): boolean {
  const { name, scorer, stage, action, action_endpoint } = desired;
  return (
    actual.name === name &&
    (stage === undefined || actual.stage === stage) &&
    (action === undefined || actual.action === action) &&
    (action_endpoint === undefined || actual.action_endpoint === action_endpoint) &&
    (scorer === undefined ||
      (actual.scorer?.experiment === scorer.experiment &&
        actual.scorer.name === scorer.name &&
        (scorer.version === undefined || actual.scorer.version === scorer.version)))
  );
}

/** The guardrail on an endpoint that is meant, whatever its place. */
export function findMeant<G extends EndpointGuardrail>(
  desired: EndpointGuardrail,
  guardrails: readonly G[],
): G | undefined {
  return guardrails.find((actual) => isMeant(desired, actual));
}

/** Whether an endpoint has the declared guardrails and no other; they are declared by name. */
export function isSameGuardrails(
  desired: readonly EndpointGuardrail[],
  actual: readonly EndpointGuardrail[],
): boolean {
  if (desired.length !== actual.length) return false;
  const left = [...actual];
  return desired.every((guardrail) => {
    const index = left.findIndex(
      (other) =>
        isMeant(guardrail, other) &&
        (guardrail.execution_order === undefined ||
          other.execution_order === guardrail.execution_order),
    );
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
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
