import { inspect } from "node:util";
import { expect, test } from "@jest/globals";
import type { CreateSecret } from "#gateway/types.ts";
import { Redacted } from "#runtime/redacted.ts";
import {
  aModelDefinition,
  aSecretEntity,
  failureOf,
  scriptedGateway,
} from "../scripted-gateway.ts";

const KEY = "sk-very-secret-1234";
const KEYED = "an object, or a list of {key, value} pairs of different keys";

test("a secret is sent with its bare value and comes back with every map filled in", async () => {
  const { client, requests } = scriptedGateway([
    { json: { secret: aSecretEntity({ new_field: 1 }) } },
  ]);

  const secret = await client.secrets.create({
    secret_name: "openai",
    secret_value: { api_key: new Redacted(KEY) },
  });

  expect(requests).toMatchObject([
    {
      operation: "createSecret",
      method: "POST",
      url: "https://mlflow.example.com/api/3.0/mlflow/gateway/secrets/create",
      body: { secret_name: "openai", secret_value: { api_key: KEY } },
    },
  ]);
  expect(secret).toEqual(aSecretEntity({ auth_config: {} }));
});

test.each([
  ["a list of texts", [KEY], `secret_value must be ${KEYED}, got another list`],
  [
    "a list with one key twice",
    [
      { key: "api_key", value: KEY },
      { key: "api_key", value: "other" },
    ],
    `secret_value must be ${KEYED}, got another list`,
  ],
  [
    "a list of other pairs",
    [{ key: "a", val: KEY }],
    `secret_value must be ${KEYED}, got another list`,
  ],
  ["an empty list", [], "secret_value must be an object with at least one key, got an empty one"],
  ["a text", KEY, `secret_value must be ${KEYED}, got a string`],
  [
    "more keys than their masks have room",
    Object.fromEntries(Array.from({ length: 30 }, (_, key) => [`key_${key}`, KEY])),
    "secret_value must be fewer or shorter keys (about 20 at most), got 30 keys",
  ],
  ["an empty object", {}, "secret_value must be an object with at least one key, got an empty one"],
  [
    "a number as a value",
    { api_key: 123 },
    "secret_value.api_key must be a text, bare or redacted, got a number",
  ],
  [
    "an empty value",
    { api_key: new Redacted("") },
    "secret_value.api_key must be a text of 1 to 65536 characters, got an empty one",
  ],
  [
    "half a character",
    { api_key: `${KEY}\ud800` },
    "secret_value.api_key must be a text without NUL and lone surrogates, got another one",
  ],
  [
    "a reserved key",
    { api_base: KEY },
    "secret_value.api_base must be under another key (this one is reserved), got it",
  ],
])("%s as secret_value is refused before it can be stored empty", async (_, value, message) => {
  const { client, requests } = scriptedGateway([]);

  const error = await failureOf(
    client.secrets.create({ secret_name: "x", secret_value: value } as unknown as CreateSecret),
  );

  expect(error).toMatchObject({ name: "GatewayRequestError", disposition: "reject" });
  expect(error.message).toBe(`createSecret: ${message}`);
  expect(inspect(error)).not.toContain(KEY);
  expect(requests).toEqual([]);
});

test("pairs are accepted for an object, and an object is what is sent", async () => {
  const auth_config = { auth_mode: "api_key", api_base: "https://api.example.com" };
  const { client, requests } = scriptedGateway([
    { json: { secret: aSecretEntity({ auth_config }) } },
  ]);

  await client.secrets.create({
    secret_name: "openai",
    secret_value: [{ key: "api_key", value: new Redacted(KEY) }],
    auth_config: Object.entries(auth_config).map(([key, value]) => ({ key, value })),
  });

  expect(requests[0]?.body).toEqual({
    secret_name: "openai",
    secret_value: { api_key: KEY },
    auth_config,
  });
});

test("a secret is read by its id, and looked for by its name", async () => {
  const secrets = [aSecretEntity({ secret_name: "other" }), aSecretEntity()];
  const { client, requests } = scriptedGateway([
    { json: { secret: aSecretEntity() } },
    { json: { secrets } },
    { json: { secrets } },
  ]);

  await expect(client.secrets.get({ secret_id: "s-1" })).resolves.toMatchObject(aSecretEntity());
  await expect(client.secrets.get({ secret_name: "openai" })).resolves.toMatchObject(
    aSecretEntity(),
  );
  await expect(client.secrets.get({ secret_name: "none" })).rejects.toMatchObject({
    name: "GatewayNotFoundError",
    code: "gateway-not-found",
    isRetryable: false,
    message: 'getSecret found no secret named "none"',
  });
  expect(requests.map(({ url }) => url.split("secrets/")[1])).toEqual([
    "get?secret_id=s-1",
    "list",
    "list",
  ]);
  await expect(client.secrets.get({ secret_id: "s", secret_name: "s" })).rejects.toThrow(
    "getSecret: the request must be either secret_id or secret_name, got both",
  );
});

test("a secret in use is not deleted unless by force", async () => {
  const users = ["a", "b", "c", "d", "e", "f", "g"].map((name) => aModelDefinition({ name }));
  const { client, requests } = scriptedGateway([
    { json: { model_definitions: users } },
    { json: {} },
    { json: {} },
    { json: {} },
  ]);

  await expect(client.secrets.delete({ secret_id: "s-1" })).rejects.toThrow(
    "deleteSecret: s-1 is in use by the model definitions a, b, c, d, e and 2 more, which would be left without a key (force deletes it all the same)",
  );
  await client.secrets.delete({ secret_id: "s-1" });
  await client.secrets.delete({ secret_id: "s-1", force: true });

  expect(requests.map(({ operation, body }) => [operation, body])).toEqual([
    ["listModelDefinitions", undefined],
    ["listModelDefinitions", undefined],
    ["deleteSecret", { secret_id: "s-1" }],
    ["deleteSecret", { secret_id: "s-1" }],
  ]);
});

test("a field that the server would ignore is refused, without showing its value", async () => {
  const { client } = scriptedGateway([]);
  const request = {
    secret_name: "x",
    secret_value: { api_key: KEY },
    secretValue: { api_key: KEY },
  };

  const error = await failureOf(client.secrets.create(request));

  expect(error.message).toBe(
    "createSecret: secretValue must be left out " +
      "(known: secret_name, secret_value, provider, auth_config, created_by), got an object",
  );
});

test("an auth mode that needs no key may have an empty value", async () => {
  const auth_config = { auth_mode: "default_chain" };
  const stored = aSecretEntity({ masked_values: undefined, provider: "bedrock", auth_config });
  const { client } = scriptedGateway([{ json: { secret: stored } }]);

  const secret = await client.secrets.create({
    secret_name: "openai",
    secret_value: {},
    provider: "bedrock",
    auth_config,
  });

  expect(secret.masked_values).toEqual({});
});

test.each([
  ["secret_value", { masked_values: undefined }],
  ["secret_value", { masked_values: { api_key: "***", other: "***" } }],
  ["provider", { provider: undefined }],
  ["auth_config", { auth_config: { auth_mode: "api_key" } }],
  ["created_by", { created_by: "" }],
])("a secret stored without its %s is an error that shows no value", async (field, changes) => {
  const auth_config = { auth_mode: "api_key", api_base: "https://api.example.com" };
  const stored = aSecretEntity({ provider: "openai", auth_config, created_by: "me", ...changes });
  const { client } = scriptedGateway([{ json: { secret: stored } }]);

  const error = await failureOf(
    client.secrets.create({
      secret_name: "openai",
      secret_value: { api_key: KEY },
      provider: "openai",
      auth_config,
      created_by: "me",
    }),
  );

  expect(error).toMatchObject({ name: "GatewayResponseError", disposition: "reject" });
  expect(error.message).toContain(`did not store ${field} as it was sent`);
  expect(inspect(error, { depth: 9 })).not.toContain(KEY);
});

test("an empty auth_config clears the stored one", async () => {
  const kept = aSecretEntity({ auth_config: { api_base: "" } });
  const { client, requests } = scriptedGateway([
    { json: { secret: aSecretEntity() } },
    { json: { secret: kept } },
    { json: { secret: aSecretEntity({ auth_config: { api_base: "https://a.example.com" } }) } },
  ]);
  const clear = () => client.secrets.update({ secret_id: "s-1", auth_config: [] });

  await expect(clear()).resolves.toMatchObject({ auth_config: {} });
  await expect(clear()).resolves.toMatchObject({ auth_config: {} });
  await expect(clear()).rejects.toThrow("did not store auth_config");

  expect(requests[0]?.body).toEqual({ secret_id: "s-1", auth_config: { api_base: "" } });
});

test("an update is compared with last_updated_by", async () => {
  const stored = aSecretEntity({ last_updated_by: "gwops:search" });
  const { client } = scriptedGateway([
    { json: { secret: stored } },
    { json: { secret: aSecretEntity() } },
  ]);
  const request = { secret_id: "s-1", updated_by: "gwops:search" };

  await expect(client.secrets.update(request)).resolves.toMatchObject({ secret_id: "s-1" });
  await expect(client.secrets.update(request)).rejects.toThrow("did not store updated_by");
});

test("an empty gateway lists nothing, and a filter travels in the query", async () => {
  const { client, requests } = scriptedGateway([{ json: {} }]);

  await expect(client.secrets.list({ provider: "azure openai" })).resolves.toEqual([]);
  expect(requests[0]?.url).toMatch(/secrets\/list\?provider=azure\+openai$/);
});

test("a value that the server repeats in its error does not get into ours", async () => {
  const key = 'sk-"quoted"-1234';
  const { client } = scriptedGateway([
    { status: 400, body: `bad input: {"secret_value":${JSON.stringify({ api_key: key })}}` },
  ]);

  const error = await failureOf(
    client.secrets.create({ secret_name: "x", secret_value: { api_key: key } }),
  );

  expect(error.message).toBe(
    'createSecret failed with 400: bad input: {"secret_value":{"api_key":"[redacted]"}}',
  );
});
