import { expect, test } from "@jest/globals";
import type { GatewayClient } from "#gateway/client.ts";
import { GatewayNetworkError } from "#gateway/errors.ts";
import {
  aBinding,
  aBudgetEntity,
  aGuardrailEntity,
  aMapping,
  aModelDefinitionEntity,
  anEndpointEntity,
  aSecretEntity,
  type FakeAnswer,
  failureOf,
  NOW_MS,
  scriptedGateway,
} from "../scripted-gateway.ts";

const LOST = new GatewayNetworkError("create", "lost its answer", { isOutcomeUnknown: true });
const POOL: FakeAnswer = {
  status: 400,
  body: '{"error_code":"BAD_REQUEST","message":"QueuePool limit of size 5 overflow 10 reached"}',
};
const EXISTS: FakeAnswer = {
  status: 400,
  body: '{"error_code":"RESOURCE_ALREADY_EXISTS","message":"exists"}',
};
const MISSING: FakeAnswer = {
  status: 404,
  body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"not found"}',
};
const YOUNG = { created_at: NOW_MS + 100, last_updated_at: NOW_MS + 100 };
const OLD = { created_at: NOW_MS - 60_000, last_updated_at: NOW_MS - 60_000 };

interface Kind {
  readonly create: (client: GatewayClient) => Promise<unknown>;
  /** The answer of a create, and of the look-up that finds the resource with these times. */
  readonly created: (times: object) => FakeAnswer;
  readonly found: (times: object) => FakeAnswer;
  readonly none: FakeAnswer;
}

const model = { model_definition_id: "d-1", linkage_type: "PRIMARY" } as const;
const NONE: FakeAnswer = { json: {} };

const NAMED: Readonly<Record<string, Kind>> = {
  secret: {
    create: ({ secrets }) =>
      secrets.create({ secret_name: "openai", secret_value: { api_key: "sk-1" } }),
    created: (times) => ({ json: { secret: aSecretEntity(times) } }),
    found: (times) => ({
      json: { secrets: [aSecretEntity({ secret_name: "other" }), aSecretEntity(times)] },
    }),
    none: NONE,
  },
  "model definition": {
    create: ({ modelDefinitions }) =>
      modelDefinitions.create({
        name: "gpt-4o",
        secret_id: "s-1",
        provider: "openai",
        model_name: "gpt-4o",
      }),
    created: (times) => ({ json: { model_definition: aModelDefinitionEntity(times) } }),
    found: (times) => ({ json: { model_definitions: [aModelDefinitionEntity(times)] } }),
    none: NONE,
  },
  endpoint: {
    create: ({ endpoints }) => endpoints.create({ name: "chat", model_configs: [model] }),
    created: (times) => ({ json: { endpoint: anEndpointEntity(times) } }),
    found: (times) => ({ json: { endpoint: anEndpointEntity(times) } }),
    none: MISSING,
  },
  mapping: {
    create: ({ endpoints }) =>
      endpoints.attachModel({
        endpoint_id: "e-1",
        model_config: { ...model, weight: 0.7 },
        force: true,
      }),
    created: (times) => ({ json: { mapping: aMapping({ weight: 0.7, ...times }) } }),
    found: (times) => {
      const fallback = aMapping({ linkage_type: "FALLBACK" });
      const model_mappings = [fallback, aMapping({ weight: Math.fround(0.7), ...times })];
      return { json: { endpoint: anEndpointEntity({ model_mappings }) } };
    },
    none: { json: { endpoint: anEndpointEntity({ model_mappings: undefined }) } },
  },
  binding: {
    create: ({ bindings }) =>
      bindings.create({ endpoint_id: "e-1", resource_type: "scorer", resource_id: "sc-1" }),
    created: (times) => ({ json: { binding: aBinding(times) } }),
    found: (times) => ({ json: { bindings: [aBinding(times)] } }),
    none: NONE,
  },
  "guardrail on an endpoint": {
    create: ({ guardrails }) =>
      guardrails.addToEndpoint({ endpoint_id: "e-1", guardrail_id: "gr-1", execution_order: 2 }),
    created: (times) => ({ json: { config: aConfig(times) } }),
    found: (times) => ({ json: { configs: [aConfig(times)] } }),
    none: NONE,
  },
};

const UNNAMED: Readonly<Record<string, Kind>> = {
  budget: {
    create: ({ budgets }) => budgets.create({ ...BUDGET, created_by: "gwops:search/daily" }),
    created: (times) => ({ json: { budget_policy: marked(times) } }),
    found: (times) => ({ json: { budget_policies: [aBudgetEntity(), marked(times)] } }),
    none: { json: { budget_policies: [aBudgetEntity()] } },
  },
  guardrail: {
    create: ({ guardrails }) => guardrails.create(GUARDRAIL),
    created: (times) => ({ json: { guardrail: aGuardrailEntity(times) } }),
    found: (times) => ({
      json: { guardrails: [aGuardrailEntity({ stage: "AFTER" }), aGuardrailEntity(times)] },
    }),
    none: NONE,
  },
};

const BUDGET = {
  budget_unit: "USD",
  budget_amount: 10,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
} as const;

const GUARDRAIL = {
  name: "no-secrets",
  scorer_id: "a787207c",
  scorer_version: 1,
  stage: "BEFORE",
  action: "VALIDATION",
} as const;

function marked(times: object) {
  return aBudgetEntity({ created_by: "gwops:search/daily", ...times });
}

function aConfig(times: object) {
  return { endpoint_id: "e-1", guardrail_id: "gr-1", execution_order: 2, ...times };
}

const ALL = Object.entries({ ...NAMED, ...UNNAMED });

/** The requests in short: `create` for one that writes, `look` for one that reads. */
function retryBudget({ requests }: ReturnType<typeof scriptedGateway>): string[] {
  return requests.map(({ method }) => (method === "GET" ? "look" : "create"));
}

test.each(ALL)("a %s whose answer was lost is found and not created twice", async (_, kind) => {
  const gateway = scriptedGateway([LOST, kind.found(YOUNG)]);

  await expect(kind.create(gateway.client)).resolves.toMatchObject({});

  expect(retryBudget(gateway)).toEqual(["create", "look"]);
  expect(gateway.sleepsMs).toEqual([250]);
});

test.each(ALL)("a %s that the pool refused is created again after a look", async (_, kind) => {
  const gateway = scriptedGateway([POOL, kind.none, kind.created(YOUNG)]);

  await expect(kind.create(gateway.client)).resolves.toMatchObject({});

  expect(retryBudget(gateway)).toEqual(["create", "look", "create"]);
});

test.each(Object.entries(NAMED))(
  "a %s that is not there is created again, as the server would refuse a second one",
  async (_, kind) => {
    const gateway = scriptedGateway([LOST, kind.none, kind.created(YOUNG)]);

    await expect(kind.create(gateway.client)).resolves.toMatchObject({});

    expect(retryBudget(gateway)).toEqual(["create", "look", "create"]);
  },
);

test.each(Object.entries(NAMED))(
  "a %s that existed before is not taken for ours",
  async (_, kind) => {
    const gateway = scriptedGateway([LOST, kind.found(OLD), EXISTS, kind.found(OLD)]);

    await expect(kind.create(gateway.client)).rejects.toMatchObject({
      code: "gateway-already-exists",
    });
    expect(retryBudget(gateway)).toEqual(["create", "look", "create", "look"]);
  },
);

test.each(Object.entries(UNNAMED))(
  "a %s that is not there may still be under way, so it is not created again",
  async (_, kind) => {
    const gateway = scriptedGateway([LOST, kind.none]);

    await expect(kind.create(gateway.client)).rejects.toBe(LOST);

    expect(retryBudget(gateway)).toEqual(["create", "look"]);
  },
);

const PROXY_503: FakeAnswer = {
  status: 503,
  headers: { "retry-after": "1" },
  body: '{"error_code":"TEMPORARILY_UNAVAILABLE","message":"try again"}',
};

test.each(ALL)(
  "a %s that was made before a proxy said 503 and when to come back is found",
  async (_, kind) => {
    const gateway = scriptedGateway([PROXY_503, kind.found(YOUNG)]);

    await expect(kind.create(gateway.client)).resolves.toMatchObject({});

    expect(retryBudget(gateway)).toEqual(["create", "look"]);
    expect(gateway.sleepsMs).toEqual([1000]);
  },
);

test.each(Object.entries(UNNAMED))(
  "a %s that is not found after a 503 is not created again, whatever the 503 says",
  async (_, kind) => {
    const gateway = scriptedGateway([PROXY_503, kind.none]);

    await expect(kind.create(gateway.client)).rejects.toMatchObject({
      status: 503,
      isOutcomeUnknown: true,
    });

    expect(retryBudget(gateway)).toEqual(["create", "look"]);
  },
);

test.each(Object.entries(UNNAMED))("a %s that a 429 turned away is repeated", async (_, kind) => {
  const busy = { status: 429, headers: { "retry-after": "1" } };
  const gateway = scriptedGateway([busy, kind.created(YOUNG)]);

  await expect(kind.create(gateway.client)).resolves.toMatchObject({});

  expect(retryBudget(gateway)).toEqual(["create", "create"]);
});

test.each(Object.entries(UNNAMED))(
  "an older %s of the same mark makes it unclear",
  async (_, kind) => {
    const gateway = scriptedGateway([POOL, kind.found(OLD)]);

    await expect(kind.create(gateway.client)).rejects.toMatchObject({ isOutcomeUnknown: true });

    expect(retryBudget(gateway)).toEqual(["create", "look"]);
  },
);

test("two budgets of the same mark make it unclear which is ours", async () => {
  const both = { json: { budget_policies: [marked(YOUNG), marked(YOUNG)] } };
  const gateway = scriptedGateway([LOST, both]);

  await expect(UNNAMED.budget?.create(gateway.client)).rejects.toBe(LOST);
});

test("a budget without a mark cannot be looked for", async () => {
  const gateway = scriptedGateway([LOST]);

  await expect(gateway.client.budgets.create(BUDGET)).rejects.toBe(LOST);

  expect(retryBudget(gateway)).toEqual(["create"]);
});

test("a resource that a repeated create meets is ours if the first one made it", async () => {
  const gateway = scriptedGateway([LOST, NAMED.secret?.none ?? NONE, EXISTS, found(YOUNG)]);

  await expect(NAMED.secret?.create(gateway.client)).resolves.toMatchObject(YOUNG);

  expect(retryBudget(gateway)).toEqual(["create", "look", "create", "look"]);
});

test("a resource that differs from what was sent is not taken for ours", async () => {
  const gateway = scriptedGateway([LOST, found({ ...YOUNG, masked_values: {} }), EXISTS, NONE]);

  await expect(NAMED.secret?.create(gateway.client)).rejects.toMatchObject({
    code: "gateway-already-exists",
  });
});

test("a look-up that fails leaves the first error", async () => {
  const gateway = scriptedGateway([LOST, { status: 403, body: "Permission denied" }]);

  await expect(NAMED.secret?.create(gateway.client)).rejects.toBe(LOST);
});

test("the attempts of a create and its repeats are counted together", async () => {
  const gateway = scriptedGateway([POOL, NONE, POOL, NONE, POOL, NONE, POOL]);

  const error = await failureOf(Promise.resolve(NAMED.secret?.create(gateway.client)));

  expect(error).toMatchObject({ isOutcomeUnknown: true, isRetryable: true, status: 400 });
  expect(retryBudget(gateway)).toEqual(["create", "look", "create", "look", "create", "look"]);
});

test.each([
  ["ahead of", 3_600_000],
  ["behind", -3_600_000],
])("a server whose clock is an hour %s ours is understood", async (_, leadMs) => {
  const headers = { date: new Date(NOW_MS + leadMs).toUTCString() };
  const times = (shiftMs: number) => ({
    created_at: NOW_MS + leadMs + shiftMs,
    last_updated_at: NOW_MS + leadMs,
  });
  const answer = (shiftMs: number) => ({
    body: JSON.stringify({ secrets: [aSecretEntity(times(shiftMs))] }),
    headers,
  });
  const young = scriptedGateway([LOST, answer(100)]);
  const old = scriptedGateway([LOST, answer(-60_000), EXISTS, answer(-60_000)]);

  await expect(NAMED.secret?.create(young.client)).resolves.toMatchObject(times(100));
  await expect(NAMED.secret?.create(old.client)).rejects.toMatchObject({
    code: "gateway-already-exists",
  });
});

function found(changes: object): FakeAnswer {
  return { json: { secrets: [aSecretEntity(changes)] } };
}
