import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import type {
  BudgetPolicy,
  CreateBudget,
  CreateEndpoint,
  CreateModelDefinition,
  Endpoint,
  ModelConfig,
  ModelDefinition,
  UpdateBudget,
  UpdateEndpoint,
  UpdateModelDefinition,
} from "#gateway/types.ts";
import { assert } from "#runtime/assert.ts";
import { LeaseHeldError } from "#runtime/errors.ts";
import { type Ledger, put } from "#runtime/ledger.ts";
import { budgetMark, OWNER_TAG_KEY, ownerMark } from "./owner.ts";
import type { Change } from "./plan.ts";
import type {
  ActualResource,
  BudgetFields,
  DesiredResource,
  EndpointModel,
  Kind,
  ResourceKey,
} from "./state.ts";

/** The part of the gateway client that applying needs, but for secrets (see `pushSecret`). */
export interface GatewayWriter {
  readonly modelDefinitions: {
    create(definition: CreateModelDefinition): Promise<ModelDefinition>;
    update(definition: UpdateModelDefinition): Promise<ModelDefinition>;
  };
  readonly endpoints: {
    create(endpoint: CreateEndpoint): Promise<Endpoint>;
    update(endpoint: UpdateEndpoint): Promise<Endpoint>;
    setTag(tag: {
      readonly endpoint_id: string;
      readonly key: string;
      readonly value: string;
    }): Promise<void>;
  };
  readonly budgets: {
    create(budget: CreateBudget): Promise<BudgetPolicy>;
    update(budget: UpdateBudget): Promise<BudgetPolicy>;
  };
}

export interface WriteContext {
  readonly gateway: GatewayWriter;
  readonly ledger: Ledger;
  readonly owner: string;
  /** Ids on the gateway of everything that exists, grown as the apply goes on. */
  readonly ids: ReadonlyMap<ResourceKey, string>;
}

export type DesiredOf<K extends Kind> = Extract<DesiredResource, { kind: K }>;
type ActualOf<K extends Kind> = Extract<ActualResource, { kind: K }>;

/** The resource of a change as it is on the gateway; undefined for a create. */
export function actualOf<K extends Kind>(change: Change, kind: K): ActualOf<K> | undefined {
  if (change.action === "create") return undefined;
  assert(change.actual.kind === kind, `a change of a ${kind} is matched with another kind`);
  return change.actual as ActualOf<K>;
}

export async function writeModelDefinition(
  { gateway, owner, ids }: WriteContext,
  { name, fields }: DesiredOf<"model_definition">,
  actual: ActualOf<"model_definition"> | undefined,
): Promise<string> {
  const { provider, model_name } = fields;
  const secret_id = idOf(ids, `secret/${fields.secret}`);
  const written = actual
    ? await gateway.modelDefinitions.update({
        model_definition_id: actual.id,
        secret_id,
        provider,
        model_name,
        updated_by: ownerMark(owner),
      })
    : await gateway.modelDefinitions.create({
        name,
        secret_id,
        provider,
        model_name,
        created_by: ownerMark(owner),
      });
  return written.model_definition_id;
}

/**
 * Writes models and fallback together: given without a fallback_config the server resets it, and
 * models attached one by one would leave fallback off. The owner's mark comes last: a resource
 * that was not finished stays unmarked and is adopted by the next run.
 */
export async function writeEndpoint(
  { gateway, owner, ids }: WriteContext,
  { name, fields }: DesiredOf<"endpoint">,
  actual: ActualOf<"endpoint"> | undefined,
): Promise<string> {
  const model_configs = fields.models.map((model) => modelConfig(model, ids));
  const settings = {
    ...stated("routing_strategy", fields.routing_strategy),
    ...stated("usage_tracking", fields.usage_tracking),
    fallback_config: { ...actual?.fields.fallback_config, ...fields.fallback_config },
  };
  const { endpoint_id } = actual
    ? await gateway.endpoints.update({
        endpoint_id: actual.id,
        model_configs,
        ...settings,
        updated_by: ownerMark(owner),
      })
    : await gateway.endpoints.create({
        name,
        model_configs,
        ...settings,
        created_by: ownerMark(owner),
      });
  const tags = Object.entries({ ...fields.tags, [OWNER_TAG_KEY]: owner });
  for (const [key, value] of tags) {
    if (actual?.fields.tags?.[key] === value) continue;
    await gateway.endpoints.setTag({ endpoint_id, key, value });
  }
  return endpoint_id;
}

export async function writeBudget(
  { gateway, ledger, owner, ids }: WriteContext,
  { name, fields }: DesiredOf<"budget">,
  actual: ActualOf<"budget"> | undefined,
): Promise<string> {
  const policy = policyFields(fields, ids);
  const id =
    actual?.id ??
    (await gateway.budgets.create({ ...policy, created_by: budgetMark(owner, name) }))
      .budget_policy_id;
  if (actual && !isSamePolicy(fields, actual.fields)) {
    await gateway.budgets.update({ budget_policy_id: id, ...policy, updated_by: ownerMark(owner) });
  }
  const { thresholds, labels, target_scope, target_value } = fields;
  const settings = { name, owner, target: target_value ?? target_scope, thresholds, labels };
  const record = await ledger.read(BUDGET_SETTINGS, id);
  if (!(await ledger.commit([put(BUDGET_SETTINGS, id, settings, record)]))) {
    throw new LeaseHeldError(`the settings of budget ${name} were written by another run`);
  }
  return id;
}

/** A write makes the server compute every window: settings that only we keep need none. */
function isSamePolicy(one: BudgetFields, other: BudgetFields): boolean {
  return (
    one.budget_unit === other.budget_unit &&
    one.budget_amount === other.budget_amount &&
    one.duration.unit === other.duration.unit &&
    one.duration.value === other.duration.value &&
    one.target_scope === other.target_scope &&
    one.target_value === other.target_value &&
    one.budget_action === other.budget_action
  );
}

function policyFields(fields: BudgetFields, ids: ReadonlyMap<ResourceKey, string>) {
  const { budget_unit, budget_amount, duration, target_scope, budget_action } = fields;
  const target =
    target_scope === "ENDPOINT"
      ? idOf(ids, `endpoint/${fields.target_value}`)
      : fields.target_value;
  return {
    budget_unit,
    budget_amount,
    duration,
    target_scope,
    budget_action,
    ...stated("target_value", target),
  };
}

function modelConfig(model: EndpointModel, ids: ReadonlyMap<ResourceKey, string>): ModelConfig {
  return {
    model_definition_id: idOf(ids, `model_definition/${model.model_definition}`),
    linkage_type: model.linkage_type,
    ...stated("weight", model.weight),
    ...stated("fallback_order", model.fallback_order),
  };
}

function idOf(ids: ReadonlyMap<ResourceKey, string>, key: ResourceKey): string {
  const id = ids.get(key);
  assert(id !== undefined, `${key} is used before it exists`);
  return id;
}

function stated<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}
