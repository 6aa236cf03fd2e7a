import type { Endpoint, ModelConfig } from "#gateway/types.ts";
import { fieldOf } from "#reconcile/change.ts";
import { endpointOwner } from "#reconcile/owner.ts";
import { bindingsSpokenOf } from "#reconcile/plan/compare.ts";
import {
  type ActualOf,
  type DesiredOf,
  type EndpointBinding,
  type EndpointFields,
  type EndpointModel,
  type ResourceKey,
  serverNameOf,
} from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { isReservedTag, OWNER_TAG_KEY, ownerMark, readMark } from "#runtime/marks.ts";
import { visible } from "#runtime/visible.ts";
import { type GatewayWriter, idOf, ignoreMissing, isFailure, stated } from "./gateway-writer.ts";
import { renameTarget } from "./write-budget.ts";
import type { Update, WriteContext } from "./write-context.ts";
import { writePlacements } from "./write-guardrails.ts";

/** An endpoint without models, which no list shows, has the name and is not known as this owner's. */
class EndpointTakenError extends GatewayOpsError {
  override readonly name = "EndpointTakenError";
  readonly code = "endpoint-taken";
  readonly disposition = "reject";
}

/** What hangs on an endpoint and has operations of its own. */
const PARTS = ["tags", "bindings", "guardrails"] as const;

/** What there is of the endpoint before the write. */
type Before = Pick<ActualOf<"endpoint">, "id" | "name" | "fields">;

/**
 * Writes an endpoint and what hangs on it. The owner's mark comes last: a resource that was not
 * finished stays unmarked and is adopted by the next run.
 */
export function writeEndpoint(
  context: WriteContext,
  desired: DesiredOf<"endpoint">,
  update: Update<"endpoint"> | undefined,
): Promise<string> {
  return update ? updateExisting(context, desired, update) : createNew(context, desired);
}

async function createNew(context: WriteContext, desired: DesiredOf<"endpoint">): Promise<string> {
  let hidden: Before | undefined;
  const endpoint_id = await writeBase(context, desired, undefined).catch(async (error: unknown) => {
    if (isFailure(error, "gateway-already-exists"))
      hidden = await findHidden(context, desired.name);
    if (!hidden) throw error;
    return writeBase(context, desired, hidden);
  });
  await writeParts(context, desired, endpoint_id, hidden, PARTS);
  return endpoint_id;
}

/** The base of the endpoint is written only when it changes: then whole, as the server needs it. */
async function updateExisting(
  context: WriteContext,
  desired: DesiredOf<"endpoint">,
  { actual, changed_fields }: Update<"endpoint">,
): Promise<string> {
  const fields = new Set(changed_fields.map(fieldOf));
  const parts = PARTS.filter((part) => fields.delete(part));
  // The mark is written with the parts.
  fields.delete("owner");
  const before = { ...actual, name: serverNameOf(actual) };
  if (fields.size > 0) await writeBase(context, desired, before);
  await writeParts(context, desired, actual.id, actual, parts);
  if (desired.name !== actual.name) {
    await renameTarget(context, { before: actual.name, after: desired.name });
  }
  return actual.id;
}

/**
 * Models and fallback go together: given without a fallback_config the server resets it, and models
 * attached one by one would leave fallback off.
 */
async function writeBase(
  { gateway, owner, ids, experiments }: WriteContext,
  { name, fields }: DesiredOf<"endpoint">,
  before: Before | undefined,
): Promise<string> {
  const { experiment } = fields;
  const experiment_id =
    experiment === undefined ? fields.experiment_id : await experiments.ensure(experiment);
  const settings = {
    model_configs: fields.models.map((model) => modelConfig(model, ids)),
    ...stated("routing_strategy", fields.routing_strategy ?? before?.fields.routing_strategy),
    ...stated("usage_tracking", fields.usage_tracking),
    ...stated("experiment_id", experiment_id),
    fallback_config: { ...before?.fields.fallback_config, ...fields.fallback_config },
  };
  const renamed = before && before.name !== name ? { name } : {};
  const written = before
    ? gateway.endpoints.update({
        endpoint_id: before.id,
        ...renamed,
        ...settings,
        updated_by: ownerMark(owner),
      })
    : gateway.endpoints.create({ name, ...settings, created_by: ownerMark(owner) });
  const { endpoint_id } = await written.catch(async (error: unknown) => {
    throw experiment === undefined ? error : await experiments.explain(experiment, error);
  });
  return endpoint_id;
}

async function writeParts(
  context: WriteContext,
  { fields }: DesiredOf<"endpoint">,
  endpoint_id: string,
  before: Before | undefined,
  parts: readonly (typeof PARTS)[number][],
): Promise<void> {
  const { gateway, owner } = context;
  const tags = before?.fields.tags ?? {};
  if (parts.includes("tags") && fields.tags) {
    await writeTags(gateway, endpoint_id, fields.tags, tags);
  }
  if (parts.includes("bindings") && fields.bindings) {
    const present = bindingsSpokenOf(fields.bindings, before?.fields.bindings);
    await writeBindings(context, endpoint_id, fields.bindings, present);
  }
  if (parts.includes("guardrails") && fields.guardrails) {
    await writePlacements(context, endpoint_id, fields.guardrails, before === undefined);
  }
  if (tags[OWNER_TAG_KEY] !== owner) {
    await gateway.endpoints.setTag({ endpoint_id, key: OWNER_TAG_KEY, value: owner });
  }
}

async function writeTags(
  gateway: GatewayWriter,
  endpoint_id: string,
  wanted: NonNullable<EndpointFields["tags"]>,
  before: NonNullable<EndpointFields["tags"]>,
): Promise<void> {
  for (const [key, value] of Object.entries(wanted)) {
    if (before[key] !== value) await gateway.endpoints.setTag({ endpoint_id, key, value });
  }
  for (const key of Object.keys(before)) {
    if (Object.hasOwn(wanted, key) || isReservedTag(key)) continue;
    await gateway.endpoints.deleteTag({ endpoint_id, key });
  }
}

async function writeBindings(
  { gateway, owner }: WriteContext,
  endpoint_id: string,
  wanted: readonly EndpointBinding[],
  before: readonly EndpointBinding[],
): Promise<void> {
  const without = (some: readonly EndpointBinding[], others: readonly EndpointBinding[]) => {
    const keys = new Set(others.map(bindingKey));
    return some.filter((binding) => !keys.has(bindingKey(binding)));
  };
  for (const binding of without(wanted, before)) {
    await gateway.bindings
      .create({ endpoint_id, ...binding, created_by: ownerMark(owner) })
      .catch(unlessTaken);
  }
  for (const binding of without(before, wanted)) {
    const { resource_type, resource_id } = binding;
    const identity = { endpoint_id, resource_type, resource_id };
    await gateway.bindings.delete(identity).catch(ignoreMissing);
  }
}

/** The three fields of a binding are all of it: one that is there is as good as a new one. */
function unlessTaken(error: unknown): void {
  if (!isFailure(error, "gateway-already-exists")) throw error;
}

function bindingKey({ resource_type, resource_id }: EndpointBinding): string {
  return JSON.stringify([resource_type, resource_id]);
}

/**
 * What has the name and is in no list, as it has no models: this owner's if it was made as that, and
 * left before a snapshot could know it. What a snapshot knows comes with the plan, as an update.
 */
async function findHidden(
  { gateway, owner }: WriteContext,
  name: string,
): Promise<Before | undefined> {
  const found = await gateway.endpoints.find({ name });
  if (!found || found.model_mappings.length > 0) return undefined;
  const maker = readMark(found.created_by);
  const { owner: marked = maker } = endpointOwner(found);
  if (maker !== owner || marked !== owner) throw takenBy(found, marked);
  const tags = Object.fromEntries(found.tags.map(({ key, value }) => [key, value]));
  const { routing_strategy, fallback_config } = found;
  // Its bindings are not looked at: those that are declared are made, or are there already.
  const fields = { models: [], routing_strategy, fallback_config, tags };
  return { id: found.endpoint_id, name, fields };
}

function takenBy({ name, endpoint_id, created_by }: Endpoint, owner: string | undefined) {
  const maker = created_by ? ` (made by "${created_by}")` : "";
  const whose = owner === undefined ? `nobody${maker}` : `the owner "${owner}"`;
  return new EndpointTakenError(
    visible(
      `the name "${name}" is taken by the endpoint ${endpoint_id}, which belongs to ${whose} and is in no list, as it has no models: give it one, so that it can be adopted, or delete it by its id`,
    ),
  );
}

function modelConfig(model: EndpointModel, ids: ReadonlyMap<ResourceKey, string>): ModelConfig {
  return {
    model_definition_id: idOf(ids, `model_definition/${model.model_definition}`),
    linkage_type: model.linkage_type,
    ...stated("weight", model.weight),
    ...stated("fallback_order", model.fallback_order),
  };
}
