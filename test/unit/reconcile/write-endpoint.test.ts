import { expect, test } from "@jest/globals";
import type { DesiredOf, DesiredResource } from "#reconcile/state.ts";
import { applySetup } from "../../support/apply-setup.ts";
import { ExpectedError } from "../../support/builders.ts";
import { definition, endpoint, secret } from "../../support/states.ts";

const BELOW: readonly DesiredResource[] = [secret(), definition(), definition("spare")];

type Fields = Partial<DesiredOf<"endpoint">["fields"]>;

/** A gateway with the endpoint "chat" as it was declared; `declare` declares it anew. */
async function setup(fields: Fields = {}) {
  const parts = applySetup();
  parts.source.put("prod/openai", "value-one");
  const declare = async (next: Fields) => {
    const before = parts.gateway.writes().length;
    await parts.apply([...BELOW, endpoint("chat", next)]);
    return parts.gateway.writes().slice(before);
  };
  await declare(fields);
  const chat = () => {
    const endpoint = parts.gateway.visible().endpoints.find(({ name }) => name === "chat");
    if (!endpoint) throw new Error("there is no endpoint");
    return endpoint;
  };
  const leftToDo = async (next: Fields) =>
    (await parts.plan([...BELOW, endpoint("chat", next)])).plan.changes;
  return { ...parts, declare, chat, leftToDo };
}

const FALLBACK = { model_definition: "spare", linkage_type: "FALLBACK" } as const;
const PRIMARY = { model_definition: "gpt-4o", linkage_type: "PRIMARY" } as const;

test("an endpoint is written with all its models and its fallback at once", async () => {
  const { declare, chat } = await setup();

  expect(await declare({ models: [PRIMARY, FALLBACK] })).toEqual(["updateEndpoint"]);

  expect(chat().fallback_config).toEqual({});
  expect(chat().model_mappings.map(({ linkage_type }) => linkage_type)).toEqual([
    "PRIMARY",
    "FALLBACK",
  ]);
});

test("what the manifest does not state of an endpoint survives its update", async () => {
  const { gateway, declare, chat } = await setup();
  const { endpoint_id } = chat();
  await gateway.endpoints.update({
    endpoint_id,
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 7 },
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
    usage_tracking: false,
  });
  await gateway.endpoints.setTag({ endpoint_id, key: "by-hand", value: "kept" });

  await declare({ models: [PRIMARY, { ...PRIMARY, model_definition: "spare" }] });

  expect(chat()).toMatchObject({
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 7 },
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
    usage_tracking: false,
    tags: [
      { key: "gwops/owner", value: "search" },
      { key: "by-hand", value: "kept" },
    ],
  });
});

test("a change of tags alone writes tags alone, and leaves ours and MLflow's", async () => {
  const { gateway, declare, chat } = await setup({ tags: { team: "search", tier: "one" } });
  const { endpoint_id } = chat();
  await gateway.endpoints.setTag({ endpoint_id, key: "mlflow.note", value: "kept" });
  await gateway.endpoints.setTag({ endpoint_id, key: "gwops/other", value: "kept" });

  const writes = await declare({ tags: { team: "ads" } });

  expect(writes).toEqual(["setEndpointTag", "deleteEndpointTag"]);
  expect(chat().tags).toEqual([
    { key: "team", value: "ads" },
    { key: "gwops/owner", value: "search" },
    { key: "mlflow.note", value: "kept" },
    { key: "gwops/other", value: "kept" },
  ]);
});

test("bindings are made and taken away, and nothing else is written", async () => {
  const binding = (resource_id: string) => ({ resource_type: "scorer", resource_id }) as const;
  const { gateway, declare, leftToDo } = await setup({ bindings: [binding("a"), binding("b")] });

  const writes = await declare({ bindings: [binding("b"), binding("c")] });

  expect(writes).toEqual(["createBinding", "deleteBinding"]);
  expect(gateway.visible().bindings.map(({ resource_id }) => resource_id)).toEqual(["b", "c"]);
  expect(gateway.visible().bindings[1]).toMatchObject({ created_by: "gwops:search" });
  expect(await leftToDo({ bindings: [binding("c"), binding("b")] })).toEqual([]);
});

test("an endpoint is marked as ours last: one that is not finished is adopted by the next run", async () => {
  const parts = applySetup();
  parts.source.put("prod/openai", "value-one");
  parts.gateway.failOn("createBinding", 1, new ExpectedError("retry"));
  const resources = [
    ...BELOW,
    endpoint("chat", { bindings: [{ resource_type: "scorer", resource_id: "a" }] }),
  ];
  await parts.failed(resources);
  expect(parts.gateway.visible().endpoints[0]?.tags).toEqual([]);

  await parts.apply(resources);

  expect(parts.gateway.count("createEndpoint")).toBe(1);
  expect(parts.gateway.visible().endpoints[0]?.tags).toEqual([
    { key: "gwops/owner", value: "search" },
  ]);
});

test("an endpoint that is adopted as it is gets our tag and nothing else", async () => {
  const { gateway, declare, chat } = await setup();
  await gateway.endpoints.deleteTag({ endpoint_id: chat().endpoint_id, key: "gwops/owner" });

  expect(await declare({})).toEqual(["setEndpointTag"]);
});

test("an endpoint that lost its models, which no list shows, is mended under its id", async () => {
  const { gateway, declare, chat, leftToDo } = await setup({ tags: { team: "search" } });
  const { endpoint_id } = chat();
  gateway.detachModels("chat");

  await declare({ tags: { team: "ads" }, bindings: [] });

  expect(chat()).toMatchObject({ endpoint_id, model_mappings: [{ linkage_type: "PRIMARY" }] });
  expect(await leftToDo({ tags: { team: "ads" } })).toEqual([]);
});

test("an endpoint without models that belongs to another owner is left alone", async () => {
  const { gateway, chat, failed } = await setup();
  const { endpoint_id } = chat();
  await gateway.endpoints.setTag({ endpoint_id, key: "gwops/owner", value: "ads" });
  gateway.detachModels("chat");

  const error = await failed([...BELOW, endpoint()]);

  expect(error.outcomes[0]).toMatchObject({
    outcome: "failed",
    code: "endpoint-taken",
    disposition: "reject",
    message: expect.stringContaining('belongs to the owner "ads"'),
  });
  expect(chat().model_mappings).toEqual([]);
});

test.each([
  ["nobody's, made by hand", "alice", 'belongs to nobody (made by "alice")'],
  ["nobody's, made by nobody knows whom", undefined, "belongs to nobody and"],
  ["what another owner's killed run made", "gwops:ads", 'belongs to the owner "ads"'],
  ["made by one that is called alike", "gwops:search2", 'belongs to the owner "search2"'],
])("an endpoint without models is not taken over unseen: %s", async (_, created_by, says) => {
  const parts = applySetup();
  const { gateway, source, apply, failed } = parts;
  source.put("prod/openai", "value-one");
  await apply(BELOW);
  const model_definition_id = gateway.visible().definitions[0]?.model_definition_id ?? "";
  const { endpoint_id } = await gateway.endpoints.create({
    name: "chat",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
    ...(created_by !== undefined && { created_by }),
  });
  gateway.detachModels("chat");
  const [before] = gateway.visible().endpoints;

  const { outcomes } = await failed([...BELOW, endpoint()]);

  expect(outcomes[0]).toMatchObject({ code: "endpoint-taken", disposition: "reject" });
  expect(outcomes[0]).toMatchObject({ message: expect.stringContaining(says) });
  expect(outcomes[0]).toMatchObject({ message: expect.stringContaining(endpoint_id) });
  expect(gateway.visible().endpoints).toEqual([before]);
});

test("an experiment is made once for all endpoints that name it, and then known", async () => {
  const parts = applySetup();
  const { gateway, tracking, ledger } = parts;
  parts.source.put("prod/openai", "value-one");
  const endpoints = ["one", "two", "three"].map((name) =>
    endpoint(name, { experiment: "shared/traces" }),
  );

  await parts.apply([...BELOW, ...endpoints]);
  const before = gateway.requests.length;
  const { plan } = await parts.plan([...BELOW, ...endpoints]);

  expect(gateway.count("createExperiment")).toBe(1);
  const [experiment] = await ledger.list({ name: "experiment", version: 1 });
  expect(experiment?.id).toBe("default/shared/traces");
  expect(experiment?.value).toEqual({
    name: "shared/traces",
    experiment_id: (await tracking.experiments.find({ name: "shared/traces" }))?.experiment_id,
  });
  expect(new Set(gateway.visible().endpoints.map(({ experiment_id }) => experiment_id)).size).toBe(
    1,
  );
  expect(plan.changes).toEqual([]);
  expect(gateway.requests.slice(before)).not.toContain("createExperiment");
});

test("an experiment that the ledger knows and the server does not is forgotten, then made anew", async () => {
  const { gateway, tracking, ledger, apply, failed } = await setup();
  await apply([...BELOW, endpoint("chat", { experiment: "traces" })]);
  tracking.forgetExperiment("traces");
  const endpoints = [
    endpoint("chat", { experiment: "traces" }),
    endpoint("other", { experiment: "traces" }),
  ];

  const error = await failed([...BELOW, ...endpoints]);

  expect(error).toMatchObject({ disposition: "retry" });
  expect(error.outcomes.at(-1)).toMatchObject({ key: "endpoint/other", code: "experiment-gone" });
  expect(await ledger.list({ name: "experiment", version: 1 })).toEqual([]);

  await apply([...BELOW, ...endpoints]);
  expect(gateway.visible().endpoints.map(({ name }) => name)).toEqual(["chat", "other"]);
  expect(tracking.names()).toContain("traces");
});

test("an experiment that was made and deleted since the plan is not taken", async () => {
  const { tracking, failed } = await setup();
  const declared = [...BELOW, endpoint("chat", { experiment: "traces" })];

  const error = await failed(declared, {
    plan: (made) => {
      tracking.ensure("traces");
      tracking.deleteExperiment("traces");
      return made;
    },
  });

  expect(error.outcomes[0]).toMatchObject({ outcome: "failed", code: "experiment-deleted" });
});

test("an experiment is taken by its id too", async () => {
  const { tracking, declare, chat, leftToDo } = await setup();
  const { experiment_id } = await tracking.experiments.create({ name: "traces" });

  expect(await declare({ experiment_id })).toEqual(["updateEndpoint"]);

  expect(chat().experiment_id).toBe(experiment_id);
  expect(await leftToDo({ experiment_id })).toEqual([]);
});
