import { inspect } from "node:util";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient, type GatewayClientOptions } from "#gateway/client.ts";
import type { CreateBudget } from "#gateway/requests.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import type { Secret } from "#gateway/types.ts";
import { Redacted } from "#runtime/redacted.ts";
import { callLocal } from "../../scripts/local/http.ts";
import {
  MLFLOW_VERSION,
  type MlflowServer,
  startMlflow,
} from "../../scripts/local/mlflow-server.ts";

const KEY = "sk-integration-0123456789abcdef";
const PLAIN_USER = { username: "plain-user", password: "plain-password-1234" };

/** The server shares two processors with the rest of the tests. */
jest.setTimeout(30_000);

let server: MlflowServer;
let client: GatewayClient;

beforeAll(async () => {
  server = await startMlflow({ auth: true, users: [PLAIN_USER] });
  client = clientOf({});
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

function clientOf(options: Partial<GatewayClientOptions>): GatewayClient {
  const { trackingUri, admin: auth } = server;
  if (!auth) throw new Error("the server was started without user accounts");
  return new GatewayClient({ trackingUri, auth, ...options });
}

async function makeSecret(secret_name: string): Promise<Secret> {
  const secret_value = { api_key: new Redacted(KEY) };
  return await client.secrets.create({ secret_name, secret_value, provider: "openai" });
}

/** A secret and model definitions named `<prefix>-1`, `<prefix>-2`, ...; resolves to their ids. */
async function makeModels(prefix: string, count: number): Promise<string[]> {
  const { secret_id } = await makeSecret(`${prefix}-secret`);
  const ids: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const { model_definition_id } = await client.modelDefinitions.create({
      name: `${prefix}-${number}`,
      secret_id,
      provider: "openai",
      model_name: "gpt-4o-mini",
    });
    ids.push(model_definition_id);
  }
  return ids;
}

test("who was granted an endpoint is known as long as there is one, and shown to administrators", async () => {
  const [model_definition_id = ""] = await makeModels("granted", 1);
  const { endpoint_id } = await client.endpoints.create({
    name: "granted",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
  });
  const { trackingUri, admin } = server;
  const grant = { resource_type: "gateway_endpoint", resource_id: endpoint_id, permission: "USE" };
  const granted = await callLocal(`${trackingUri}/api/3.0/mlflow/users/permissions/grant`, {
    method: "POST",
    user: admin,
    json: { username: PLAIN_USER.username, ...grant },
  });
  expect(granted.status).toBe(200);
  const grantsSeenBy = async (auth: NonNullable<typeof admin>) => {
    const grants = await new TrackingClient({ trackingUri, auth }).grants.list();
    return grants?.filter((one) => one.endpoint_id === endpoint_id);
  };

  const seen = await grantsSeenBy(admin ?? PLAIN_USER);
  await client.endpoints.delete({ endpoint_id });

  // The MANAGE that MLflow grants to whoever makes one is not: an administrator needs none.
  expect(seen).toEqual([{ endpoint_id, permission: "USE", holder: PLAIN_USER.username }]);
  expect(await grantsSeenBy(admin ?? PLAIN_USER)).toEqual([]);
});

test("the server tells its health, its version and who we are", async () => {
  await expect(client.server.health()).resolves.toBeUndefined();
  await expect(client.server.version()).resolves.toBe(MLFLOW_VERSION);
  await expect(client.server.currentUser()).resolves.toEqual({ username: "admin", is_admin: true });
  const plain = clientOf({ auth: PLAIN_USER });
  await expect(plain.server.currentUser()).resolves.toEqual({
    username: PLAIN_USER.username,
    is_admin: false,
  });
});

test("a secret is created, listed and updated with its keys verified", async () => {
  const auth_config = { auth_mode: "api_key", api_base: "http://127.0.0.1:9" };
  const created = await client.secrets.create({
    secret_name: "round trip",
    secret_value: { api_key: new Redacted(KEY), other: "bare-0123456789" },
    provider: "openai",
    auth_config,
    created_by: "gwops:test",
  });

  expect(created).toMatchObject({ auth_config, provider: "openai", created_by: "gwops:test" });
  expect(created.masked_values).toEqual({ api_key: "sk-...cdef", other: "bar...6789" });
  expect(await client.secrets.list({ provider: "openai" })).toContainEqual(created);

  const updated = await client.secrets.update({
    secret_id: created.secret_id,
    secret_value: { api_key: "sk-another-0123456789" },
    updated_by: "gwops:other",
  });

  expect(updated).toMatchObject({ auth_config, last_updated_by: "gwops:other" });
  expect(updated.masked_values).toEqual({ api_key: "sk-...6789" });

  const cleared = await client.secrets.update({ secret_id: created.secret_id, auth_config: {} });

  expect(cleared.auth_config).toEqual({});
  expect(cleared.masked_values).toEqual(updated.masked_values);
});

test("a secret of an auth mode without a key may be empty", async () => {
  const secret = await client.secrets.create({
    secret_name: "keyless",
    secret_value: {},
    provider: "bedrock",
    auth_config: { auth_mode: "default_chain" },
  });

  expect(secret.masked_values).toEqual({});
});

test("the second secret of a name is refused as existing", async () => {
  await makeSecret("twice");

  await expect(makeSecret("twice")).rejects.toMatchObject({
    code: "gateway-already-exists",
    errorCode: "RESOURCE_ALREADY_EXISTS",
    disposition: "reject",
  });
});

test("a model definition is created, listed and updated", async () => {
  const { secret_id, secret_name } = await makeSecret("definitions-secret");
  const created = await client.modelDefinitions.create({
    name: "definition",
    secret_id,
    provider: "openai",
    model_name: "gpt-4o",
    created_by: "gwops:test",
  });

  expect(created).toMatchObject({ secret_id, secret_name, model_name: "gpt-4o" });
  expect(await client.modelDefinitions.list({ secret_id })).toEqual([created]);

  const updated = await client.modelDefinitions.update({
    model_definition_id: created.model_definition_id,
    name: "renamed",
    model_name: "gpt-4o-mini",
    updated_by: "gwops:other",
  });

  expect(updated).toMatchObject({ name: "renamed", model_name: "gpt-4o-mini", provider: "openai" });
});

test("a model definition of an unknown secret is refused as not found", async () => {
  const definition = client.modelDefinitions.create({
    name: "orphan",
    secret_id: "s-unknown",
    provider: "openai",
    model_name: "gpt-4o",
  });

  await expect(definition).rejects.toMatchObject({ code: "gateway-not-found", status: 404 });
});

test("an endpoint keeps its models and its full fallback through create, get and update", async () => {
  const [first = "", second = ""] = await makeModels("chat", 2);
  const fallback_config = { strategy: "SEQUENTIAL", max_attempts: 2 } as const;
  const created = await client.endpoints.create({
    name: "chat",
    model_configs: [
      { model_definition_id: first, linkage_type: "PRIMARY", weight: 0.7 },
      { model_definition_id: second, linkage_type: "PRIMARY", weight: 0.3 },
      { model_definition_id: first, linkage_type: "FALLBACK", fallback_order: 1 },
    ],
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
    fallback_config,
    usage_tracking: false,
    created_by: "gwops:test",
  });

  expect(created).toMatchObject({ fallback_config, usage_tracking: false, tags: [] });
  expect(created.model_mappings).toHaveLength(3);

  const updated = await client.endpoints.update({
    endpoint_id: created.endpoint_id,
    model_configs: [
      { model_definition_id: second, linkage_type: "PRIMARY", weight: 1 },
      { model_definition_id: first, linkage_type: "FALLBACK", fallback_order: 0 },
    ],
    fallback_config,
    updated_by: "gwops:test",
  });
  const found = await client.endpoints.get({ name: "chat" });

  expect(found).toEqual(updated);
  expect(found.fallback_config).toEqual(fallback_config);
  expect(found.model_mappings.map(({ linkage_type }) => linkage_type)).toEqual([
    "PRIMARY",
    "FALLBACK",
  ]);
  expect(await client.endpoints.get({ endpoint_id: created.endpoint_id })).toEqual(found);
  expect(await client.endpoints.list()).toContainEqual(found);
});

test("an update that takes the fallback away is stored and verified", async () => {
  const [model = ""] = await makeModels("no-fallback", 1);
  const model_configs = [{ model_definition_id: model, linkage_type: "PRIMARY" }] as const;
  const { endpoint_id } = await client.endpoints.create({
    name: "no-fallback",
    model_configs,
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 1 },
    usage_tracking: false,
  });

  const updated = await client.endpoints.update({
    endpoint_id,
    model_configs,
    fallback_config: {},
  });

  expect(updated.fallback_config).toEqual({});
});

test("a tag is set, replaced and found again", async () => {
  const [model = ""] = await makeModels("tagged", 1);
  const { endpoint_id } = await client.endpoints.create({
    name: "tagged",
    model_configs: [{ model_definition_id: model, linkage_type: "PRIMARY" }],
    usage_tracking: false,
  });

  await client.endpoints.setTag({ endpoint_id, key: "gwops/owner", value: "first" });
  await client.endpoints.setTag({ endpoint_id, key: "gwops/owner", value: "search" });
  await client.endpoints.setTag({ endpoint_id, key: "empty", value: "" });

  const { tags } = await client.endpoints.get({ name: "tagged" });
  expect(tags).toHaveLength(2);
  expect(tags).toEqual(
    expect.arrayContaining([
      { key: "gwops/owner", value: "search" },
      { key: "empty", value: "" },
    ]),
  );
});

test("a missing endpoint is not found", async () => {
  await expect(client.endpoints.find({ name: "missing" })).resolves.toBeUndefined();
  await expect(client.endpoints.get({ name: "missing" })).rejects.toMatchObject({
    code: "gateway-not-found",
  });
});

test("the second endpoint of a name is refused without the SQL of the server", async () => {
  const [model = ""] = await makeModels("duplicate", 1);
  const request = {
    name: "duplicate",
    model_configs: [{ model_definition_id: model, linkage_type: "PRIMARY" }],
    usage_tracking: false,
  } as const;
  await client.endpoints.create(request);

  await expect(client.endpoints.create(request)).rejects.toMatchObject({
    code: "gateway-already-exists",
    message:
      "createEndpoint failed with 400 BAD_REQUEST: the name, or the same pair, is already taken",
  });
});

test("a budget is created, updated and listed, and has a window", async () => {
  const budget: CreateBudget = {
    budget_unit: "USD",
    budget_amount: 12.34,
    duration: { unit: "DAYS", value: 1 },
    target_scope: "USER",
    target_value: PLAIN_USER.username,
    budget_action: "ALERT",
    created_by: "gwops:test/daily",
  };
  const created = await client.budgets.create(budget);
  const updated = await client.budgets.update({
    budget_policy_id: created.budget_policy_id,
    budget_amount: 0.1,
    duration: { unit: "MONTHS", value: 1200 },
    budget_action: "REJECT",
    updated_by: "gwops:other",
  });

  expect(created).toMatchObject(budget);
  expect(updated).toMatchObject({ budget_amount: 0.1, created_by: "gwops:test/daily" });
  expect(await client.budgets.list()).toEqual([updated]);
  const [window] = await client.budgets.listWindows();
  expect(window).toMatchObject({
    budget_policy_id: created.budget_policy_id,
    current_spend: 0,
  });
  expect(window?.window_end_ms).toBeGreaterThan(Date.now());
});

test("a wrong password is explained and appears nowhere", async () => {
  const auth = { username: "admin", password: new Redacted("wrong-password-1234") };
  const stranger = clientOf({ auth });

  const error = await stranger.secrets.list().catch((failure: unknown) => failure);

  expect(error).toMatchObject({ code: "gateway-unauthorised", status: 401 });
  expect(String(error)).toContain("unauthorised: check credentials");
  expect(inspect([error, stranger], { depth: 9, showHidden: true })).not.toContain("wrong-pass");
  await expect(stranger.server.currentUser()).rejects.toMatchObject({ status: 401 });
});

test("a user without the permission is told so", async () => {
  const { secret_id } = await makeSecret("of-the-admin");
  const plain = clientOf({ auth: PLAIN_USER });

  await expect(
    plain.secrets.update({ secret_id, secret_value: { api_key: KEY } }),
  ).rejects.toMatchObject({
    code: "gateway-forbidden",
    message: expect.stringContaining("the user lacks a permission (its words are withheld"),
  });
});

test("a foreign host name is explained with the setting that allows it", async () => {
  const foreign = clientOf({ headers: { host: "mlflow.example.com" } });

  await expect(foreign.secrets.list()).rejects.toThrow("--allowed-hosts");
});

test("an address that is not the server's is explained", async () => {
  const astray = clientOf({ trackingUri: `${server.trackingUri}/prefix` });

  await expect(astray.secrets.list()).rejects.toThrow(
    "the server has nothing at /prefix/api/3.0/mlflow/gateway/secrets/list",
  );
});

test("a server without basic-auth has no users, and once stopped it is unreachable", async () => {
  const open = await startMlflow({ auth: false });
  const anonymous = new GatewayClient({
    trackingUri: open.trackingUri,
    retry: { attemptsMax: 1 },
  });
  try {
    await expect(anonymous.server.currentUser()).resolves.toBeUndefined();
    await expect(anonymous.secrets.list()).resolves.toEqual([]);
  } finally {
    await open.stop();
  }

  await expect(anonymous.secrets.list()).rejects.toMatchObject({
    name: "GatewayNetworkError",
    isOutcomeUnknown: false,
    cause: { code: "ECONNREFUSED" },
  });
}, 180_000);
