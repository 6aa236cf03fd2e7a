import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { InvocationClient } from "#gateway/invocations.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { PROBE_PREFIX } from "#runtime/marks.ts";
import { Redacted } from "#runtime/redacted.ts";
import { type ProbeTarget, probeValue } from "#secrets/probe/probe-value.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { startUpstream, type Upstream } from "../../scripts/local/upstream-stub.ts";
import { applySetupOf } from "../support/apply-setup.ts";
import { arnOf } from "../support/fake-secret-source.ts";
import { invocationBehaviour } from "../support/invocation-behaviour.ts";
import { definition, endpoint, secret } from "../support/states.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

const PLAIN_USER = { username: "plain-user", password: "made-up-password" };

let server: MlflowServer;
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
  server = await startMlflow({ users: [PLAIN_USER] });
}, 180_000);

afterAll(async () => {
  await server?.stop();
  await upstream?.stop();
}, 30_000);

function clients() {
  const { trackingUri, admin } = server;
  const options = { trackingUri, ...(admin && { auth: admin }) };
  return {
    gateway: new GatewayClient(options),
    invocations: new InvocationClient(options),
    tracking: new TrackingClient(options),
    auth_config: { auth_mode: "api_key", api_base: upstream.url },
  };
}

invocationBehaviour(() => ({
  ...clients(),
  answerNext: (status) => upstream.failNext(1, status),
}));

const CHAT = { provider: "openai", model_name: "gpt-4o" };
const EMBEDDINGS = { provider: "openai", model_name: "text-embedding-3-small" };

/** Tries a value that no secret on the gateway holds yet. */
async function tried(model: typeof CHAT, leftMs = Number.POSITIVE_INFINITY) {
  const { gateway, invocations, auth_config } = clients();
  const signal = NO_DEADLINE.signal;
  const dependencies = {
    gatewayOf: (_: string, deadline: { signal: AbortSignal }) => gateway.within(deadline.signal),
    invocationsOf: (_: string, deadline: { signal: AbortSignal }) =>
      invocations.within(deadline.signal),
  };
  const target: ProbeTarget = {
    ...{ workspace: "default", name: "to-be-made", provider: "openai", auth_config },
    models: [model],
  };
  const value = { api_key: new Redacted("made-up-key-to-try") };
  return probeValue(dependencies, target, value, { leftMs: () => leftMs, signal });
}

async function expectNothingLeft(): Promise<void> {
  const { gateway } = clients();
  const names = [
    ...(await gateway.secrets.list()).map(({ secret_name }) => secret_name),
    ...(await gateway.modelDefinitions.list()).map(({ name }) => name),
    ...(await gateway.endpoints.list()).map(({ name }) => name),
  ];
  expect(names.filter((name) => name.startsWith(PROBE_PREFIX))).toEqual([]);
}

test.each([
  ["chat", CHAT],
  ["embeddings", EMBEDDINGS],
])("a value is proven, refused or neither by what the provider answers: %s", async (_, model) => {
  const before = upstream.calls().length;

  expect(await tried(model)).toMatchObject({ verdict: "proven" });
  expect(upstream.calls().slice(before)).toHaveLength(1);
  expect(upstream.calls().at(-1)?.key.reveal()).toBe("made-up-key-to-try");
  expect(upstream.calls().at(-1)?.model).toBe(model.model_name);
  for (const [status, verdict] of [
    [401, "refused"],
    [429, "inconclusive"],
    [500, "inconclusive"],
  ] as const) {
    upstream.failNext(1, status);
    expect([status, await tried(model)]).toMatchObject([status, { verdict }]);
  }
  await expectNothingLeft();
});

test("a provider that forbids a model known to chat refuses the key", async () => {
  upstream.failNext(1, 403);

  expect(await tried(CHAT)).toMatchObject({ verdict: "refused" });
  await expectNothingLeft();
});

test("a provider that never answers says nothing of the value, and nothing is left", async () => {
  upstream.failNext(1, 0);

  expect(await tried(CHAT, 10_000)).toEqual({
    verdict: "inconclusive",
    reason: "a call of gpt-4o with it had no answer (gateway-timeout)",
  });
  await expectNothingLeft();
});

test("a refused value never reaches the secret; the next one does", async () => {
  const { gateway, tracking, invocations, auth_config } = clients();
  const parts = applySetupOf(gateway, tracking, invocations);
  const tells = secret("tried-push", { auth_config, probe: true });
  const models = [{ model_definition: "tried-push", linkage_type: "PRIMARY", weight: 1 }] as const;
  parts.source.put("prod/openai", "made-up-key-one");
  await parts.apply([
    tells,
    definition("tried-push", { secret: "tried-push" }),
    endpoint("tried-push", { models, usage_tracking: false }),
  ]);
  const change = async (value: string) => {
    const versionId = parts.source.put("prod/openai", value);
    const trigger = { sourceArn: arnOf("prod/openai"), versionId };
    const run = { ...parts.dependencies, runId: `push-${versionId}` };
    return pushChanged(run, trigger, { isLast: true });
  };
  const stored = async () =>
    (await gateway.secrets.list()).find(({ secret_name }) => secret_name === "tried-push");
  const before = await stored();

  upstream.failNext(1, 401);
  expect(await change("made-up-key-two")).toMatchObject([{ outcome: "rejected" }]);
  expect(await stored()).toEqual(before);

  expect(await change("made-up-key-three")).toMatchObject([
    { outcome: "updated", probe: { verdict: "proven" } },
  ]);
  await expectNothingLeft();
});

test("while a REJECT budget is used up nothing is known of a value", async () => {
  const { gateway, invocations, auth_config } = clients();
  const { secret_id } = await gateway.secrets.create({
    ...{ secret_name: "spending", provider: "openai", auth_config },
    secret_value: { api_key: "made-up-key-that-spends" },
  });
  const { model_definition_id } = await gateway.modelDefinitions.create({
    ...{ ...CHAT, name: "spending", secret_id },
  });
  await gateway.endpoints.create({
    name: "spending",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
  });
  const { budget_policy_id } = await gateway.budgets.create({
    budget_unit: "USD",
    budget_amount: 0.5,
    duration: { unit: "DAYS", value: 1 },
    target_scope: "GLOBAL",
    budget_action: "REJECT",
  });
  try {
    const body = { messages: [{ role: "user", content: "ping" }] };
    const spend = () => invocations.invoke({ endpoint_name: "spending", body });
    for (let calls = 0; (await spend()).status !== 429; calls += 1) expect(calls).toBeLessThan(20);
    const before = upstream.calls().length;

    expect(await tried(CHAT)).toEqual({
      verdict: "inconclusive",
      reason:
        "a call of gpt-4o with it was answered with 429: too many calls, or a budget with REJECT that is used up",
    });
    expect(upstream.calls()).toHaveLength(before);
    await expectNothingLeft();
  } finally {
    await gateway.budgets.delete({ budget_policy_id });
  }
});

test("a user who may not call the endpoint is not taken for a refused key", async () => {
  const { gateway, auth_config } = clients();
  const { secret_id } = await gateway.secrets.create({
    ...{ secret_name: "closed", provider: "openai", auth_config },
    secret_value: { api_key: "made-up-key-behind" },
  });
  const { model_definition_id } = await gateway.modelDefinitions.create({
    ...{ ...CHAT, name: "closed", secret_id },
  });
  await gateway.endpoints.create({
    name: "closed",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
    usage_tracking: false,
  });
  const { trackingUri } = server;
  const call = { endpoint_name: "closed", body: { messages: [{ role: "user", content: "ping" }] } };
  const as = (username: string) =>
    new InvocationClient({ trackingUri, auth: { ...PLAIN_USER, username } });

  expect(await as("nobody").invoke(call)).toEqual({ outcome: "login-refused", status: 401 });
  expect(await as("plain-user").invoke(call)).toEqual({ outcome: "login-refused", status: 403 });
});
