import { withNames } from "#reconcile/kinds.ts";
import type { ActualResource, EndpointGuardrail, Kind, ResourceKey } from "#reconcile/state.ts";

/** New names by old key, of what is renamed in place. */
export type Renames = ReadonlyMap<ResourceKey, string>;

/**
 * An actual resource with the names that what it refers to is to have. MLflow refers by id, so
 * that a rename alone changes nothing about what uses the renamed resource.
 */
export function throughRenames<R extends ActualResource>(actual: R, renames: Renames): R {
  if (renames.size === 0) return actual;
  const { kind, fields }: ActualResource = actual;
  const renamed = withNames(kind, fields, (named, name) => nameAfter(renames, named, name));
  return { ...actual, fields: renamed };
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
