/**
 * Every operation of the server that the client uses, as one table: address, effect, and the names
 * of the fields that go out. Nothing of MLflow's own addresses is written anywhere else. The
 * contract test compares it with what MLflow declares.
 */
export interface Operation<Field extends string = string> {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly effect: Effect;
  /**
   * Only a type: the names of the fields of the request, which are the query of a GET and the JSON
   * body of all others (of a DELETE too).
   */
  readonly request?: Field;
}

/**
 * What a second, equal request does: nothing when it is a `read`; the same again when it is a
 * `replace` (our updates replace whole fields); perhaps a second resource when it is a `create`,
 * since no name protects a budget; and a `remove` finds nothing to remove any more.
 */
export type Effect = "read" | "create" | "replace" | "remove";

type ModelDefinitionField = "name" | "secret_id" | "provider" | "model_name";
type EndpointField =
  | "name"
  | "model_configs"
  | "routing_strategy"
  | "fallback_config"
  | "experiment_id"
  | "usage_tracking";
type BindingField = "endpoint_id" | "resource_type" | "resource_id";
type BudgetField =
  | "budget_unit"
  | "budget_amount"
  | "duration"
  | "budget_action"
  | "target_scope"
  | "target_value";
type GuardrailField =
  | "name"
  | "scorer_id"
  | "scorer_version"
  | "stage"
  | "action"
  | "action_endpoint_id";
type PlacementField = "endpoint_id" | "guardrail_id";
type PageField = "max_results" | "page_token";

export const OPERATIONS = {
  createSecret: create<"secret_name" | "secret_value" | "provider" | "auth_config" | "created_by">(
    "secrets/create",
  ),
  getSecret: read<"secret_id">("secrets/get"),
  updateSecret: replace<"secret_id" | "secret_value" | "auth_config" | "updated_by">(
    "secrets/update",
  ),
  deleteSecret: remove<"secret_id">("secrets/delete"),
  listSecrets: read<"provider">("secrets/list"),

  createModelDefinition: create<ModelDefinitionField | "created_by">("model-definitions/create"),
  getModelDefinition: read<"model_definition_id">("model-definitions/get"),
  updateModelDefinition: replace<"model_definition_id" | ModelDefinitionField | "updated_by">(
    "model-definitions/update",
  ),
  deleteModelDefinition: remove<"model_definition_id">("model-definitions/delete"),
  listModelDefinitions: read<"provider" | "secret_id">("model-definitions/list"),

  createEndpoint: create<EndpointField | "created_by">("endpoints/create"),
  getEndpoint: read<"endpoint_id" | "name">("endpoints/get"),
  updateEndpoint: replace<"endpoint_id" | EndpointField | "updated_by">("endpoints/update"),
  deleteEndpoint: remove<"endpoint_id">("endpoints/delete"),
  /** The server also declares `secret_id`, and ignores it. */
  listEndpoints: read<"provider">("endpoints/list"),
  attachModel: create<"endpoint_id" | "model_config" | "created_by">("endpoints/models/attach"),
  detachModel: {
    ...remove<"endpoint_id" | "model_definition_id">("endpoints/models/detach"),
    method: "POST",
  },
  setEndpointTag: replace<"endpoint_id" | "key" | "value">("endpoints/set-tag"),
  deleteEndpointTag: remove<"endpoint_id" | "key">("endpoints/delete-tag"),

  createBinding: create<BindingField | "created_by">("endpoints/bindings/create"),
  deleteBinding: remove<BindingField>("endpoints/bindings/delete"),
  listBindings: read<BindingField>("endpoints/bindings/list"),

  createBudget: create<BudgetField | "created_by">("budgets/create"),
  getBudget: read<"budget_policy_id">("budgets/get"),
  updateBudget: replace<"budget_policy_id" | BudgetField | "updated_by">("budgets/update"),
  deleteBudget: remove<"budget_policy_id">("budgets/delete"),
  listBudgets: read<PageField>("budgets/list"),
  listBudgetWindows: read("budgets/windows"),

  createGuardrail: create<GuardrailField>("guardrails/create"),
  getGuardrail: read<"guardrail_id">("guardrails/get"),
  deleteGuardrail: remove<"guardrail_id">("guardrails/delete"),
  listGuardrails: read<PageField>("guardrails/list"),
  addGuardrail: create<PlacementField | "execution_order">("guardrails/add-to-endpoint"),
  removeGuardrail: remove<PlacementField>("guardrails/remove-from-endpoint"),
  listEndpointGuardrails: read<"endpoint_id">("guardrails/list-for-endpoint"),
  updateGuardrailConfig: {
    ...replace<PlacementField | "execution_order">("guardrails/update-config"),
    method: "PATCH",
  },

  // Made for MLflow's own web pages: not under /api, and without a promise of stability.
  listProviders: ask(page("supported-providers")),
  listModels: ask<"provider">(page("supported-models")),
  getProviderConfig: ask<"provider">(page("provider-config")),
  getSecretsConfig: ask(page("secrets/config")),

  getHealth: ask("/health"),
  getVersion: ask("/version"),
  getServerInfo: ask("/api/3.0/mlflow/server-info"),
  getCurrentUser: ask("/api/2.0/mlflow/users/current"),
  getUser: ask<"username">("/api/2.0/mlflow/users/get"),
} as const satisfies Record<string, Operation>;

export type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;
export type OperationTable = Readonly<Record<string, Operation>>;

/** Names of the fields that an operation takes. */
export type RequestField<N extends OperationName> = NonNullable<(typeof OPERATIONS)[N]["request"]>;

/** What the fields hold is checked before. */
export type RequestFields<N extends OperationName> = FieldsOf<Operations, N>;

/** The same of any table. */
export type FieldsOf<T extends OperationTable, N extends keyof T> = {
  readonly [Field in NonNullable<T[N]["request"]>]?: unknown;
};

export function ask<F extends string = never>(path: string): Operation<F> {
  return { method: "GET", path, effect: "read" };
}

function read<F extends string = never>(path: string): Operation<F> {
  return ask(gateway(path));
}

function create<F extends string>(path: string): Operation<F> {
  return { method: "POST", path: gateway(path), effect: "create" };
}

function replace<F extends string>(path: string): Operation<F> {
  return { method: "POST", path: gateway(path), effect: "replace" };
}

function remove<F extends string>(path: string): Operation<F> {
  return { method: "DELETE", path: gateway(path), effect: "remove" };
}

function gateway(path: string): string {
  return `/api/3.0/mlflow/gateway/${path}`;
}

function page(path: string): string {
  return `/ajax-api/3.0/mlflow/gateway/${path}`;
}
