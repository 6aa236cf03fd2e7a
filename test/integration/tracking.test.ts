import { afterAll, beforeAll, jest } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { trackingBehaviour } from "../support/tracking-behaviour.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

let server: MlflowServer;

beforeAll(async () => {
  server = await startMlflow({ auth: false });
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

trackingBehaviour(() => {
  const { trackingUri } = server;
  return {
    gateway: new GatewayClient({ trackingUri }),
    tracking: new TrackingClient({ trackingUri }),
    registerScorer: async (experiment_id, name) => {
      const serialized_scorer = JSON.stringify({ name, builtin_scorer_class: "Safety" });
      const scorer = { experiment_id, name, serialized_scorer };
      return (await post("/api/3.0/mlflow/scorers/register", scorer)).scorer_id ?? "";
    },
    deleteExperiment: async ({ experiment_id }) => {
      await post("/api/2.0/mlflow/experiments/delete", { experiment_id });
    },
  };
});

async function post(path: string, json: object): Promise<Record<string, string>> {
  const { status, body } = await callLocal(server.trackingUri + path, { method: "POST", json });
  if (status !== 200) throw new Error(`${path} was answered with ${status}: ${body}`);
  return JSON.parse(body);
}
