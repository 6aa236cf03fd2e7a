import { BINDING, CREATE_BINDING, LIST_BINDINGS } from "./binding-checks.ts";
import { BUDGET_ID, CREATE_BUDGET, UPDATE_BUDGET } from "./budget-checks.ts";
import { type FieldsCheck, fields, integer, text } from "./checks.ts";
import {
  ATTACH_MODEL,
  CREATE_ENDPOINT,
  DELETE_TAG,
  DETACH_MODEL,
  ENDPOINT_ID,
  ENDPOINT_REFERENCE,
  SET_TAG,
  UPDATE_ENDPOINT,
} from "./endpoint-checks.ts";
import {
  ADD_GUARDRAIL,
  CREATE_GUARDRAIL,
  GUARDRAIL_ID,
  PLACEMENT,
  UPDATE_CONFIG,
} from "./guardrail-checks.ts";
import {
  CREATE_MODEL_DEFINITION,
  LIST_MODEL_DEFINITIONS,
  MODEL_DEFINITION_ID,
  UPDATE_MODEL_DEFINITION,
} from "./model-definition-checks.ts";
import { CREATE_SECRET, SECRET_ID, UPDATE_SECRET } from "./secret-checks.ts";

/**
 * Every operation of the server that the client uses, as one table: address, effect, and the check
 * of its request, which names the fields that go out. Nothing of MLflow's own addresses is written
 * anywhere else. The contract test compares it with what MLflow declares.
 */
export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly effect: Effect;
  readonly check: FieldsCheck;
  /** Fields of the request: the query of a GET, the JSON body of all others (of a DELETE too). */
  readonly request: readonly string[];
}

/**
 * What a second, equal request does: nothing when it is a `read`; the same again when it is a
 * `replace` (our updates replace whole fields); perhaps a second resource when it is a `create`,
 * since no name protects a budget; and a `remove` finds nothing to remove any more.
 */
export type Effect = "read" | "create" | "replace" | "remove";

const NOTHING = fields({});
const PROVIDER = fields({ optional: { provider: text() } });
const PAGE = fields({ optional: { max_results: integer(1, 50_000), page_token: text() } });

export const OPERATIONS = {
  createSecret: create("secrets/create", CREATE_SECRET),
  getSecret: read("secrets/get", SECRET_ID),
  updateSecret: replace("secrets/update", UPDATE_SECRET),
  deleteSecret: remove("secrets/delete", SECRET_ID),
  listSecrets: read("secrets/list", PROVIDER),

  createModelDefinition: create("model-definitions/create", CREATE_MODEL_DEFINITION),
  getModelDefinition: read("model-definitions/get", MODEL_DEFINITION_ID),
  updateModelDefinition: replace("model-definitions/update", UPDATE_MODEL_DEFINITION),
  deleteModelDefinition: remove("model-definitions/delete", MODEL_DEFINITION_ID),
  listModelDefinitions: read("model-definitions/list", LIST_MODEL_DEFINITIONS),

  createEndpoint: create("endpoints/create", CREATE_ENDPOINT),
  getEndpoint: read("endpoints/get", ENDPOINT_REFERENCE),
  updateEndpoint: replace("endpoints/update", UPDATE_ENDPOINT),
  deleteEndpoint: remove("endpoints/delete", ENDPOINT_ID),
  /** The server also declares `secret_id`, and ignores it. */
  listEndpoints: read("endpoints/list", PROVIDER),
  attachModel: create("endpoints/models/attach", ATTACH_MODEL),
  detachModel: { ...remove("endpoints/models/detach", DETACH_MODEL), method: "POST" },
  setEndpointTag: replace("endpoints/set-tag", SET_TAG),
  deleteEndpointTag: remove("endpoints/delete-tag", DELETE_TAG),

  createBinding: create("endpoints/bindings/create", CREATE_BINDING),
  deleteBinding: remove("endpoints/bindings/delete", BINDING),
  listBindings: read("endpoints/bindings/list", LIST_BINDINGS),

  createBudget: create("budgets/create", CREATE_BUDGET),
  getBudget: read("budgets/get", BUDGET_ID),
  updateBudget: replace("budgets/update", UPDATE_BUDGET),
  deleteBudget: remove("budgets/delete", BUDGET_ID),
  listBudgets: read("budgets/list", PAGE),
  listBudgetWindows: read("budgets/windows", NOTHING),

  createGuardrail: create("guardrails/create", CREATE_GUARDRAIL),
  getGuardrail: read("guardrails/get", GUARDRAIL_ID),
  deleteGuardrail: remove("guardrails/delete", GUARDRAIL_ID),
  listGuardrails: read("guardrails/list", PAGE),
  addGuardrail: create("guardrails/add-to-endpoint", ADD_GUARDRAIL),
  removeGuardrail: remove("guardrails/remove-from-endpoint", PLACEMENT),
  listEndpointGuardrails: read("guardrails/list-for-endpoint", ENDPOINT_ID),
  updateGuardrailConfig: { ...replace("guardrails/update-config", UPDATE_CONFIG), method: "PATCH" },

  // Made for MLflow's own web pages: not under /api, and without a promise of stability.
  listProviders: read("supported-providers", NOTHING, "ajax-api"),
  listModels: read("supported-models", PROVIDER, "ajax-api"),
  getProviderConfig: read(
    "provider-config",
    fields({ required: { provider: text() } }),
    "ajax-api",
  ),
  getSecretsConfig: read("secrets/config", NOTHING, "ajax-api"),

  getHealth: ask("/health", NOTHING),
  getVersion: ask("/version", NOTHING),
  getServerInfo: ask("/api/3.0/mlflow/server-info", NOTHING),
  getCurrentUser: ask("/api/2.0/mlflow/users/current", NOTHING),
  getUser: ask("/api/2.0/mlflow/users/get", fields({ required: { username: text() } })),
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** The fields that an operation takes; what they hold is checked before. */
export type RequestFields<N extends OperationName> = {
  readonly [Field in (typeof OPERATIONS)[N]["request"][number]]?: unknown;
};

function read<F extends string>(path: string, check: FieldsCheck<F>, root = "api") {
  return ask(gateway(path, root), check);
}

function create<F extends string>(path: string, check: FieldsCheck<F>) {
  return { ...write(path, check), effect: "create" } as const;
}

function replace<F extends string>(path: string, check: FieldsCheck<F>) {
  return { ...write(path, check), effect: "replace" } as const;
}

function remove<F extends string>(path: string, check: FieldsCheck<F>) {
  return { ...write(path, check), method: "DELETE", effect: "remove" } as const;
}

function write<F extends string>(path: string, check: FieldsCheck<F>) {
  return { method: "POST", path: gateway(path), check, request: check.names } as const;
}

function ask<F extends string>(path: string, check: FieldsCheck<F>) {
  return { method: "GET", path, effect: "read", check, request: check.names } as const;
}

function gateway(path: string, root = "api"): string {
  return `/${root}/3.0/mlflow/gateway/${path}`;
}
