import type { Change } from "#reconcile/change.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { isMeant } from "#reconcile/plan/guardrails.ts";
import {
  type ActualGuardrail,
  type ActualResource,
  type ActualState,
  type DesiredResource,
  type EndpointFields,
  type EndpointGuardrail,
  type Kind,
  keyOf,
  serverNameOf,
} from "#reconcile/state.ts";
import { OWNER } from "./state-arbitraries.ts";

/** What a change makes of the gateway, as MLflow does it: it refers by id, and keeps what is not said. */
export function applied(actual: ActualState, change: Change): ActualState {
  if (change.action === "delete") {
    return {
      ...actual,
      resources: actual.resources.filter((resource) => !isSame(resource, change.actual)),
    };
  }
  const { desired } = change;
  // As it is by now: an earlier change may have renamed what it names.
  const before =
    change.action === "create"
      ? undefined
      : actual.resources.find((resource) => isSame(resource, change.actual));
  const experiments = new Map(actual.experiments);
  if (desired.kind === "endpoint" && desired.fields.experiment !== undefined) {
    const name = desired.fields.experiment;
    if (!experiments.has(name)) experiments.set(name, `id-of-${name}`);
  }
  const guardrails = withCreated(actual.guardrails, desired);
  const written = {
    kind: desired.kind,
    id: before?.id ?? `new-${keyOf(desired)}`,
    name: desired.name,
    owner: OWNER,
    fields: fieldsAfter(before, desired, experiments, guardrails),
  } as ActualResource;
  const others = actual.resources.filter((resource) => !before || !isSame(resource, before));
  checkNameFree(written, others);
  const resources = [...others, written];
  const rename = before && before.name !== desired.name ? before : undefined;
  return {
    ...actual,
    experiments,
    guardrails: guardrails.map((one) => (rename ? pointed(one, rename, desired) : one)),
    resources: rename ? resources.map((one) => repointed(one, rename, desired)) : resources,
  };
}

/** As the server does, which knows no names but its own. */
function checkNameFree(written: ActualResource, others: readonly ActualResource[]): void {
  const isTaken = others.some(
    (other) => other.kind === written.kind && serverNameOf(other) === written.name,
  );
  if (isTaken && TRAITS[written.kind].isNamed) throw new Error(`${keyOf(written)} is taken`);
}

function isSame(one: ActualResource, other: ActualResource): boolean {
  return one.kind === other.kind && one.id === other.id;
}

function fieldsAfter(
  before: ActualResource | undefined,
  desired: DesiredResource,
  experiments: ReadonlyMap<string, string>,
  guardrails: readonly ActualGuardrail[],
): object {
  const stated = Object.fromEntries(
    Object.entries(desired.fields).filter(([, field]) => field !== undefined),
  );
  if (desired.kind !== "endpoint") return { ...before?.fields, ...stated };
  const old = before?.fields as EndpointFields | undefined;
  const { experiment, ...fields } = stated as Partial<EndpointFields>;
  return {
    ...old,
    ...fields,
    ...(experiment !== undefined && { experiment_id: experiments.get(experiment) }),
    ...(fields.fallback_config && {
      fallback_config: { ...old?.fallback_config, ...defined(fields.fallback_config) },
    }),
    ...(fields.tags && { tags: { ...fields.tags, "gwops/owner": OWNER } }),
    ...(fields.guardrails && {
      guardrails: fields.guardrails.map((one) => placed(one, old?.guardrails ?? [], guardrails)),
    }),
  };
}

function defined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}

/** A guardrail as the endpoint has it: one that is on it already stays. */
function placed(
  desired: EndpointGuardrail,
  present: readonly EndpointGuardrail[],
  all: readonly ActualGuardrail[],
): EndpointGuardrail {
  const existing = [...present, ...all].find((one) => isMeant(desired, one));
  if (!existing) throw new Error(`the guardrail ${desired.name} was not made`);
  return { ...existing, execution_order: desired.execution_order ?? existing.execution_order };
}

function withCreated(
  guardrails: readonly ActualGuardrail[],
  desired: DesiredResource,
): ActualGuardrail[] {
  const all = [...guardrails];
  const wanted = (desired.kind === "endpoint" && desired.fields.guardrails) || [];
  for (const { execution_order: _, ...guardrail } of wanted) {
    if (all.some((one) => isMeant(guardrail, one)) || !guardrail.scorer) continue;
    const scorer = { version: 2, ...guardrail.scorer };
    all.push({ ...guardrail, scorer, id: `gr-${all.length}` });
  }
  return all;
}

/** A reference by name to what has a new one; on the server it is by id. */
function repointed(
  resource: ActualResource,
  from: ActualResource,
  to: DesiredResource,
): ActualResource {
  const rename = (kind: Kind, name: string | undefined) =>
    kind === from.kind && name === from.name ? to.name : name;
  switch (resource.kind) {
    case "secret":
    case "model_definition":
      return resource;
    case "endpoint": {
      const { models, guardrails } = resource.fields;
      return {
        ...resource,
        fields: {
          ...resource.fields,
          models: models.map((model) => ({
            ...model,
            model_definition: rename("model_definition", model.model_definition) ?? "",
          })),
          guardrails: guardrails?.map((one) => pointed(one, from, to)),
        },
      };
    }
    case "budget":
      return resource.fields.target_scope !== "ENDPOINT"
        ? resource
        : {
            ...resource,
            fields: {
              ...resource.fields,
              target_value: rename("endpoint", resource.fields.target_value),
            },
          };
  }
}

function pointed<G extends EndpointGuardrail>(
  guardrail: G,
  from: ActualResource,
  to: DesiredResource,
): G {
  return from.kind === "endpoint" && guardrail.action_endpoint === from.name
    ? { ...guardrail, action_endpoint: to.name }
    : guardrail;
}
