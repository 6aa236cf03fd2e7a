import { expect, test } from "@jest/globals";
import { GatewayNetworkError, GatewayStatusError } from "#gateway/errors.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { isProbe, PROBE_MARK } from "#runtime/marks.ts";
import { Redacted } from "#runtime/redacted.ts";
import type { Invocation } from "#secrets/probe/probe-gateway.ts";
import { type ProbeTarget, probeValue } from "#secrets/probe/probe-value.ts";
import { FakeGateway, type UpstreamCall } from "../../support/fake-gateway.ts";
import { expectNoLeak } from "../../support/leaks.ts";

const TARGET: ProbeTarget = {
  workspace: "default",
  name: "openai-prod",
  provider: "openai",
  auth_config: { auth_mode: "api_key", api_base: "https://eu.example.com/v1" },
};

/** A gateway with the secret, and model definitions that use it. */
async function setup(...models: string[]) {
  const gateway = new FakeGateway();
  const { secret_id } = await gateway.secrets.create({
    secret_name: "openai-prod",
    secret_value: { api_key: "value-that-works" },
    provider: "openai",
  });
  for (const model_name of models) {
    const definition = { name: `uses-${model_name}`, secret_id, provider: "openai", model_name };
    await gateway.modelDefinitions.create(definition);
  }
  const dependencies = { gatewayOf: () => gateway, invocationsOf: () => gateway.invocations };
  const before = gateway.visible();
  const probe = (target: ProbeTarget = TARGET, value = "value-to-try") =>
    probeValue(dependencies, target, { api_key: new Redacted(value) }, NO_DEADLINE);
  /** Apart from what was there before. */
  const left = () => expect(gateway.visible()).toEqual(before);
  return { gateway, dependencies, probe, left };
}

function answering(...statuses: number[]) {
  return () => statuses.shift() ?? 200;
}

test("a value that a model answers to is proven, and nothing is left", async () => {
  const { gateway, probe, left } = await setup("gpt-4o");

  const result = await probe();

  expect(result).toEqual({ verdict: "proven", reason: "a call of gpt-4o with it was answered" });
  expect(gateway.calls).toEqual([
    {
      values: { api_key: "value-to-try" },
      auth_config: TARGET.auth_config,
      model_name: "gpt-4o",
      kind: "chat",
      body: { messages: [{ role: "user", content: "ping" }], max_tokens: 1 },
    },
  ]);
  left();
});

test("what is made for a moment tracks no usage, and is marked as nobody's", async () => {
  const { gateway, probe } = await setup("gpt-4o");
  let seen: ReturnType<FakeGateway["visible"]> | undefined;
  gateway.upstream = () => {
    seen = gateway.visible();
    return 200;
  };

  await probe();

  const endpoint = seen?.endpoints.at(-1);
  expect(endpoint).toMatchObject({ usage_tracking: false, created_by: PROBE_MARK, tags: [] });
  const names = [seen?.secrets.at(-1)?.secret_name, seen?.definitions.at(-1)?.name, endpoint?.name];
  expect(new Set(names).size).toBe(1);
  expect(endpoint && isProbe(endpoint)).toBe(true);
});

test.each([
  [401, "refused", "openai answered 401 to a call of gpt-4o with it"],
  [403, "refused", "openai answered 403 to a call of gpt-4o with it"],
  [
    429,
    "inconclusive",
    "a call of gpt-4o with it was answered with 429: too many calls, or a budget with REJECT that is used up",
  ],
  [500, "inconclusive", "a call of gpt-4o with it was answered with 500"],
  [404, "inconclusive", "a call of gpt-4o with it was answered with 404"],
])("a provider that answers %i makes the value %s", async (status, verdict, reason) => {
  const { gateway, probe, left } = await setup("gpt-4o");
  gateway.upstream = () => status;

  expect(await probe()).toEqual({ verdict, reason });
  left();
});

test("a used-up budget with REJECT says nothing of the value", async () => {
  const { gateway, probe, left } = await setup("gpt-4o");
  gateway.isBudgetUsedUp = true;

  expect(await probe()).toMatchObject({ verdict: "inconclusive" });
  expect(gateway.calls).toEqual([]);
  left();
});

test("a login that MLflow does not let call is not taken for a key that the provider refuses", async () => {
  const { dependencies, left } = await setup("gpt-4o");
  const invocationsOf = () => ({
    invoke: async () => ({ outcome: "login-refused", status: 403 }) as const,
  });

  const result = await probeValue({ ...dependencies, invocationsOf }, TARGET, {}, NO_DEADLINE);

  expect(result).toEqual({
    verdict: "inconclusive",
    reason: "the gateway let nobody in to try it (403)",
  });
  left();
});

test("a call without an answer is inconclusive, and what was made for it goes", async () => {
  const { gateway, probe, left } = await setup("gpt-4o");
  gateway.failOn("invokeEndpoint", 1, new GatewayNetworkError("invokeEndpoint", "was lost"));

  expect(await probe()).toEqual({
    verdict: "inconclusive",
    reason: "a call of gpt-4o with it had no answer (gateway-unreachable)",
  });
  left();
});

test("what ends the whole is no verdict: nothing is pushed for that", async () => {
  const { gateway, dependencies } = await setup("gpt-4o");
  const stop = new AbortController();
  const lost = new GatewayNetworkError("invokeEndpoint", "was lost");
  gateway.failOn("invokeEndpoint", 1, lost);
  const invocationsOf = () => ({
    invoke: (invocation: Invocation) => {
      stop.abort();
      return gateway.invocations.invoke(invocation);
    },
  });
  const deadline = { ...NO_DEADLINE, signal: stop.signal };

  await expect(probeValue({ ...dependencies, invocationsOf }, TARGET, {}, deadline)).rejects.toBe(
    lost,
  );
});

test("without the time for a call the value is tried another time", async () => {
  const { gateway, dependencies, left } = await setup("gpt-4o");
  const deadline = { ...NO_DEADLINE, leftMs: () => 9000 };

  await expect(probeValue(dependencies, TARGET, {}, deadline)).rejects.toMatchObject({
    code: "probe-put-off",
    disposition: "retry",
  });
  expect(gateway.calls).toEqual([]);
  left();
});

test("there is nothing to try a value with that no model definition uses", async () => {
  const { gateway, probe } = await setup();
  const writes = gateway.writes().length;

  expect(await probe()).toEqual({
    verdict: "inconclusive",
    reason: "no model definition uses the secret openai-prod yet",
  });
  expect(gateway.writes()).toHaveLength(writes);
});

test("models that are about to use the secret are tried first", async () => {
  const { gateway, probe } = await setup("gpt-4o");

  await probe({ ...TARGET, models: [{ provider: "azure", model_name: "gpt-5" }] });

  expect(gateway.calls.map(({ model_name }) => model_name)).toEqual(["gpt-5"]);
});

test("a model that the server knows to chat is preferred, then one for embeddings", async () => {
  const { gateway, probe } = await setup("tts-1", "text-embedding-3-small", "fine-tuned", "gpt-4o");
  const modes = {
    "tts-1": "audio_speech",
    "text-embedding-3-small": "embedding",
    "gpt-4o": "chat",
  };
  const known = Object.entries(modes).map(([model, mode]) => ({ provider: "openai", model, mode }));
  const tried = async (unknown: string) => {
    gateway.catalog = known.filter(({ model }) => model !== unknown);
    gateway.calls.length = 0;
    await probe();
    return gateway.calls.map(({ kind, model_name }) => `${kind} ${model_name}`);
  };

  expect(await tried("")).toEqual(["chat gpt-4o"]);
  expect(await tried("gpt-4o")).toEqual(["embeddings text-embedding-3-small"]);
});

test("what only makes sound or pictures cannot be called", async () => {
  const { gateway, probe } = await setup("tts-1");
  gateway.catalog = [{ provider: "openai", model: "tts-1", mode: "audio_speech" }];

  expect(await probe()).toEqual({
    verdict: "inconclusive",
    reason: "no model that uses the secret openai-prod answers to a chat or with embeddings",
  });
});

test.each([
  ["a reasoning model refuses max_tokens", [400], "proven"],
  ["no model for chats", [400, 400], "proven"],
  ["a model that may not be called so", [403], "proven"],
  ["a key that may call nothing", [403, 403], "refused"],
  ["a key that may not call a model for chats", [403, 404], "refused"],
  ["one that is forbidden at first, for whatever reason", [403, 500], "inconclusive"],
  ["an unknown way, and the key is wrong", [404, 401], "refused"],
  ["a wrong key", [401], "refused"],
])("a model that the server does not know is called in turn: %s", async (_, statuses, verdict) => {
  const { gateway, probe, left } = await setup("fine-tuned");
  gateway.upstream = answering(...statuses);

  expect(await probe()).toMatchObject({ verdict });
  left();
});

test("a model that the server knows to chat is not asked for embeddings", async () => {
  const { gateway, probe } = await setup("gpt-4o");
  gateway.catalog = [{ provider: "openai", model: "gpt-4o", mode: "chat" }];
  gateway.upstream = ({ kind }: UpstreamCall) => (kind === "chat" ? 403 : 200);

  expect(await probe()).toMatchObject({ verdict: "refused" });
});

test("a server that does not tell its models is no hindrance", async () => {
  const { gateway, probe } = await setup("gpt-4o");
  gateway.failOn("listModels", 1, new GatewayNetworkError("listModels", "was lost"));

  expect(await probe()).toMatchObject({ verdict: "proven" });
});

test("what the gateway does not make is inconclusive, and what it cannot make now is for later", async () => {
  const { gateway, probe, left } = await setup("gpt-4o");
  const refusal = { isOutcomeUnknown: false, errorCode: undefined, retryAfterMs: undefined };
  const failure = (disposition: "retry" | "reject") =>
    new GatewayStatusError("createEndpoint", "so it is", {
      ...refusal,
      code: "gateway-refused",
      status: 400,
      disposition,
    });

  gateway.failOn("createEndpoint", 1, failure("reject"));
  expect(await probe()).toMatchObject({
    verdict: "inconclusive",
    reason: "the gateway does not make what a trial needs (gateway-refused)",
  });
  left();

  gateway.failOn("createEndpoint", 1, failure("retry"));
  await expect(probe()).rejects.toMatchObject({ disposition: "retry" });
  left();
});

test.each(["createSecret", "createModelDefinition", "createEndpoint"] as const)(
  "what was made by a %s whose answer was lost goes too",
  async (operation) => {
    const { gateway, probe, left } = await setup("gpt-4o");
    gateway.loseAnswer(operation, 1, new GatewayNetworkError(operation, "was lost"));

    await expect(probe()).rejects.toMatchObject({ code: "gateway-unreachable" });
    left();
  },
);

test("a trace that cannot be removed changes no verdict", async () => {
  const { gateway, probe } = await setup("gpt-4o");
  gateway.failOn("deleteEndpoint", 1, new GatewayNetworkError("deleteEndpoint", "was lost"));

  expect(await probe()).toMatchObject({ verdict: "proven" });
  expect(gateway.visible().secrets).toHaveLength(2);
});

test("the value is in no verdict", async () => {
  const { gateway, probe } = await setup("gpt-4o");
  const value = "value-that-nobody-sees";
  const results = [];
  for (const status of [200, 401, 403, 429, 500]) {
    gateway.upstream = () => status;
    results.push(await probe(TARGET, value));
  }

  expectNoLeak([value], results);
});
