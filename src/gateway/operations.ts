/**
 * Every operation of the server that the client uses, as one table: address, effect, and the names
 * of the fields that go out. Nothing of MLflow's own addresses is written anywhere else. The
 * contract test compares it with what MLflow declares.
 */
export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly effect: Effect;
  /** Fields of the request: the query of a GET, the JSON body of all others (of a DELETE too). */
  readonly request: readonly string[];
}

/**
 * What a second, equal request does: nothing when it is a `read`; the same again when it is a
 * `replace` (our updates replace whole fields); perhaps a second resource when it is a `create`,
 * since no name protects a budget; and a `remove` finds nothing to remove any more.
 */
export type Effect = "read" | "create" | "replace" | "remove";

const MODEL_DEFINITION = ["name", "secret_id", "provider", "model_name"] as const;
const ENDPOINT = ["name", "model_configs", "routing_strategy", "fallback_config"] as const;
const TRACKING = ["experiment_id", "usage_tracking"] as const;
const BINDING = ["endpoint_id", "resource_type", "resource_id"] as const;
const BUDGET = ["budget_unit", "budget_amount", "duration", "budget_action"] as const;
const TARGET = ["target_scope", "target_value"] as const;
const GUARDRAIL = ["name", "scorer_id", "scorer_version", "stage", "action"] as const;
const PLACEMENT = ["endpoint_id", "guardrail_id"] as const;
const PAGE = ["max_results", "page_token"] as const;

export const OPERATIONS = {
  createSecret: create("secrets/create", [
    "secret_name",
    "secret_value",
    "provider",
    "auth_config",
    "created_by",
  ]),
  getSecret: read("secrets/get", ["secret_id"]),
  updateSecret: replace("secrets/update", [
    "secret_id",
    "secret_value",
    "auth_config",
    "updated_by",
  ]),
  deleteSecret: remove("secrets/delete", ["secret_id"]),
  listSecrets: read("secrets/list", ["provider"]),

  createModelDefinition: create("model-definitions/create", [...MODEL_DEFINITION, "created_by"]),
  getModelDefinition: read("model-definitions/get", ["model_definition_id"]),
  updateModelDefinition: replace("model-definitions/update", [
    "model_definition_id",
    ...MODEL_DEFINITION,
    "updated_by",
  ]),
  deleteModelDefinition: remove("model-definitions/delete", ["model_definition_id"]),
  listModelDefinitions: read("model-definitions/list", ["provider", "secret_id"]),

  createEndpoint: create("endpoints/create", [...ENDPOINT, ...TRACKING, "created_by"]),
  getEndpoint: read("endpoints/get", ["endpoint_id", "name"]),
  updateEndpoint: replace("endpoints/update", [
    "endpoint_id",
    ...ENDPOINT,
    ...TRACKING,
    "updated_by",
  ]),
  deleteEndpoint: remove("endpoints/delete", ["endpoint_id"]),
  /** The server also declares `secret_id`, and ignores it. */
  listEndpoints: read("endpoints/list", ["provider"]),
  attachModel: create("endpoints/models/attach", ["endpoint_id", "model_config", "created_by"]),
  detachModel: {
    method: "POST",
    path: gateway("endpoints/models/detach"),
    effect: "remove",
    request: ["endpoint_id", "model_definition_id"],
  },
  setEndpointTag: replace("endpoints/set-tag", ["endpoint_id", "key", "value"]),
  deleteEndpointTag: remove("endpoints/delete-tag", ["endpoint_id", "key"]),

  createBinding: create("endpoints/bindings/create", [...BINDING, "created_by"]),
  deleteBinding: remove("endpoints/bindings/delete", BINDING),
  listBindings: read("endpoints/bindings/list", BINDING),

  createBudget: create("budgets/create", [...BUDGET, ...TARGET, "created_by"]),
  getBudget: read("budgets/get", ["budget_policy_id"]),
  updateBudget: replace("budgets/update", ["budget_policy_id", ...BUDGET, ...TARGET, "updated_by"]),
  deleteBudget: remove("budgets/delete", ["budget_policy_id"]),
  listBudgets: read("budgets/list", PAGE),
  listBudgetWindows: read("budgets/windows", []),

  createGuardrail: create("guardrails/create", [...GUARDRAIL, "action_endpoint_id"]),
  getGuardrail: read("guardrails/get", ["guardrail_id"]),
  deleteGuardrail: remove("guardrails/delete", ["guardrail_id"]),
  listGuardrails: read("guardrails/list", PAGE),
  addGuardrail: create("guardrails/add-to-endpoint", [...PLACEMENT, "execution_order"]),
  removeGuardrail: remove("guardrails/remove-from-endpoint", PLACEMENT),
  listEndpointGuardrails: read("guardrails/list-for-endpoint", ["endpoint_id"]),
  updateGuardrailConfig: {
    method: "PATCH",
    path: gateway("guardrails/update-config"),
    effect: "replace",
    request: [...PLACEMENT, "execution_order"],
  },

  // Made for MLflow's own web pages: not under /api, and without a promise of stability.
  listProviders: read("supported-providers", [], "ajax-api"),
  listModels: read("supported-models", ["provider"], "ajax-api"),
  getProviderConfig: read("provider-config", ["provider"], "ajax-api"),
  getSecretsConfig: read("secrets/config", [], "ajax-api"),

  getHealth: ask("/health"),
  getVersion: ask("/version"),
  getServerInfo: ask("/api/3.0/mlflow/server-info"),
  getCurrentUser: ask("/api/2.0/mlflow/users/current"),
  getUser: ask("/api/2.0/mlflow/users/get", ["username"]),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** The fields that an operation takes; what they hold is checked before. */
export type RequestFields<N extends OperationName> = {
  readonly [Field in (typeof OPERATIONS)[N]["request"][number]]?: unknown;
};

function read<const F extends string>(path: string, request: readonly F[], root = "api") {
  return { method: "GET", path: gateway(path, root), effect: "read", request } as const;
}

function create<const F extends string>(path: string, request: readonly F[]) {
  return { method: "POST", path: gateway(path), effect: "create", request } as const;
}

function replace<const F extends string>(path: string, request: readonly F[]) {
  return { method: "POST", path: gateway(path), effect: "replace", request } as const;
}

function remove<const F extends string>(path: string, request: readonly F[]) {
  return { method: "DELETE", path: gateway(path), effect: "remove", request } as const;
}

function ask<const F extends string = never>(path: string, request: readonly F[] = []) {
  return { method: "GET", path, effect: "read", request } as const;
}

function gateway(path: string, root = "api"): string {
  return `/${root}/3.0/mlflow/gateway/${path}`;
}
