import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient, type GatewayClientOptions } from "#gateway/client.ts";
import { HttpTransport } from "#gateway/http/transport.ts";
import type { CreateBinding, CreateGuardrail } from "#gateway/requests.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { startUpstream } from "../../scripts/local/upstream-stub.ts";
import { type FaultyProxy, startFaultyProxy } from "../support/faulty-proxy.ts";

jest.setTimeout(30_000);

let server: MlflowServer;
let proxy: FaultyProxy;
let client: GatewayClient;

beforeAll(async () => {
  server = await startMlflow({ auth: false });
  proxy = await startFaultyProxy(server.trackingUri);
  client = clientOf();
}, 180_000);

afterAll(async () => {
  await proxy?.stop();
  await server?.stop();
}, 30_000);

function clientOf(options: Partial<GatewayClientOptions> = {}): GatewayClient {
  return new GatewayClient({ trackingUri: `${proxy.url}/`, ...options });
}

/** Straight to the server, as a careless client would. */
async function raw(path: string, json: object) {
  const url = `${server.trackingUri}/api/3.0/mlflow/gateway/${path}`;
  const { status, body } = await callLocal(url, { method: "POST", json });
  return { status, body, json: () => JSON.parse(body) };
}

/** What went through the proxy while `work` ran, in short. */
async function requestsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = proxy.seen.length;
  await work();
  return proxy.seen.slice(before);
}

const LOST = { kind: "answer-lost" } as const;
const POOL = {
  kind: "answered",
  status: 400,
  body: JSON.stringify({
    error_code: "BAD_REQUEST",
    message: "QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
  }),
} as const;

const SECRET = { secret_value: { api_key: "sk-integration-0123456789" }, provider: "openai" };
const BUDGET = {
  budget_unit: "USD",
  budget_amount: 12.5,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
} as const;

async function makeModel(name: string): Promise<string> {
  const { secret_id } = await client.secrets.create({ ...SECRET, secret_name: name });
  const definition = { name, secret_id, provider: "openai", model_name: "gpt-4o" };
  return (await client.modelDefinitions.create(definition)).model_definition_id;
}

async function makeEndpoint(name: string) {
  const model_definition_id = await makeModel(name);
  const model_configs = [{ model_definition_id, linkage_type: "PRIMARY" }] as const;
  const endpoint = await client.endpoints.create({ name, model_configs, usage_tracking: false });
  return { model_definition_id, model_configs, endpoint_id: endpoint.endpoint_id };
}

// What MLflow does with requests that it understands in part

test("a list as secret_value makes the server store an empty secret, and us send an object", async () => {
  const secret_value = [{ key: "api_key", value: "sk-integration-0123456789" }];
  const careless = await raw("secrets/create", { secret_name: "careless", secret_value });

  const { masked_values } = await client.secrets.create({ secret_name: "careful", secret_value });

  expect(careless.status).toBe(200);
  expect(careless.json().secret).not.toHaveProperty("masked_values");
  expect(masked_values).toEqual({ api_key: "sk-...6789" });
});

test("a secret that the server stored empty is noticed", async () => {
  proxy.fail("secrets/create", { kind: "altered", fields: { secret_value: "sk-text" } });

  await expect(client.secrets.create({ ...SECRET, secret_name: "noticed" })).rejects.toMatchObject({
    name: "GatewayResponseError",
    isRetryable: false,
    isOutcomeUnknown: true,
    message:
      "createSecret was answered with success, but the server did not store secret_value as it was sent",
  });
});

test.each([
  ["routing_strategy", { routing_strategy: "BOGUS" }],
  ["usage_tracking", { usage_tracking: "off" }],
  ["fallback_config", { fallback_config: { strategy: "BOGUS", max_attempts: 2 } }],
])("a %s that the server ignored is noticed", async (field, fields) => {
  const { endpoint_id, model_configs } = await makeEndpoint(`ignored-${field}`);
  const wanted = {
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 2 },
    usage_tracking: false,
  } as const;
  const name = `noticed-${field}`;
  proxy.fail("endpoints/create", { kind: "altered", fields });

  await expect(client.endpoints.create({ name, model_configs, ...wanted })).rejects.toThrow(
    `did not store ${field} as it was sent`,
  );
  await expect(
    client.endpoints.update({ endpoint_id, model_configs, ...wanted }),
  ).resolves.toMatchObject(wanted);
});

test("a weight that is no number, which the server takes for 1, is noticed", async () => {
  const { endpoint_id, model_configs } = await makeEndpoint("weighty");
  const [model] = model_configs;
  const update = { endpoint_id, model_configs: [{ ...model, weight: 0.7 }], fallback_config: {} };
  const altered = [{ ...model, weight: "0,7" }];
  proxy.fail("endpoints/update", { kind: "altered", fields: { model_configs: altered } });

  await expect(client.endpoints.update(update)).rejects.toThrow("did not store model_configs");
  const { model_mappings } = await client.endpoints.update(update);
  expect(model_mappings[0]?.weight).toBeCloseTo(0.7);
});

test("a fallback that the server reset with the models is noticed", async () => {
  const { endpoint_id, model_configs } = await makeEndpoint("reset");
  const fallback_config = { strategy: "SEQUENTIAL", max_attempts: 2 } as const;
  const update = { endpoint_id, model_configs, fallback_config };
  await client.endpoints.update(update);
  const left = await raw("endpoints/update", { endpoint_id, model_configs });
  proxy.fail("endpoints/update", { kind: "altered", fields: { fallback_config: undefined } });

  expect(left.json().endpoint.fallback_config).toEqual({});
  await expect(client.endpoints.update(update)).rejects.toThrow("did not store fallback_config");
});

test("a budget action that the server ignored is noticed", async () => {
  const { budget_policy_id } = await client.budgets.create({ ...BUDGET, created_by: "noticed" });
  proxy.fail("budgets/update", { kind: "altered", fields: { budget_action: "BLOCK" } });

  await expect(
    client.budgets.update({ budget_policy_id, budget_action: "REJECT" }),
  ).rejects.toThrow("did not store budget_action as it was sent");
  await client.budgets.delete({ budget_policy_id });
});

// What must not even be sent

test("what ends in a web page with 500 is refused before it is sent", async () => {
  const { endpoint_id } = await makeEndpoint("refused");
  const binding = { endpoint_id, resource_type: "scorer_job", resource_id: "x" };
  const page = await raw("endpoints/bindings/create", binding);
  const guardrail = {
    name: "g",
    scorer_id: "x",
    scorer_version: 1,
    stage: "DURING",
    action: "VALIDATION",
  };
  const stagePage = await raw("guardrails/create", guardrail);

  const requests = await requestsOf(async () => {
    await expect(client.bindings.create(binding as CreateBinding)).rejects.toThrow(
      "resource_type must be scorer",
    );
    await expect(client.guardrails.create(guardrail as CreateGuardrail)).rejects.toThrow(
      "stage must be one of BEFORE, AFTER",
    );
  });

  expect(page).toMatchObject({ status: 500, body: expect.stringContaining("<html") });
  expect(stagePage).toMatchObject({ status: 500, body: expect.stringContaining("<html") });
  expect(requests).toEqual([]);
});

test("what the server would accept, and fail on later, is refused before it is sent", async () => {
  const model = { model_definition_id: "d-1", linkage_type: "PRIMARY" } as const;
  const long = "x".repeat(256);
  const tag = { endpoint_id: "e-1", key: "k", value: "v" };

  const requests = await requestsOf(async () => {
    const refusals: [Promise<unknown>, string][] = [
      [client.secrets.create({ ...SECRET, secret_name: long }), "secret_name must be a text of 1"],
      [
        client.secrets.create({ ...SECRET, secret_name: "x", auth_config: { base_url: "x" } }),
        "auth_config.base_url must be under another key",
      ],
      [client.endpoints.create({ name: "a b", model_configs: [model] }), "name must be a text"],
      [client.endpoints.create({ name: long, model_configs: [model] }), "name must be a text"],
      [client.endpoints.setTag({ ...tag, key: long }), "key must be a text of 1 to 250"],
      [client.endpoints.setTag({ ...tag, value: "v".repeat(5001) }), "value must be a text of 0"],
      [
        client.budgets.create({ ...BUDGET, duration: { unit: "MONTHS", value: 1201 } }),
        "duration.value must be an integer from 1 to 1200",
      ],
      [client.budgets.create({ ...BUDGET, budget_amount: 0 }), "budget_amount must be a finite"],
      [
        client.endpoints.update({ endpoint_id: "e-1", model_configs: [model] }),
        "fallback_config must be given with model_configs",
      ],
    ];
    for (const [refusal, message] of refusals) await expect(refusal).rejects.toThrow(message);
  });

  expect(requests).toEqual([]);
});

// Answers that never came

test("a secret, a model definition and an endpoint are found when their answers were lost", async () => {
  for (const path of ["secrets/create", "model-definitions/create", "endpoints/create"]) {
    proxy.fail(path, LOST);
  }

  const requests = await requestsOf(() => makeEndpoint("lost"));

  expect(requests).toEqual([
    "POST secrets/create",
    "GET secrets/list",
    "POST model-definitions/create",
    "GET model-definitions/list",
    "POST endpoints/create",
    "GET endpoints/get",
  ]);
});

test("a mapping and a binding are found when their answers were lost", async () => {
  const { endpoint_id } = await makeEndpoint("lost-parts");
  await client.endpoints.update({ endpoint_id, routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT" });
  const model_definition_id = await makeModel("lost-second");
  const binding = { endpoint_id, resource_type: "scorer", resource_id: "judge" } as const;
  proxy.fail("models/attach", LOST);
  proxy.fail("bindings/create", LOST);

  const requests = await requestsOf(async () => {
    await client.endpoints.attachModel({
      endpoint_id,
      model_config: { model_definition_id, linkage_type: "PRIMARY", weight: 0.3 },
    });
    await client.bindings.create(binding);
  });

  expect(requests).toEqual([
    "GET endpoints/get",
    "POST models/attach",
    "GET endpoints/get",
    "POST bindings/create",
    "GET bindings/list",
  ]);
});

test("a guardrail and its place are found when their answers were lost", async () => {
  const { endpoint_id } = await makeEndpoint("lost-guarded");
  const register = `${server.trackingUri}/api/3.0/mlflow/scorers/register`;
  const json = { experiment_id: "0", name: "judge", serialized_scorer: '{"name":"judge"}' };
  const { scorer_id } = JSON.parse((await callLocal(register, { method: "POST", json })).body);
  proxy.fail("guardrails/create", LOST);
  proxy.fail("guardrails/add-to-endpoint", LOST);

  const { guardrail_id } = await client.guardrails.create({
    name: "safe",
    scorer_id,
    scorer_version: 1,
    stage: "AFTER",
    action: "SANITIZATION",
    action_endpoint_id: endpoint_id,
  });
  const placed = await client.guardrails.addToEndpoint({ endpoint_id, guardrail_id });

  await expect(client.guardrails.list()).resolves.toHaveLength(1);
  await expect(client.guardrails.listForEndpoint({ endpoint_id })).resolves.toMatchObject([placed]);
});

test("a budget is found by its mark when its answer was lost, and is unknown without one", async () => {
  proxy.fail("budgets/create", LOST);
  proxy.fail("budgets/create", LOST);

  const found = await client.budgets.create({ ...BUDGET, created_by: "a mark of its own" });

  await expect(client.budgets.create(BUDGET)).rejects.toMatchObject({
    code: "gateway-unreachable",
    isOutcomeUnknown: true,
    isRetryable: true,
    operation: "createBudget",
  });
  const budgets = await client.budgets.list();
  expect(budgets).toHaveLength(2);
  expect(budgets).toContainEqual(found);
  for (const { budget_policy_id } of budgets) await client.budgets.delete({ budget_policy_id });
});

test("a budget of a mark that others have too is not taken for ours", async () => {
  await client.budgets.create({ ...BUDGET, created_by: "everybody" });
  proxy.fail("budgets/create", LOST);

  await expect(client.budgets.create({ ...BUDGET, created_by: "everybody" })).rejects.toMatchObject(
    { isOutcomeUnknown: true },
  );

  for (const { budget_policy_id } of await client.budgets.list()) {
    await client.budgets.delete({ budget_policy_id });
  }
});

test("the name of another's secret is not taken for ours", async () => {
  await client.secrets.create({ ...SECRET, secret_name: "another's" });
  // Longer than the clocks of two computers are known to differ.
  await sleep(3000);
  proxy.fail("secrets/create", LOST);

  await expect(
    client.secrets.create({ ...SECRET, secret_name: "another's" }),
  ).rejects.toMatchObject({ code: "gateway-already-exists", isOutcomeUnknown: false });
});

test("an exhausted pool is waited for, and looked behind before a create is sent again", async () => {
  proxy.fail("budgets/create", POOL);
  proxy.fail("endpoints/list", POOL);

  const requests = await requestsOf(async () => {
    const { budget_policy_id } = await client.budgets.create({ ...BUDGET, created_by: "pool" });
    await client.budgets.delete({ budget_policy_id });
    await client.endpoints.list();
  });

  expect(requests).toEqual([
    "POST budgets/create",
    "GET budgets/list",
    "POST budgets/create",
    "DELETE budgets/delete",
    "GET endpoints/list",
    "GET endpoints/list",
  ]);
});

test("updates and removals are repeated when their answers were lost", async () => {
  const { endpoint_id, model_definition_id } = await makeEndpoint("repeated");
  for (const path of ["endpoints/set-tag", "models/detach", "endpoints/delete"]) {
    proxy.fail(path, LOST);
  }

  const requests = await requestsOf(async () => {
    await client.endpoints.setTag({ endpoint_id, key: "team", value: "search" });
    await client.endpoints.detachModel({ endpoint_id, model_definition_id, force: true });
    await client.endpoints.delete({ endpoint_id });
  });

  expect(requests).toEqual([
    ...["POST endpoints/set-tag", "POST endpoints/set-tag"],
    ...["POST models/detach", "POST models/detach", "POST models/detach"],
    ...["DELETE endpoints/delete", "DELETE endpoints/delete"],
  ]);
  await expect(client.endpoints.find({ endpoint_id })).resolves.toBeUndefined();
});

test.each([
  [503, { "retry-after": "1" }],
  [502, {}],
  [504, { "retry-after": "1" }],
  [524, { "retry-after": "0" }],
])(
  "a budget and an endpoint that a proxy reports as a %i with %j are there once",
  async (status, headers) => {
    const body = "<html><title>the proxy is tired</title></html>";
    const misreported = { kind: "misreported", status, headers, body } as const;
    for (const path of ["budgets/create", "endpoints/create", "secrets/create"]) {
      proxy.fail(path, misreported);
    }
    const created_by = `tired-${status}`;

    const requests = await requestsOf(async () => {
      const { budget_policy_id } = await client.budgets.create({ ...BUDGET, created_by });
      await expect(client.budgets.list()).resolves.toMatchObject([{ budget_policy_id }]);
      await client.budgets.delete({ budget_policy_id });
      await makeEndpoint(created_by);
    });

    expect(requests).toEqual([
      "POST budgets/create",
      "GET budgets/list",
      "GET budgets/list",
      "DELETE budgets/delete",
      "POST secrets/create",
      "GET secrets/list",
      "POST model-definitions/create",
      "POST endpoints/create",
      "GET endpoints/get",
    ]);
  },
);

test("a value that a proxy repeats in any form gets into no error", async () => {
  const value = "sk-integration-0123456789";
  const echo = `${Buffer.from(value).toString("base64")} ${encodeURIComponent(value)} ${value.slice(3)}`;
  for (const kind of ["answered", "misreported"] as const) {
    proxy.fail("secrets/create", { kind, status: 400, body: `not this: ${echo}` });
    const created = client.secrets.create({ ...SECRET, secret_name: `echoed-${kind}` });
    await expect(created).rejects.toThrow("createSecret failed with 400: its words are withheld");
  }
});

test("an api_base that the server refuses is told in our words", async () => {
  const auth_config = { api_base: "ftp://127.0.0.1/v1" };

  await expect(
    client.secrets.create({ ...SECRET, secret_name: "no-base", auth_config }),
  ).rejects.toThrow(
    "createSecret failed with 400 INVALID_PARAMETER_VALUE: the server refuses the api_base",
  );
});

test("what is refused without force is what the server fails to serve", async () => {
  const upstream = await startUpstream();
  try {
    const api_base = `${upstream.url}`;
    const { secret_id } = await client.secrets.create({
      ...SECRET,
      secret_name: "served",
      auth_config: { api_base },
    });
    const definition = { name: "served", secret_id, provider: "openai", model_name: "gpt-4o" };
    const { model_definition_id } = await client.modelDefinitions.create(definition);
    const split = { routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT" } as const;
    const call = async (name: string, weight: number) => {
      const model_configs = [{ model_definition_id, linkage_type: "PRIMARY", weight }] as const;
      const request = { name, model_configs, usage_tracking: false, ...split };
      const isRefused = await client.endpoints.create(request).then(
        () => false,
        () => true,
      );
      if (isRefused) await client.endpoints.create({ ...request, force: true });
      const json = { messages: [{ role: "user", content: "hello" }] };
      const url = `${server.trackingUri}/gateway/${name}/mlflow/invocations`;
      return { isRefused, status: (await callLocal(url, { method: "POST", json })).status };
    };

    await expect(call("share-0", 0)).resolves.toEqual({ isRefused: true, status: 500 });
    await expect(call("share-0.01", 0.01)).resolves.toEqual({ isRefused: true, status: 500 });
    await expect(call("share-0.02", 0.02)).resolves.toEqual({ isRefused: false, status: 200 });
  } finally {
    await upstream.stop();
  }
}, 60_000);

test("a server that says when to come back is asked again then", async () => {
  proxy.fail("secrets/create", { kind: "answered", status: 429, headers: { "retry-after": "1" } });
  const startedAtMs = performance.now();

  const requests = await requestsOf(() =>
    client.secrets.create({ ...SECRET, secret_name: "patient" }),
  );

  expect(requests).toEqual(["POST secrets/create", "POST secrets/create"]);
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(1000);
});

// What stands between

test("a redirect is refused, and an answer that is too long too", async () => {
  proxy.fail("secrets/list", {
    kind: "answered",
    status: 302,
    headers: { location: "https://login.example.com/?token=123" },
  });
  const small = clientOf({ transport: new HttpTransport({ responseBytesMax: 1000 }) });

  await expect(client.secrets.list()).rejects.toThrow(
    "the server redirects to https://login.example.com/, which is not followed",
  );
  await expect(small.discovery.models({ provider: "openai" })).rejects.toThrow(
    "listModels answered with more than 1000 bytes",
  );
});

test("a kept connection that the server closed after 5 s does not surface", async () => {
  const transport = new HttpTransport({ connections: "kept" });
  const kept = new GatewayClient({ trackingUri: server.trackingUri, transport });
  await kept.secrets.list();
  await sleep(5500);

  await expect(
    kept.secrets.create({ ...SECRET, secret_name: "after a pause" }),
  ).resolves.toMatchObject({ secret_name: "after a pause" });
});

test("a server of several workers, late on kept connections, is soon met with new ones", async () => {
  const workers = await startMlflow({ auth: false, workers: 2 });
  const transport = new HttpTransport({ connections: "kept" });
  const { trackingUri } = workers;
  const durationsMs: number[] = [];
  const onRequest = (_: string, durationMs: number) => durationsMs.push(durationMs);
  try {
    const kept = new GatewayClient({ trackingUri, transport, onRequest });
    for (let call = 1; call <= 30; call += 1) await kept.server.version();
  } finally {
    await workers.stop();
  }

  const last = durationsMs.slice(-9).toSorted((left, right) => left - right);
  expect(last[4]).toBeLessThan(35);
}, 180_000);
