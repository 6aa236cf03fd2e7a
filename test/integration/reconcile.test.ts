import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { syncManifest } from "#reconcile/sync.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { aBudget, aManifest, anEndpoint, aSecret } from "../support/builders.ts";
import { arnOf } from "../support/fake-secret-source.ts";
import { gatewayBehaviour } from "../support/gateway-behaviour.ts";
import { expectNoLeak } from "../support/leaks.ts";
import { MANIFEST_KEY, syncSetupOf } from "../support/sync-setup.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

const FIRST = { isLast: false };
const PLAIN_USER = { username: "plain-user", password: "a long enough password" };

let server: MlflowServer;
let gateway: GatewayClient;
let setup: ReturnType<typeof syncSetupOf<GatewayClient>>;

beforeAll(async () => {
  server = await startMlflow({ users: [PLAIN_USER] });
  gateway = clientOf(server.admin);
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

beforeEach(() => {
  setup = syncSetupOf(gateway);
  setup.source.put("prod/openai", "value-one");
});

function clientOf(auth: MlflowServer["admin"]): GatewayClient {
  if (!auth) throw new Error("the server was started without user accounts");
  return new GatewayClient({ trackingUri: server.trackingUri, auth });
}

gatewayBehaviour(() => gateway);

/** A manifest whose names nobody else on the server uses. */
function manifestOf(prefix: string) {
  const secret = `${prefix}-secret`;
  const [main, spare] = [`${prefix}-main`, `${prefix}-spare`];
  return aManifest({
    secrets: [
      aSecret({
        name: secret,
        auth_config: { auth_mode: "api_key", api_base: "http://127.0.0.1:9" },
      }),
    ],
    model_definitions: [main, spare].map((name) => ({ name, secret, model_name: "gpt-4o" })),
    endpoints: [
      anEndpoint({
        name: prefix,
        models: [
          { model_definition: main, linkage_type: "PRIMARY", weight: 0.7 },
          { model_definition: spare, linkage_type: "PRIMARY", weight: 0.3 },
          { model_definition: spare, linkage_type: "FALLBACK", fallback_order: 0 },
        ],
        fallback_config: { max_attempts: 2 },
        usage_tracking: false,
        tags: { team: "search" },
      }),
    ],
    budgets: [
      aBudget({ name: `${prefix}-monthly`, target_value: prefix, alerts: { thresholds: [0.5] } }),
      aBudget({
        name: `${prefix}-user`,
        target_scope: "USER",
        target_value: PLAIN_USER.username,
        duration: { unit: "WEEKS", value: 1 },
      }),
    ],
  });
}

async function sync(manifest: unknown, runId = "run-1") {
  setup.bucket.put(MANIFEST_KEY, manifest);
  return syncManifest(setup.dependencies(runId), MANIFEST_KEY, FIRST);
}

test("a manifest is applied to an empty gateway, and putting it again changes nothing", async () => {
  const manifest = manifestOf("whole");

  const first = await sync(manifest);
  const before = await everything();
  const second = await sync(manifest, "run-2");

  expect(first).toMatchObject({ outcome: "applied" });
  expect(first?.outcomes.map(({ key, outcome }) => `${outcome} ${key}`)).toEqual([
    "applied secret/whole-secret",
    "applied model_definition/whole-main",
    "applied model_definition/whole-spare",
    "applied endpoint/whole",
    "applied budget/whole-monthly",
    "applied budget/whole-user",
  ]);
  expect(second).toMatchObject({ outcome: "unchanged", changes: [] });
  expect(await everything()).toEqual(before);
  expectNoLeak(["value-one"], setup.bucket.reports, setup.ledger.written, before);
});

test("a changed manifest changes what it says and nothing else", async () => {
  const manifest = manifestOf("changing");
  await sync(manifest);
  const [endpoint] = manifest.endpoints ?? [];
  const [monthly, ofUser] = manifest.budgets ?? [];
  if (!endpoint || !monthly || !ofUser) throw new Error("the manifest is incomplete");
  const [main] = endpoint.models;
  if (!main) throw new Error("the endpoint has no model");

  const report = await sync({
    ...manifest,
    endpoints: [{ ...endpoint, models: [main], fallback_config: undefined }],
    budgets: [{ ...monthly, budget_amount: 0.25, budget_action: "REJECT" }, ofUser],
  });

  expect(report).toMatchObject({ outcome: "applied" });
  expect(report?.changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
    "update endpoint/changing",
    "update budget/changing-monthly",
  ]);
  const found = await gateway.endpoints.get({ name: "changing" });
  expect(found.model_mappings).toHaveLength(1);
  expect(found.tags).toContainEqual({ key: "team", value: "search" });
});

test("what somebody changed by hand is brought back", async () => {
  const manifest = manifestOf("edited");
  await sync(manifest);
  const [definition] = (await gateway.modelDefinitions.list()).filter(
    ({ name }) => name === "edited-main",
  );
  await gateway.modelDefinitions.update({
    model_definition_id: definition?.model_definition_id ?? "",
    model_name: "gpt-4o-mini",
  });
  const secret = (await gateway.secrets.list()).find((one) => one.secret_name === "edited-secret");
  await gateway.secrets.update({
    secret_id: secret?.secret_id ?? "",
    secret_value: { api_key: "a-value-by-hand" },
  });

  const report = await sync(manifest, "run-2");

  expect(report).toMatchObject({ outcome: "applied" });
  expect(report?.changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
    "update secret/edited-secret",
    "update model_definition/edited-main",
  ]);
});

test("what was made by hand is adopted once, in place", async () => {
  const { secret_id } = await gateway.secrets.create({
    secret_name: "adopted-secret",
    secret_value: { api_key: "a-value-by-hand" },
    provider: "openai",
  });
  const { model_definition_id } = await gateway.modelDefinitions.create({
    name: "adopted-main",
    secret_id,
    provider: "openai",
    model_name: "gpt-4o",
  });
  const { endpoint_id } = await gateway.endpoints.create({
    name: "adopted",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
    usage_tracking: false,
  });

  const report = await sync(manifestOf("adopted"));
  const again = await sync(manifestOf("adopted"), "run-2");

  expect(report).toMatchObject({ outcome: "applied" });
  expect(report?.changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
    "adopt secret/adopted-secret",
    "adopt model_definition/adopted-main",
    "create model_definition/adopted-spare",
    "adopt endpoint/adopted",
    "create budget/adopted-monthly",
    "create budget/adopted-user",
  ]);
  expect(again).toMatchObject({ outcome: "unchanged" });
  expect(await gateway.endpoints.get({ name: "adopted" })).toMatchObject({ endpoint_id });
});

test("an endpoint that lost its models is in no list, but is found and mended", async () => {
  const manifest = manifestOf("hidden");
  await sync(manifest);
  const { endpoint_id, model_mappings } = await gateway.endpoints.get({ name: "hidden" });
  for (const { model_definition_id } of model_mappings) {
    await post("endpoints/models/detach", { endpoint_id, model_definition_id });
  }
  expect((await gateway.endpoints.list()).map(({ name }) => name)).not.toContain("hidden");

  const report = await sync(manifest, "run-2");

  expect(report).toMatchObject({ outcome: "applied" });
  expect((await gateway.endpoints.get({ name: "hidden" })).model_mappings).toHaveLength(3);
});

test("a new version of a secret is pushed, and the same event again writes nothing", async () => {
  await sync(manifestOf("pushed"));
  const named = async () =>
    (await gateway.secrets.list()).find(({ secret_name }) => secret_name === "pushed-secret");
  const before = await named();
  const versionId = setup.source.put("prod/openai", "value-two-9876");
  const trigger = { sourceArn: arnOf("prod/openai"), versionId };

  const [outcome] = await pushChanged(setup.dependencies("push-1"), trigger, FIRST);
  const after = await named();
  const [again] = await pushChanged(setup.dependencies("push-2"), trigger, FIRST);

  expect(outcome).toMatchObject({ outcome: "updated", version_id: versionId });
  expect(after?.masked_values).not.toEqual(before?.masked_values);
  expect(after?.auth_config).toEqual(before?.auth_config);
  expect(again).toMatchObject({ outcome: "unchanged" });
  expect(await named()).toEqual(after);
});

test("a login that is no admin is refused before anything is planned", async () => {
  setup = syncSetupOf(clientOf(PLAIN_USER));
  setup.source.put("prod/openai", "value-one");

  await expect(sync(manifestOf("refused"))).rejects.toMatchObject({
    code: "gateway-login-not-admin",
  });

  expect((await gateway.endpoints.list()).map(({ name }) => name)).not.toContain("refused");
});

async function post(path: string, json: unknown): Promise<void> {
  const url = `${server.trackingUri}/api/3.0/mlflow/gateway/${path}`;
  const { status, body } = await callLocal(url, {
    method: "POST",
    user: server.admin,
    json,
  });
  if (status !== 200) throw new Error(`${path} was answered with ${status}: ${body}`);
}

/** All that the server stores, without the order that it does not promise. */
async function everything() {
  const { secrets, modelDefinitions, endpoints, budgets } = gateway;
  const lists = await Promise.all(
    [secrets, modelDefinitions, endpoints, budgets].map(
      async (operations): Promise<readonly object[]> => operations.list(),
    ),
  );
  return lists
    .flat()
    .map((resource) => JSON.stringify(resource))
    .sort();
}
