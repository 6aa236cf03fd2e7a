import { ask, OPERATIONS, type Operation } from "./operations.ts";

/**
 * Operations of MLflow's tracking server that concern the gateway: endpoints trace to experiments,
 * guardrails are made of the scorers registered there, and users are granted the use of endpoints.
 */
export const TRACKING_OPERATIONS = {
  ...OPERATIONS,
  findExperiment: ask<"experiment_name">("/api/2.0/mlflow/experiments/get-by-name"),
  getExperiment: ask<"experiment_id">("/api/2.0/mlflow/experiments/get"),
  createExperiment: create<"name">("/api/2.0/mlflow/experiments/create"),
  /** Accounts with their roles; a role of its own holds what one user was granted. */
  listUsers: ask("/api/2.0/mlflow/users/list"),
  /** Of the user that asks, or of any for an administrator. */
  getUser: ask<"username">("/api/2.0/mlflow/users/get"),
  /** A user needs its own `current_password`; an administrator sets that of others without. */
  changePassword: replace<"username" | "password" | "current_password">(
    "/api/2.0/mlflow/users/update-password",
  ),
  /** Served only where workspaces are switched on. */
  listWorkspaces: ask("/api/3.0/mlflow/workspaces"),
  listScorers: ask<"experiment_id">("/api/3.0/mlflow/scorers/list"),
} as const satisfies Record<string, Operation>;

export type TrackingOperationName = keyof typeof TRACKING_OPERATIONS;

function replace<F extends string>(path: string): Operation<F> {
  return { method: "PATCH", path, effect: "replace" };
}

function create<F extends string>(path: string): Operation<F> {
  return { method: "POST", path, effect: "create" };
}
