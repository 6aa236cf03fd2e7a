import { expect, test } from "@jest/globals";
import type { CreateBinding, CreateGuardrail } from "#gateway/requests.ts";
import {
  aBinding,
  aGuardrailEntity,
  anEndpointEntity,
  type FakeAnswer,
  failureOf,
  scriptedGateway,
} from "../scripted-gateway.ts";

const PLACE = { endpoint_id: "e-1", guardrail_id: "gr-1" };
const GUARDRAIL: CreateGuardrail = {
  name: "no-secrets",
  scorer_id: "a787207c",
  scorer_version: 1,
  stage: "BEFORE",
  action: "VALIDATION",
};
const TRIPLE: CreateBinding = {
  endpoint_id: "e-1",
  resource_type: "scorer",
  resource_id: "sc-1",
};

const config = (changes: object = {}): FakeAnswer => ({
  json: { config: { ...PLACE, created_at: 1, ...changes } },
});

test("a guardrail is created, read and deleted", async () => {
  const { client, requests } = scriptedGateway([
    { json: { guardrail: aGuardrailEntity() } },
    { json: { guardrail: aGuardrailEntity() } },
    { json: {} },
  ]);
  const id = { guardrail_id: "gr-1" };
  const expected = aGuardrailEntity({
    scorer: { ...aGuardrailEntity().scorer, experiment_id: "16" },
  });

  await expect(client.guardrails.create(GUARDRAIL)).resolves.toEqual(expected);
  await expect(client.guardrails.get(id)).resolves.toEqual(expected);
  await client.guardrails.delete(id);

  expect(requests.map(({ method, body }) => [method, body])).toEqual([
    ["POST", GUARDRAIL],
    ["GET", undefined],
    ["DELETE", id],
  ]);
});

test.each([
  ["stage", { stage: "DURING" }, 'stage must be one of BEFORE, AFTER, got "DURING"'],
  ["action", { action: "BLOCK" }, 'action must be one of VALIDATION, SANITIZATION, got "BLOCK"'],
  ["version", { scorer_version: "1" }, "scorer_version must be an integer from 1 to 2147483647"],
])("a guardrail of another %s, a 500 to the server, is refused", async (_, wrong, text) => {
  const { client, requests } = scriptedGateway([]);

  const error = await failureOf(
    client.guardrails.create({ ...GUARDRAIL, ...wrong } as unknown as CreateGuardrail),
  );

  expect(error.message).toContain(`createGuardrail: ${text}`);
  expect(requests).toEqual([]);
});

test.each([
  ["action", { action: "SANITIZATION" }],
  ["scorer_version", { scorer: { scorer_id: "a787207c", scorer_version: 2 } }],
])("a guardrail stored with another %s is an error", async (field, changes) => {
  const { client } = scriptedGateway([{ json: { guardrail: aGuardrailEntity(changes) } }]);

  await expect(client.guardrails.create(GUARDRAIL)).rejects.toThrow(`did not store ${field}`);
});

test("the endpoint that rewrites may come back by its name", async () => {
  const request = { ...GUARDRAIL, action_endpoint_id: "e-1" };
  const endpoint = { json: { endpoint: anEndpointEntity({ name: "chat" }) } };
  const answer = (action_endpoint_id?: string) => ({
    json: { guardrail: aGuardrailEntity({ action_endpoint_id }) },
  });
  const create = (stored?: string) =>
    scriptedGateway([endpoint, answer(stored)]).client.guardrails.create(request);

  await expect(create("chat")).resolves.toMatchObject({ action_endpoint_id: "chat" });
  await expect(create("e-1")).resolves.toMatchObject({ action_endpoint_id: "e-1" });
  await expect(create("other")).rejects.toThrow("did not store action_endpoint_id");
  await expect(create()).rejects.toThrow("did not store action_endpoint_id");
});

test("guardrails come over all pages", async () => {
  const { client } = scriptedGateway([
    { json: { guardrails: [aGuardrailEntity()], next_page_token: "next" } },
    { json: { guardrails: [aGuardrailEntity({ guardrail_id: "gr-2" })] } },
  ]);

  const guardrails = await client.guardrails.list();

  expect(guardrails.map(({ guardrail_id: id }) => id)).toEqual(["gr-1", "gr-2"]);
});

test("a guardrail is put on an endpoint, listed there and taken off", async () => {
  const { client, requests } = scriptedGateway([
    config({ execution_order: 2 }),
    { json: { configs: [{ ...PLACE, created_at: 1, guardrail: aGuardrailEntity() }] } },
    { json: {} },
  ]);

  await client.guardrails.addToEndpoint({ ...PLACE, execution_order: 2 });
  const [placed] = await client.guardrails.listForEndpoint({ endpoint_id: "e-1" });
  await client.guardrails.removeFromEndpoint(PLACE);

  expect(placed).toMatchObject({ ...PLACE, guardrail: { name: "no-secrets" } });
  expect(requests.map(({ method, body }) => [method, body])).toEqual([
    ["POST", { ...PLACE, execution_order: 2 }],
    ["GET", undefined],
    ["DELETE", PLACE],
  ]);
});

test("the order must be said, with null for last, because the server resets an absent one", async () => {
  const { client, requests } = scriptedGateway([
    config({ execution_order: 3 }),
    config(),
    config({ execution_order: 3 }),
    config(),
  ]);
  const { guardrails } = client;
  const silent = PLACE as typeof PLACE & { execution_order: null };

  await expect(guardrails.updateConfig(silent)).rejects.toThrow(
    "updateGuardrailConfig: execution_order must be given, got nothing",
  );
  await expect(guardrails.updateConfig({ ...PLACE, execution_order: 3 })).resolves.toMatchObject({
    execution_order: 3,
  });
  const last = await guardrails.updateConfig({ ...PLACE, execution_order: null });

  expect(last).not.toHaveProperty("execution_order");
  expect(requests.map(({ method, body }) => [method, body])).toEqual([
    ["PATCH", { ...PLACE, execution_order: 3 }],
    ["PATCH", PLACE],
  ]);
  await expect(guardrails.updateConfig({ ...PLACE, execution_order: null })).rejects.toThrow(
    "did not store execution_order",
  );
  await expect(guardrails.updateConfig({ ...PLACE, execution_order: 3 })).rejects.toThrow(
    "did not store execution_order",
  );
});

test("a binding is created, listed and deleted by its three fields", async () => {
  const { client, requests } = scriptedGateway([
    { json: { binding: aBinding() } },
    { json: { bindings: [aBinding({ display_name: "judge" })] } },
    { json: {} },
    { json: {} },
  ]);

  await expect(client.bindings.create(TRIPLE)).resolves.toEqual(aBinding());
  await expect(client.bindings.list({ endpoint_id: "e-1" })).resolves.toMatchObject([TRIPLE]);
  await client.bindings.delete(TRIPLE);

  expect(requests.map(({ method, body }) => [method, body])).toEqual([
    ["POST", TRIPLE],
    ["GET", undefined],
    ["DELETE", TRIPLE],
  ]);
  await expect(client.bindings.list()).resolves.toEqual([]);
});

test("a binding of another type, a 500 to the server, is refused", async () => {
  const { client, requests } = scriptedGateway([]);
  const request = { ...TRIPLE, resource_type: "scorer_job" } as unknown as CreateBinding;

  await expect(client.bindings.create(request)).rejects.toThrow(
    'createBinding: resource_type must be scorer, got "scorer_job"',
  );
  expect(requests).toEqual([]);
});
