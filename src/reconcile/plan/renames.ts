import type {
  ActualResource,
  EndpointFields,
  EndpointGuardrail,
  Kind,
  ResourceKey,
} from "#reconcile/state.ts";

/** New names by old key, of what is renamed in place. */
export type Renames = ReadonlyMap<ResourceKey, string>;

/**
 * An actual resource with the names that what it refers to is to have. MLflow refers by id, so
 * that a rename alone changes nothing about what uses the renamed resource.
 */
export function throughRenames<R extends ActualResource>(actual: R, renames: Renames): R {
  if (renames.size === 0) return actual;
  const resource: ActualResource = actual;
  if (resource.kind === "endpoint") {
    return { ...actual, fields: renamedEndpoint(resource.fields, renames) };
  }
  if (resource.kind !== "budget" || resource.fields.target_scope !== "ENDPOINT") return actual;
  const { target_value } = resource.fields;
  if (target_value === undefined) return actual;
  return {
    ...actual,
    fields: { ...resource.fields, target_value: nameAfter(renames, "endpoint", target_value) },
  };
}

function renamedEndpoint(fields: EndpointFields, renames: Renames): EndpointFields {
  const { models, guardrails } = fields;
  return {
    ...fields,
    models: models.map((model) => ({
      ...model,
      model_definition: nameAfter(renames, "model_definition", model.model_definition),
    })),
    ...(guardrails && {
      guardrails: guardrails.map((guardrail) => guardrailThroughRenames(guardrail, renames)),
    }),
  };
}

export function guardrailThroughRenames<G extends EndpointGuardrail>(
  guardrail: G,
  renames: Renames,
): G {
  const { action_endpoint } = guardrail;
  if (renames.size === 0 || action_endpoint === undefined) return guardrail;
  return { ...guardrail, action_endpoint: nameAfter(renames, "endpoint", action_endpoint) };
}

function nameAfter(renames: Renames, kind: Kind, name: string): string {
  return renames.get(`${kind}/${name}`) ?? name;
}
