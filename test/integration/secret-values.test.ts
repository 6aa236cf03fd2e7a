import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import type { SecretTarget } from "#secrets/managed-secret.ts";
import { pushSecret } from "#secrets/push.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { madeUpKey } from "../../scripts/story/actions.ts";
import { applySetupOf } from "../support/apply-setup.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

let server: MlflowServer;
let gateway: GatewayClient;
let tracking: TrackingClient;

beforeAll(async () => {
  server = await startMlflow();
  const { trackingUri, admin } = server;
  const options = { trackingUri, ...(admin ? { auth: admin } : {}) };
  gateway = new GatewayClient(options);
  tracking = new TrackingClient(options);
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

function setup(changes: Partial<SecretTarget> & { readonly name: string }) {
  const parts = applySetupOf(gateway, tracking);
  const target: SecretTarget = {
    workspace: "default",
    owner: "search",
    provider: "openai",
    value_from: { secrets_manager: "prod/key" },
    ...changes,
  };
  const secret = async () =>
    (await gateway.secrets.list()).find(({ secret_name }) => secret_name === target.name);
  const push = async (value: string) => {
    parts.source.put("prod/key", value);
    return pushSecret(parts.dependencies, target, await secret());
  };
  return { push, secret };
}

test("white space around a key does not reach the server: its mask ends as the key does", async () => {
  const { push, secret } = setup({ name: "white-space" });
  const key = madeUpKey("white-space");

  await push(JSON.stringify({ api_key: `${key}\n` }));

  expect((await secret())?.masked_values.api_key).toMatch(new RegExp(`${key.slice(-4)}$`));
});

test("a whole service account is one key of the server", async () => {
  const { push, secret } = setup({
    name: "service-account",
    provider: "vertex_ai",
    value_from: { secrets_manager: "prod/key", whole_as: "vertex_credentials" },
  });

  await push(
    JSON.stringify({
      type: "service_account",
      private_key: madeUpKey("private"),
      token_uri: "https://oauth2.googleapis.com/token",
    }),
  );

  expect(Object.keys((await secret())?.masked_values ?? {})).toEqual(["vertex_credentials"]);
});

test("a value that the provider cannot use leaves the working key as it is", async () => {
  const { push, secret } = setup({ name: "working-key" });
  await push(JSON.stringify({ api_key: madeUpKey("working") }));
  const before = await secret();

  await expect(push(JSON.stringify({ OPENAI_API_KEY: madeUpKey("other") }))).rejects.toThrow(
    "prod/key gives no api_key, which openai needs with the auth_mode api_key: OPENAI_API_KEY looks like api_key",
  );

  expect(await secret()).toEqual(before);
});
