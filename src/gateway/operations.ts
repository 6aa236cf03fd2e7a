/**
 * Every operation of the server that the client uses, as one table. Nothing of MLflow's own
 * addresses is written anywhere else.
 */
export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  /** Repeating it leaves the server as one call does. Our updates are: they replace whole fields. */
  readonly isIdempotent: boolean;
}

export const OPERATIONS = {
  createSecret: create("secrets/create"),
  updateSecret: update("secrets/update"),
  listSecrets: read("secrets/list"),
  createModelDefinition: create("model-definitions/create"),
  updateModelDefinition: update("model-definitions/update"),
  listModelDefinitions: read("model-definitions/list"),
  createEndpoint: create("endpoints/create"),
  getEndpoint: read("endpoints/get"),
  updateEndpoint: update("endpoints/update"),
  listEndpoints: read("endpoints/list"),
  setEndpointTag: update("endpoints/set-tag"),
  createBudget: create("budgets/create"),
  updateBudget: update("budgets/update"),
  listBudgets: read("budgets/list"),
  listBudgetWindows: read("budgets/windows"),
  getHealth: { method: "GET", path: "/health", isIdempotent: true },
  getVersion: { method: "GET", path: "/version", isIdempotent: true },
  getCurrentUser: { method: "GET", path: "/api/2.0/mlflow/users/current", isIdempotent: true },
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

function read(path: string): Operation {
  return { method: "GET", path: gateway(path), isIdempotent: true };
}

/** No name protects a budget from being created twice, so no create is ever repeated blindly. */
function create(path: string): Operation {
  return { method: "POST", path: gateway(path), isIdempotent: false };
}

function update(path: string): Operation {
  return { method: "POST", path: gateway(path), isIdempotent: true };
}

function gateway(path: string): string {
  return `/api/3.0/mlflow/gateway/${path}`;
}
