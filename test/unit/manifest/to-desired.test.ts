import { expect, test } from "@jest/globals";
import { originsOf, toDesired } from "#manifest/to-desired.ts";
import type { Manifest, ManifestEndpoint } from "#manifest/types.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  desiredOf,
} from "../../support/builders.ts";

type Model = ManifestEndpoint["models"][number];

const PRIMARY: Model = { model_definition: "gpt-4o", linkage_type: "PRIMARY" };
const SPARE: Model = { model_definition: "spare", linkage_type: "PRIMARY" };
const FALLBACK: Model = { model_definition: "spare", linkage_type: "FALLBACK" };

function fieldsOf(endpoint: Partial<ManifestEndpoint>) {
  const { resources } = desiredOf({ version: 1, endpoints: [anEndpoint(endpoint)] });
  return resources[0]?.fields;
}

test("a manifest without sections declares nothing", () => {
  expect(toDesired("search", "default", [{ version: 1 }])).toEqual({
    owner: "search",
    workspace: "default",
    in_scope: [],
    resources: [],
    externals: [],
  });
});

test("resources come in the order of the file, kind by kind", () => {
  const { resources } = desiredOf(
    aManifest({ endpoints: [anEndpoint({ name: "b" }), anEndpoint({ name: "a" })] }),
  );

  expect(resources.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
    "secret/openai-prod",
    "model_definition/gpt-4o",
    "endpoint/b",
    "endpoint/a",
    "budget/chat-monthly",
  ]);
});

test("a secret carries where its value comes from and which version is current there", () => {
  const value_from = { secrets_manager: "prod/openai", keys: { api_key: "KEY" } };
  const auth_config = { auth_mode: "api_key" };
  const manifest = aManifest({ secrets: [aSecret({ value_from, auth_config })] });

  const { resources } = toDesired("search", "default", [manifest], {
    versions: new Map([["openai-prod", "version-7"]]),
  });

  expect(resources[0]).toEqual({
    kind: "secret",
    name: "openai-prod",
    fields: { provider: "openai", auth_config, value_from, source_version: "version-7" },
  });
});

test("empty settings of a secret say nothing", () => {
  const { resources } = desiredOf(aManifest({ secrets: [aSecret({ auth_config: {} })] }));

  expect(resources[0]?.fields).toMatchObject({ auth_config: undefined });
});

test("a model definition has the provider of its secret unless it states one", () => {
  const { resources } = desiredOf({
    version: 1,
    secrets: [aSecret({ provider: "azure" })],
    model_definitions: [aModelDefinition(), aModelDefinition({ name: "b", provider: "openai" })],
  });

  expect(resources.slice(1).map(({ fields }) => fields)).toMatchObject([
    { secret: "openai-prod", provider: "azure" },
    { secret: "openai-prod", provider: "openai" },
  ]);
});

test("traffic is split among several PRIMARY models, because MLflow would use the first only", () => {
  expect(fieldsOf({ models: [PRIMARY, SPARE] })).toMatchObject({
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
  });
  expect(fieldsOf({ models: [PRIMARY, FALLBACK] })).toMatchObject({ routing_strategy: undefined });
});

test("an endpoint with a FALLBACK model has a fallback unless it states one, because MLflow would never try it", () => {
  expect(fieldsOf({ models: [PRIMARY, FALLBACK] })).toMatchObject({
    fallback_config: { strategy: "SEQUENTIAL" },
  });
  expect(
    fieldsOf({ models: [PRIMARY, FALLBACK], fallback_config: { max_attempts: 3 } }),
  ).toMatchObject({ fallback_config: { max_attempts: 3 } });
  expect(fieldsOf({ models: [PRIMARY] })).toMatchObject({ fallback_config: undefined });
  expect(fieldsOf({ fallback_config: { max_attempts: 3 } })).toMatchObject({
    fallback_config: { max_attempts: 3 },
  });
});

test("what an endpoint does not state stays unstated", () => {
  expect(fieldsOf({})).toEqual({ models: [PRIMARY] });
  expect(fieldsOf({ usage_tracking: false, tags: { team: "search" } })).toMatchObject({
    usage_tracking: false,
    tags: { team: "search" },
  });
});

test("a budget is in USD, with its thresholds in order and each once", () => {
  const labels = { team: "search" };
  const { resources } = desiredOf({
    version: 1,
    budgets: [aBudget({ labels, alerts: { thresholds: [1, 0.5, 1, 0.8] } }), aBudget()],
  });

  expect(resources.map(({ fields }) => fields)).toMatchObject([
    { budget_unit: "USD", thresholds: [0.5, 0.8, 1], labels },
    { budget_unit: "USD", thresholds: undefined, labels: {} },
  ]);
});

test("several files are one state, with the kinds that any of them speaks of", () => {
  const { in_scope, resources, externals } = toDesired("search", "default", [
    { version: 1, secrets: [aSecret({ provider: "azure" }), { name: "shared", external: true }] },
    { version: 1, secrets: [{ name: "shared", external: true }], endpoints: [] },
    { version: 1, model_definitions: [aModelDefinition()] },
  ]);

  expect(in_scope).toEqual(["secret", "model_definition", "endpoint"]);
  expect(externals).toEqual(["secret/shared"]);
  expect(resources.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
    "secret/openai-prod",
    "model_definition/gpt-4o",
  ]);
  expect(resources[1]?.fields).toMatchObject({ provider: "azure" });
});

test("the provider of a secret in a frozen file is taken from what is known of it", () => {
  const manifest: Manifest = { version: 1, model_definitions: [aModelDefinition()] };
  const providers = new Map([["openai-prod", "azure"]]);

  const { resources } = toDesired("search", "default", [manifest], { providers });

  expect(resources[0]?.fields).toMatchObject({ provider: "azure" });
});

test("protection, renames and adoption belong to the resource, not to its fields", () => {
  const { resources } = desiredOf({
    version: 1,
    secrets: [aSecret({ previous_name: "openai" })],
    endpoints: [anEndpoint({ protected: true, previous_name: "talk" })],
    budgets: [aBudget({ adopt: "bp-1", protected: false })],
  });

  expect(resources).toMatchObject([
    { name: "openai-prod", previous_name: "openai" },
    { name: "chat", protected: true, previous_name: "talk" },
    { name: "chat-monthly", adopt: "bp-1" },
  ]);
  expect(resources[2]).not.toHaveProperty("protected");
});

test("all that an endpoint says of its uses is stated", () => {
  const stated: Partial<ManifestEndpoint> = {
    experiment: "gateway/chat",
    bindings: [{ resource_type: "scorer", resource_id: "toxicity" }],
    guardrails: [{ name: "pii", execution_order: 1 }],
  };

  expect(fieldsOf(stated)).toMatchObject(stated);
  expect(fieldsOf({ experiment_id: "7" })).toMatchObject({ experiment_id: "7" });
});

test("every declared resource, external or not, is found in its file", () => {
  const origins = originsOf([
    { name: "a.yaml", manifest: { version: 1, secrets: [aSecret(), aSecret({ name: "b" })] } },
    { name: "b.yaml", manifest: { version: 1, endpoints: [{ name: "x", external: true }] } },
  ]);

  expect(Object.fromEntries(origins)).toEqual({
    "secret/openai-prod": { file: "a.yaml", path: ["secrets", 0] },
    "secret/b": { file: "a.yaml", path: ["secrets", 1] },
    "endpoint/x": { file: "b.yaml", path: ["endpoints", 0] },
  });
});
