import type { BudgetSettings } from "#budgets/settings.ts";
import {
  type Binding,
  BUDGET_ACTIONS,
  BUDGET_UNITS,
  type BudgetPolicy,
  DURATION_UNITS,
  type Endpoint,
  FALLBACK_STRATEGIES,
  GUARDRAIL_ACTIONS,
  GUARDRAIL_STAGES,
  type GuardrailConfig,
  LINKAGE_TYPES,
  type ModelDefinition,
  RESOURCE_TYPES,
  ROUTING_STRATEGIES,
  type Secret,
  TARGET_SCOPES,
} from "#gateway/types.ts";
import { budgetNameOf, endpointOwner, ownerOf } from "#reconcile/owner.ts";
import {
  type ActualOf,
  type ActualResource,
  type EndpointBinding,
  type Identity,
  identityOf,
  KINDS,
  type Kind,
} from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { isProbe, readMark } from "#runtime/marks.ts";
import { isUntouched, type ManagedSecret } from "#secrets/managed-secret.ts";
import { fromPlacement, type GuardrailNames } from "./guardrails.ts";

/** The part of the gateway client that lists what is managed. */
export interface ResourceReader {
  readonly secrets: {
    list(): Promise<readonly Secret[]>;
    get(secret: { readonly secret_id: string }): Promise<Secret>;
  };
  readonly modelDefinitions: {
    list(): Promise<readonly ModelDefinition[]>;
    get(definition: { readonly model_definition_id: string }): Promise<ModelDefinition>;
  };
  readonly endpoints: {
    list(): Promise<readonly Endpoint[]>;
    get(endpoint: { readonly endpoint_id: string }): Promise<Endpoint>;
  };
  readonly budgets: {
    list(): Promise<readonly BudgetPolicy[]>;
    get(policy: { readonly budget_policy_id: string }): Promise<BudgetPolicy>;
  };
}

/** What the server says of a resource of each kind. */
interface Raw {
  readonly secret: Secret;
  readonly model_definition: ModelDefinition;
  readonly endpoint: Endpoint;
  readonly budget: BudgetPolicy;
}

export type RawLists = { readonly [K in Kind]: readonly Raw[K][] };

/** What else is known of the resources. */
export interface Surroundings {
  /** The record of the secret of that name. */
  readonly managedOf: (name: string) => ManagedSecret | undefined;
  /** Both by endpoint id; placements only of endpoints whose guardrails were observed. */
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
  readonly placements: ReadonlyMap<string, readonly GuardrailConfig[]>;
  /** By policy id. */
  readonly settings: ReadonlyMap<string, BudgetSettings>;
  readonly names: GuardrailNames;
}

interface Observer<K extends Kind> {
  readonly list: (gateway: ResourceReader) => Promise<readonly Raw[K][]>;
  /** Fails when nothing has the id. */
  readonly get: (gateway: ResourceReader, id: string) => Promise<Raw[K]>;
  readonly idOf: (raw: Raw[K]) => string;
  readonly convert: (raw: Raw[K], surroundings: Surroundings) => ActualOf<K>;
}

/** In the order in which they are asked for: the longest first, the others fit in beside it. */
const OBSERVERS: { readonly [K in Kind]: Observer<K> } = {
  endpoint: {
    list: ({ endpoints }) => endpoints.list(),
    get: ({ endpoints }, endpoint_id) => endpoints.get({ endpoint_id }),
    idOf: ({ endpoint_id }) => endpoint_id,
    convert: fromEndpoint,
  },
  secret: {
    list: ({ secrets }) => secrets.list(),
    get: ({ secrets }, secret_id) => secrets.get({ secret_id }),
    idOf: ({ secret_id }) => secret_id,
    convert: fromSecret,
  },
  model_definition: {
    list: ({ modelDefinitions }) => modelDefinitions.list(),
    get: ({ modelDefinitions }, model_definition_id) =>
      modelDefinitions.get({ model_definition_id }),
    idOf: ({ model_definition_id }) => model_definition_id,
    convert: fromModelDefinition,
  },
  budget: {
    list: ({ budgets }) => budgets.list(),
    get: ({ budgets }, budget_policy_id) => budgets.get({ budget_policy_id }),
    idOf: ({ budget_policy_id }) => budget_policy_id,
    convert: fromBudget,
  },
};

/** What has the id, whether or not a list shows it; undefined when nothing has it. */
export async function getResource<K extends Kind>(
  gateway: ResourceReader,
  kind: K,
  id: string,
): Promise<Raw[K] | undefined> {
  try {
    return await OBSERVERS[kind].get(gateway, id);
  } catch (error) {
    if (error instanceof GatewayOpsError && error.code === "gateway-not-found") return undefined;
    throw error;
  }
}

/** What the lists show, each once: a list of several pages can show one twice. */
export function identitiesIn(lists: RawLists): Set<Identity> {
  return new Set(
    KINDS.flatMap((kind) => [...byId(kind, lists).keys()].map((id) => identityOf({ kind, id }))),
  );
}

function byId<K extends Kind>(kind: K, lists: RawLists): Map<string, Raw[K]> {
  const { idOf } = OBSERVERS[kind];
  return new Map(lists[kind].map((raw) => [idOf(raw), raw]));
}

/** What the server says of each resource of a kind. */
export function rawByIdentity<K extends Kind>(kind: K, lists: RawLists): [Identity, Raw[K]][] {
  return [...byId(kind, lists)].map(([id, raw]) => [identityOf({ kind, id }), raw]);
}

/**
 * One list of each kind. Without what was made to try a value: this is the only place where it is
 * left out, and nothing that is made of the lists ever knows of it.
 */
export async function listResources(gateway: ResourceReader): Promise<RawLists> {
  const lists = Object.entries(OBSERVERS).map(
    async ([kind, { list }]) => [kind, (await list(gateway)).filter(isNoProbe)] as const,
  );
  return Object.fromEntries(await Promise.all(lists)) as unknown as RawLists;
}

function isNoProbe(raw: Raw[Kind]): boolean {
  const { secret_name = "", name = secret_name, created_by } = raw as Partial<Secret & Endpoint>;
  return !isProbe({ name, created_by });
}

export function resourcesIn(lists: RawLists, surroundings: Surroundings): ActualResource[] {
  return KINDS.flatMap((kind) => resourcesOf(kind, lists, surroundings));
}

function resourcesOf<K extends Kind>(
  kind: K,
  lists: RawLists,
  surroundings: Surroundings,
): ActualResource[] {
  const { convert } = OBSERVERS[kind];
  return [...byId(kind, lists).values()].map((raw) => convert(raw, surroundings));
}

function fromSecret(secret: Secret, { managedOf }: Surroundings): ActualOf<"secret"> {
  const { target, pushed } = managedOf(secret.secret_name) ?? {};
  // Nobody can read the value back; what is known is what was pushed, if it was left alone.
  const known = pushed && isUntouched(pushed, secret) ? pushed : undefined;
  return {
    kind: "secret",
    id: secret.secret_id,
    name: secret.secret_name,
    ...ownerOf(secret),
    fields: {
      provider: secret.provider ?? "",
      auth_config: secret.auth_config,
      value_from: known?.value_from,
      source_version: known?.version_id,
      as_stored: known && target?.as_stored,
      probe: target?.probe,
    },
  };
}

function fromModelDefinition(definition: ModelDefinition): ActualOf<"model_definition"> {
  const { model_definition_id, name, secret_name, provider, model_name } = definition;
  return {
    kind: "model_definition",
    id: model_definition_id,
    name,
    ...ownerOf(definition),
    fields: { secret: secret_name, provider, model_name },
  };
}

function fromEndpoint(endpoint: Endpoint, surroundings: Surroundings): ActualOf<"endpoint"> {
  const { names } = surroundings;
  const bindings = surroundings.bindings.get(endpoint.endpoint_id) ?? [];
  const placements = surroundings.placements.get(endpoint.endpoint_id);
  const { experiment_id } = endpoint;
  return {
    kind: "endpoint",
    id: endpoint.endpoint_id,
    name: endpoint.name,
    ...endpointOwner(endpoint),
    ...unknownIn([
      ...endpoint.model_mappings.map(
        ({ linkage_type }) => ["linkage_type", linkage_type, LINKAGE_TYPES] as const,
      ),
      ["routing_strategy", endpoint.routing_strategy, ROUTING_STRATEGIES],
      ["fallback_config.strategy", endpoint.fallback_config?.strategy, FALLBACK_STRATEGIES],
      ...bindings
        .filter(({ created_by }) => readMark(created_by) !== undefined)
        .map(({ resource_type }) => ["bindings", resource_type, RESOURCE_TYPES] as const),
      ...(placements ?? []).flatMap(({ guardrail }) => [
        ["guardrails.stage", guardrail?.stage, GUARDRAIL_STAGES] as const,
        ["guardrails.action", guardrail?.action, GUARDRAIL_ACTIONS] as const,
      ]),
    ]),
    fields: {
      models: endpoint.model_mappings.map((mapping) => ({
        model_definition: mapping.model_definition?.name ?? mapping.model_definition_id,
        linkage_type: mapping.linkage_type,
        weight: mapping.weight,
        fallback_order: mapping.fallback_order,
      })),
      routing_strategy: endpoint.routing_strategy,
      fallback_config: endpoint.fallback_config,
      usage_tracking: endpoint.usage_tracking,
      experiment: experiment_id && names.experiments.get(experiment_id),
      experiment_id,
      tags: Object.fromEntries(endpoint.tags.map(({ key, value }) => [key, value])),
      bindings: bindings
        .map(fromBinding)
        .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      guardrails: placements?.map((placement) => fromPlacement(placement, names)),
    },
  };
}

/** MLflow binds an endpoint by itself when a judge is registered on it. */
function fromBinding({ resource_type, resource_id, created_by }: Binding): EndpointBinding {
  return {
    resource_type,
    resource_id,
    ...(readMark(created_by) === undefined && { is_foreign: true }),
  };
}

/**
 * Budgets have no name of their own: theirs is the one in the ledger, else the one in our mark; one
 * without either is nobody's and named by its id.
 */
function fromBudget(
  policy: BudgetPolicy,
  { settings: settingsById, names }: Surroundings,
): ActualOf<"budget"> {
  const settings = settingsById.get(policy.budget_policy_id);
  const { target_scope, target_value: target } = policy;
  const { budget_unit, budget_amount, duration, budget_action } = policy;
  const mark = budgetNameOf(policy);
  return {
    kind: "budget",
    id: policy.budget_policy_id,
    name: settings?.name ?? mark?.name ?? policy.budget_policy_id,
    ...(mark && { owner: mark.owner }),
    ...unknownIn([
      ["budget_unit", budget_unit, BUDGET_UNITS],
      ["duration.unit", duration.unit, DURATION_UNITS],
      ["target_scope", target_scope, TARGET_SCOPES],
      ["budget_action", budget_action, BUDGET_ACTIONS],
    ]),
    fields: {
      budget_unit,
      budget_amount,
      duration,
      target_scope,
      target_value:
        target_scope === "ENDPOINT" && target ? (names.endpoints.get(target) ?? target) : target,
      budget_action,
      thresholds: settings?.thresholds,
      labels: settings?.labels,
    },
  };
}

/** A field, its value, and the values that we know. */
type Enumerated = readonly [string, string | undefined, readonly string[]];

function unknownIn(values: readonly Enumerated[]): { unknown_values?: readonly string[] } {
  const unknown = values
    .filter(([, value, known]) => value !== undefined && !known.includes(value))
    .map(([field, value]) => `${field} "${value}"`);
  return unknown.length === 0 ? {} : { unknown_values: [...new Set(unknown)] };
}
