import { inspect } from "node:util";
import { expect, test } from "@jest/globals";
import type { GatewayClient } from "#gateway/client.ts";
import type { CreateSecret } from "#gateway/requests.ts";
import { Redacted } from "#runtime/redacted.ts";
import { expectNoLeak } from "../../../support/leaks.ts";
import {
  aModelDefinitionEntity,
  aSecretEntity,
  type FakeAnswer,
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
    "a map that is redacted as a whole",
    new Redacted({ api_key: KEY }),
    `secret_value must be ${KEYED}, got one that is redacted as a whole: redact each value in it`,
  ],
  ["a Map", new Map([["api_key", KEY]]), `secret_value must be ${KEYED}, got a Map`],
  [
    "a map within",
    { api_key: { value: KEY } },
    "secret_value.api_key must be a text, bare or redacted, got an object",
  ],
  [
    "a redacted map within",
    { api_key: new Redacted({ value: KEY }) },
    "secret_value.api_key must be a text, bare or redacted, got an object",
  ],
  [
    "a list within",
    { api_key: [KEY] },
    "secret_value.api_key must be a text, bare or redacted, got a list",
  ],
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

test("settings in a Map are refused: as JSON they would be none", async () => {
  const { client, requests } = scriptedGateway([]);
  const auth_config = new Map([["api_base", "https://api.example.com"]]);

  const error = await failureOf(
    client.secrets.create({
      secret_name: "x",
      secret_value: { api_key: KEY },
      auth_config,
    } as unknown as CreateSecret),
  );

  expect(error.message).toBe(`createSecret: auth_config must be ${KEYED}, got a Map`);
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
  const users = ["a", "b", "c", "d", "e", "f", "g"].map((name) => aModelDefinitionEntity({ name }));
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

const VALUE = 'sk-"quoted"-1234/+é';

/** How an answer can hold the value, or a part of it. */
const ECHOES: readonly [string, string][] = [
  ["as it is", VALUE],
  ["as JSON", JSON.stringify({ api_key: VALUE })],
  ["in Base64", Buffer.from(VALUE).toString("base64")],
  ["in Base64 for addresses", Buffer.from(VALUE).toString("base64url")],
  ["as hexadecimals", Buffer.from(VALUE).toString("hex")],
  ["encoded for an address", encodeURIComponent(VALUE)],
  ["in part", VALUE.slice(0, 9)],
  ["spaced out", [...VALUE].join(" ")],
  ["backwards", [...VALUE].toReversed().join("")],
];

/** Where an answer can hold it. */
const PLACES: readonly [string, (echo: string) => FakeAnswer][] = [
  ["a plain text", (echo) => ({ status: 400, body: `bad input: ${echo}` })],
  [
    "MLflow's error",
    (echo) => ({
      status: 400,
      body: JSON.stringify({ error_code: "INVALID_PARAMETER_VALUE", message: echo }),
    }),
  ],
  ["FastAPI's error", (echo) => ({ status: 422, body: JSON.stringify({ detail: echo }) })],
  ["the title of a page", (echo) => ({ status: 500, body: `<html><title>${echo}</title>` })],
  ["the reason of a 403", (echo) => ({ status: 403, body: echo })],
  ["a 404", (echo) => ({ status: 404, body: echo })],
  ["a redirect", (echo) => ({ status: 302, headers: { location: `/login/${echo}` } })],
  ["an error code", (echo) => ({ status: 400, body: JSON.stringify({ error_code: echo }) })],
  ["a success that is none", (echo) => ({ body: echo })],
  ["a secret that is none", (echo) => ({ json: { secret: { secret_id: { echo } } } })],
  [
    "masks that are none",
    (echo) => ({ json: { secret: aSecretEntity({ masked_values: { [echo]: [echo] } }) } }),
  ],
];

const WRITES: readonly [string, (client: GatewayClient) => Promise<unknown>][] = [
  ["create", (client) => client.secrets.create({ secret_name: "x", secret_value: { k: VALUE } })],
  ["update", (client) => client.secrets.update({ secret_id: "s-1", secret_value: { k: VALUE } })],
];

const LEAKS = PLACES.flatMap(([place, answer]) =>
  ECHOES.flatMap(([form, echo]) =>
    WRITES.map(([name, write]) => ({ place, form, name, echo, write, answer: answer(echo) })),
  ),
);

test.each(LEAKS)(
  "$place of a $name that repeats the value $form does not get into our error",
  async ({ echo, write, answer }) => {
    const { client } = scriptedGateway([answer], { retry: { attemptsMax: 1 } });

    const error = await failureOf(write(client));

    expectNoLeak([echo, VALUE], { ...error, message: error.message, stack: error.stack });
  },
);

test.each([
  [400, "RESOURCE_ALREADY_EXISTS", `'${VALUE}' exists`, "the name, or the same pair, is already"],
  [404, "RESOURCE_DOES_NOT_EXIST", `no ${VALUE}`, "there is no such secret"],
  [404, "RESOURCE_DOES_NOT_EXIST", `Workspace '${VALUE}' not`, "there is no such workspace"],
  [400, "INVALID_PARAMETER_VALUE", `Invalid api_base ${VALUE}`, "the server refuses the api_base"],
  [400, "INVALID_PARAMETER_VALUE", VALUE, "its words are withheld"],
  [403, undefined, VALUE, "the user lacks a permission (its words are withheld"],
  [403, undefined, `Invalid Host header ${VALUE}`, "start it with --allowed-hosts mlflow.example"],
])("a %i %s to a write of a value is told in our words", async (status, code, message, words) => {
  const body = JSON.stringify({ error_code: code, message });
  for (const [, write] of WRITES) {
    const { client } = scriptedGateway([{ status, body }]);

    const error = await failureOf(write(client));

    expect(error.message).toContain(code === undefined ? `${status}: ` : `${status} ${code}: `);
    expect(error.message).toContain(words);
    expectNoLeak([VALUE], error);
  }
});

test("a call that carries no value shows the server's reason", async () => {
  const { client } = scriptedGateway([{ status: 400, body: "the reason" }]);

  await expect(client.secrets.delete({ secret_id: "s-1", force: true })).rejects.toThrow(
    "deleteSecret failed with 400: the reason",
  );
});

test("an auth_config is read and written with its empty texts", async () => {
  const auth_config = { auth_mode: "api_key", region: "" };
  const { client, requests } = scriptedGateway([
    { json: { secrets: [aSecretEntity({ auth_config })] } },
    { json: { secret: aSecretEntity({ auth_config }) } },
  ]);

  const [secret] = await client.secrets.list();
  await client.secrets.update({
    secret_id: "s-1",
    ...(secret && { auth_config: secret.auth_config }),
  });

  expect(secret?.auth_config).toEqual(auth_config);
  expect(requests[1]?.body).toEqual({ secret_id: "s-1", auth_config });
});
