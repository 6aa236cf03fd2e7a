import { expect, test } from "@jest/globals";
import { type FakeAnswer, scriptedGateway } from "../scripted-gateway.ts";

const UNKNOWN: FakeAnswer = { status: 404, body: "<title>404 Not Found</title>" };

test("the server's set-up is read with what an older server does not tell left out", async () => {
  const { client } = scriptedGateway([
    {
      json: {
        store_type: "SqlStore",
        workspaces_enabled: true,
        features_enabled: { gateway: false },
      },
    },
    { json: { store_type: null, workspaces_enabled: false } },
  ]);

  await expect(client.server.info()).resolves.toEqual({
    store_type: "SqlStore",
    workspaces_enabled: true,
    gateway_enabled: false,
  });
  await expect(client.server.info()).resolves.toEqual({ workspaces_enabled: false });
});

test("a server that has no address for the current user is asked by name", async () => {
  const auth = { username: "ops", password: "pw" };
  const user = { json: { user: { username: "ops", is_admin: true } } };
  const { client, requests } = scriptedGateway([UNKNOWN, user, UNKNOWN, UNKNOWN], { auth });

  await expect(client.server.currentUser()).resolves.toEqual({ username: "ops", is_admin: true });
  await expect(client.server.currentUser()).resolves.toBeUndefined();

  expect(requests.map(({ url }) => url.split("users/")[1])).toEqual([
    "current",
    "get?username=ops",
    "current",
    "get?username=ops",
  ]);
});

test("providers, models and what they need come from the addresses of MLflow's own pages", async () => {
  const field = { name: "api_key", type: "string", description: "Key", required: true };
  const { client, requests } = scriptedGateway([
    { json: { providers: ["anthropic", "openai"] } },
    {
      json: {
        models: [
          { model: "gpt-4o", mode: "chat", input_cost_per_token: 2.5e-6, modality: null, x: 1 },
        ],
      },
    },
    {
      json: {
        default_mode: "api_key",
        auth_modes: [{ mode: "api_key", secret_fields: [field], config_fields: [] }],
      },
    },
    { json: { secrets_available: true } },
  ]);
  const { discovery } = client;

  await expect(discovery.providers()).resolves.toEqual(["anthropic", "openai"]);
  await expect(discovery.models({ provider: "openai" })).resolves.toEqual([
    { model: "gpt-4o", mode: "chat", input_cost_per_token: 2.5e-6 },
  ]);
  await expect(discovery.providerConfig({ provider: "openai" })).resolves.toEqual({
    default_mode: "api_key",
    auth_modes: [
      {
        mode: "api_key",
        secret_fields: [field],
        config_fields: [],
      },
    ],
  });
  await expect(discovery.secretsConfig()).resolves.toEqual({ secrets_available: true });

  expect(requests.map(({ url }) => new URL(url).pathname)).toEqual(
    ["supported-providers", "supported-models", "provider-config", "secrets/config"].map(
      (path) => `/ajax-api/3.0/mlflow/gateway/${path}`,
    ),
  );
});

test("an answer of discovery that changed its shape is not trusted", async () => {
  const { client } = scriptedGateway([{ json: { providers: [{ name: "openai" }] } }]);

  await expect(client.discovery.providers()).rejects.toThrow("providers is not a list of texts");
});
