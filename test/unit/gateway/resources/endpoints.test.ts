import { expect, test } from "@jest/globals";
import type { CreateEndpoint, UpdateEndpoint } from "#gateway/requests.ts";
import {
  aMapping,
  aModelDefinitionEntity,
  anEndpointEntity,
  type FakeAnswer,
  failureOf,
  scriptedGateway,
} from "../scripted-gateway.ts";

const PRIMARY = { model_definition_id: "d-1", linkage_type: "PRIMARY" } as const;
const FALLBACK = { model_definition_id: "d-1", linkage_type: "FALLBACK" } as const;
const NOT_FOUND: FakeAnswer = {
  status: 404,
  body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"GatewayEndpoint not found"}',
};
const NO_WORKSPACE: FakeAnswer = {
  status: 404,
  body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Workspace \'x\' not found"}',
};

test("an endpoint comes back with its models, tags and only the known fields", async () => {
  const stored = anEndpointEntity({
    model_mappings: [
      aMapping({
        model_definition: aModelDefinitionEntity(),
        created_at: 5,
        created_by: "ann",
        x: 1,
      }),
      aMapping({ mapping_id: "m-2", linkage_type: "FALLBACK", fallback_order: 0 }),
    ],
    tags: [{ key: "team", value: "" }],
    fallback_config: { strategy: "SEQUENTIAL" },
    last_updated_by: "",
  });
  const { client } = scriptedGateway([{ json: { endpoints: [stored, anEndpointEntity()] } }]);

  const [chat, other] = await client.endpoints.list();

  expect(chat).toEqual({
    ...anEndpointEntity(),
    model_mappings: [
      aMapping({ model_definition: aModelDefinitionEntity(), created_at: 5, created_by: "ann" }),
      aMapping({ mapping_id: "m-2", linkage_type: "FALLBACK", fallback_order: 0 }),
    ],
    tags: [{ key: "team", value: "" }],
    fallback_config: { strategy: "SEQUENTIAL" },
  });
  expect(other?.tags).toEqual([]);
});

test.each([
  ["name", { name: "my chat" }, "name must be a text of 1 to 255 characters that fits"],
  [
    "weight",
    { model_configs: [PRIMARY, { ...PRIMARY, weight: "abc" }] },
    'model_configs[1].weight must be a number from 0 to 1000000, got "abc"',
  ],
  [
    "weight",
    { model_configs: [{ ...PRIMARY, weight: Number.NaN }] },
    "model_configs[0].weight must be a number from 0 to 1000000, got NaN",
  ],
  [
    "linkage_type",
    { model_configs: [{ model_definition_id: "d-1" }] },
    "model_configs[0].linkage_type must be given, got nothing",
  ],
  ["model_configs", { model_configs: [] }, "model_configs must be a list with at least one"],
  [
    "routing_strategy",
    { routing_strategy: "BOGUS" },
    'routing_strategy must be REQUEST_BASED_TRAFFIC_SPLIT, got "BOGUS"',
  ],
  [
    "fallback_config",
    { fallback_config: { strategy: "RANDOM" } },
    'fallback_config.strategy must be SEQUENTIAL, got "RANDOM"',
  ],
  ["usage_tracking", { usage_tracking: "yes" }, 'usage_tracking must be true or false, got "yes"'],
  ["experiment_id", { experiment_id: 5 }, "experiment_id must be a text of 1 to 32 characters"],
])("a doubtful %s is refused, naming field, value and what is allowed", async (_, wrong, text) => {
  const { client, requests } = scriptedGateway([]);
  const request = { name: "chat", model_configs: [PRIMARY], ...wrong } as unknown as CreateEndpoint;

  const error = await failureOf(client.endpoints.create(request));

  expect(error.message).toContain(`createEndpoint: ${text}`);
  expect(requests).toEqual([]);
});

test("one link twice, at which the server only shows the words of its database, is refused", async () => {
  const { client, requests } = scriptedGateway([]);
  const model_configs = [PRIMARY, PRIMARY];
  const text = "model_configs must be a list with each link of a model once, got PRIMARY d-1 twice";

  await expect(client.endpoints.create({ name: "chat", model_configs })).rejects.toThrow(
    `createEndpoint: ${text}`,
  );
  await expect(
    client.endpoints.update({ endpoint_id: "e-1", fallback_config: {}, model_configs }),
  ).rejects.toThrow(`updateEndpoint: ${text}`);
  expect(requests).toEqual([]);
});

test("a model is attached and its link verified", async () => {
  const empty = { json: { endpoint: anEndpointEntity({ model_mappings: [] }) } };
  const { client, requests } = scriptedGateway([
    empty,
    { json: { mapping: aMapping({ weight: Math.fround(0.7) }) } },
    empty,
    { json: { mapping: aMapping({ weight: 1 }) } },
  ]);
  const request = { endpoint_id: "e-1", model_config: { ...PRIMARY, weight: 0.7 } };

  await expect(client.endpoints.attachModel(request)).resolves.toMatchObject({ mapping_id: "m-1" });
  await expect(client.endpoints.attachModel(request)).rejects.toThrow("did not store model_config");
  expect(requests[1]).toMatchObject({ operation: "attachModel", method: "POST", body: request });
});

test("a fallback is attached only where the server would use it", async () => {
  const mapping = aMapping({ linkage_type: "FALLBACK" });
  const { client } = scriptedGateway([
    { json: { endpoint: anEndpointEntity() } },
    { json: { endpoint: anEndpointEntity({ fallback_config: {} }) } },
    { json: { mapping } },
  ]);
  const request = { endpoint_id: "e-1", model_config: FALLBACK };

  await expect(client.endpoints.attachModel(request)).rejects.toThrow(
    "attachModel: the endpoint would be left without a fallback_config, so that its FALLBACK models are never used",
  );
  await expect(client.endpoints.attachModel(request)).resolves.toEqual(mapping);
});

test("a model is detached with both of its links", async () => {
  const other = { model_definition_id: "d-2", linkage_type: "FALLBACK" };
  const stored = { json: { endpoint: anEndpointEntity({ model_mappings: [aMapping(other)] }) } };
  const twice = scriptedGateway([stored, { json: {} }, { json: {} }]);
  const once = scriptedGateway([stored, { json: {} }, NOT_FOUND]);
  const never = scriptedGateway([stored, NOT_FOUND]);
  const request = { endpoint_id: "e-1", model_definition_id: "d-1" };

  await expect(twice.client.endpoints.detachModel(request)).resolves.toBeUndefined();
  await expect(once.client.endpoints.detachModel(request)).resolves.toBeUndefined();
  await expect(never.client.endpoints.detachModel(request)).rejects.toMatchObject({
    code: "gateway-not-found",
  });

  expect([twice, once, never].map(({ requests }) => requests.length)).toEqual([3, 3, 2]);
  expect(twice.requests[2]).toMatchObject({ method: "POST", body: request });
});

test("the type of an endpoint is that of its models in the server's catalogue", async () => {
  const endpoint = (name: string, provider: string, model_name: string) =>
    anEndpointEntity({
      name,
      model_mappings: [
        aMapping({ model_definition: aModelDefinitionEntity({ provider, model_name }) }),
      ],
    });
  const endpoints = [
    endpoint("chat", "openai", "gpt-4o"),
    endpoint("search", "openai", "ada"),
    endpoint("unknown", "openai", "my-model"),
    endpoint("other", "cohere", "ada"),
  ];
  const openai = {
    json: {
      models: [
        { model: "gpt-4o", mode: "chat" },
        { model: "ada", mode: "embedding", provider: null },
      ],
    },
  };
  const cohere = { json: { models: [{ model: "ada", mode: "chat" }] } };
  const names = async (endpoint_type: "chat" | "llm/v1/embeddings") => {
    const { client, requests } = scriptedGateway([{ json: { endpoints } }, openai, cohere]);
    const found = await client.endpoints.list({ endpoint_type });
    expect(requests.map(({ url }) => url.split("gateway/")[1])).toEqual([
      "endpoints/list",
      "supported-models?provider=openai",
      "supported-models?provider=cohere",
    ]);
    return found.map(({ name }) => name);
  };

  expect(await names("chat")).toEqual(["chat", "other"]);
  expect(await names("llm/v1/embeddings")).toEqual(["search"]);
});

test("an endpoint and a tag are deleted by what the body of the DELETE names", async () => {
  const { client, requests } = scriptedGateway([{ json: {} }, { json: {} }]);

  await client.endpoints.delete({ endpoint_id: "e-1" });
  await client.endpoints.deleteTag({ endpoint_id: "e-1", key: "team" });

  expect(requests.map(({ method, body }) => [method, body])).toEqual([
    ["DELETE", { endpoint_id: "e-1" }],
    ["DELETE", { endpoint_id: "e-1", key: "team" }],
  ]);
});

test("an update with models needs the fallback_config that the server would reset", async () => {
  const { client } = scriptedGateway([]);
  const request: UpdateEndpoint = { endpoint_id: "e-1", model_configs: [PRIMARY] };

  await expect(client.endpoints.update(request)).rejects.toThrow(
    "updateEndpoint: fallback_config must be given with model_configs",
  );
});

test("the same model as PRIMARY and as FALLBACK is verified link by link", async () => {
  const model_configs = [
    { ...PRIMARY, weight: 0.7 },
    { ...FALLBACK, fallback_order: 0 },
  ];
  const stored = (order: number) => ({
    json: {
      endpoint: anEndpointEntity({
        model_mappings: [
          aMapping({ linkage_type: "FALLBACK", fallback_order: order }),
          aMapping({ weight: Math.fround(0.7) }),
        ],
      }),
    },
  });
  const before = { json: { endpoint: anEndpointEntity() } };
  const { client } = scriptedGateway([before, stored(0), before, stored(1)]);
  const request = { endpoint_id: "e-1", model_configs, fallback_config: {} };

  await expect(client.endpoints.update(request)).resolves.toMatchObject({ endpoint_id: "e-1" });
  await expect(client.endpoints.update(request)).rejects.toThrow("did not store model_configs");
});

test.each([
  ["model_configs", { model_mappings: undefined }],
  ["model_configs", { model_mappings: [aMapping({ weight: 1 })] }],
  ["usage_tracking", { usage_tracking: true }],
  ["routing_strategy", { routing_strategy: undefined }],
  ["fallback_config", { fallback_config: { strategy: "SEQUENTIAL" } }],
])("an endpoint whose %s was dropped by the server is an error", async (field, changes) => {
  const wanted = {
    usage_tracking: false,
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 2 },
  } as const;
  const model_mappings = [aMapping({ weight: 0.5 })];
  const endpoint = anEndpointEntity({ model_mappings, ...wanted, ...changes });
  const { client } = scriptedGateway([{ json: { endpoint } }]);
  const model_configs = [{ ...PRIMARY, weight: 0.5 }];

  const error = await failureOf(
    client.endpoints.create({ name: "chat", model_configs, ...wanted }),
  );

  expect(error).toMatchObject({ code: "gateway-bad-response", isOutcomeUnknown: true });
  expect(error.message).toContain(`did not store ${field} as it was sent`);
});

test("get throws on a missing endpoint where find has nothing to say", async () => {
  const { client, requests } = scriptedGateway([NOT_FOUND, NOT_FOUND]);

  await expect(client.endpoints.get({ name: "chat" })).rejects.toMatchObject({
    code: "gateway-not-found",
  });
  await expect(client.endpoints.find({ endpoint_id: "e-1" })).resolves.toBeUndefined();
  expect(requests.map(({ url }) => url.split("get")[1])).toEqual([
    "?name=chat",
    "?endpoint_id=e-1",
  ]);
});

test("find does not take a missing workspace for a missing endpoint", async () => {
  const { client } = scriptedGateway([NO_WORKSPACE]);

  await expect(client.endpoints.find({ name: "chat" })).rejects.toMatchObject({
    code: "gateway-unknown-workspace",
  });
});

test("an endpoint is looked up by either id or name", async () => {
  const { client } = scriptedGateway([]);
  const both = { name: "chat", endpoint_id: "e-1" };

  await expect(client.endpoints.get(both)).rejects.toThrow(
    "getEndpoint: the request must be either endpoint_id or name, got both",
  );
});

test("a tag may have an empty value but no empty key", async () => {
  const { client, requests } = scriptedGateway([{ json: {} }]);
  const tag = { endpoint_id: "e-1", key: "team", value: "" };

  await client.endpoints.setTag(tag);

  expect(requests[0]?.body).toEqual(tag);
  await expect(client.endpoints.setTag({ ...tag, key: "" })).rejects.toThrow("key must be a text");
});

test("a model definition whose secret was deleted has no secret", async () => {
  const orphan = aModelDefinitionEntity({ secret_id: undefined, secret_name: undefined });
  const { client } = scriptedGateway([{ json: { model_definitions: [orphan] } }]);

  const [definition] = await client.modelDefinitions.list({ provider: "openai" });

  expect(definition).not.toHaveProperty("secret_id");
});

test("a model definition is read and deleted by its id", async () => {
  const { client, requests } = scriptedGateway([
    { json: { model_definition: aModelDefinitionEntity() } },
    { json: {} },
  ]);
  const id = { model_definition_id: "d-1" };

  await expect(client.modelDefinitions.get(id)).resolves.toEqual(aModelDefinitionEntity());
  await client.modelDefinitions.delete(id);

  expect(requests[1]).toMatchObject({ method: "DELETE", body: id });
});

test("an update of a model definition replaces what is given", async () => {
  const { client, requests } = scriptedGateway([
    { json: { model_definition: aModelDefinitionEntity({ model_name: "gpt-5" }) } },
    { json: { model_definition: aModelDefinitionEntity() } },
  ]);
  const request = { model_definition_id: "d-1", model_name: "gpt-5" };

  await client.modelDefinitions.update(request);

  expect(requests[0]?.body).toEqual(request);
  await expect(client.modelDefinitions.update(request)).rejects.toThrow("did not store model_name");
  await expect(client.modelDefinitions.update({ ...request, name: "" })).rejects.toThrow(
    'updateModelDefinition: name must be a text of 1 to 255 characters, got ""',
  );
});
