import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import type { Manifest } from "#manifest/types.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { startVerifier, type Verifier } from "../support/verify/verifier.ts";

jest.setTimeout(60_000);

/** What `build` makes on the gateway by hand. */
const DECLARED = {
  version: 1,
  secrets: [
    {
      name: "openai",
      provider: "openai",
      value_from: { secrets_manager: "prod/openai" },
      auth_config: { auth_mode: "api_key", api_base: "http://127.0.0.1:9" },
    },
  ],
  model_definitions: [
    { name: "main", secret: "openai", model_name: "gpt-4o" },
    { name: "spare", secret: "openai", model_name: "gpt-4o-mini" },
  ],
  endpoints: [
    {
      name: "chat",
      models: [
        { model_definition: "main", linkage_type: "PRIMARY", weight: 0.7 },
        { model_definition: "spare", linkage_type: "PRIMARY", weight: 0.3 },
        { model_definition: "spare", linkage_type: "FALLBACK", fallback_order: 1 },
      ],
      fallback_config: { max_attempts: 2 },
      usage_tracking: true,
      experiment: "team/chat",
      tags: { team: "search" },
      bindings: [{ resource_type: "scorer", resource_id: "toxicity" }],
      guardrails: [
        {
          name: "pii",
          scorer: { experiment: "team/chat", name: "judge", version: 1 },
          stage: "BEFORE",
          action: "VALIDATION",
          execution_order: 1,
        },
      ],
    },
  ],
  budgets: [
    {
      name: "monthly",
      budget_amount: 5,
      duration: { unit: "MONTHS", value: 1 },
      target_scope: "ENDPOINT",
      target_value: "chat",
      budget_action: "ALERT",
    },
  ],
} as const;

const OWNER = "search";
const MARK = `gwops:${OWNER}`;
const VALUES = { openai: { api_key: "sk-a-long-enough-value" } };

let server: MlflowServer;
let verifier: Verifier;

beforeAll(async () => {
  server = await startMlflow();
  verifier = await startVerifier(server);
  await build();
}, 180_000);

afterAll(async () => {
  await verifier?.stop();
  await server?.stop();
}, 30_000);

type Json = Record<string, unknown>;

async function post(path: string, json: Json): Promise<Record<string, string>> {
  const url = `${server.trackingUri}${path}`;
  const { status, body } = await callLocal(url, { method: "POST", user: server.admin, json });
  if (status !== 200) throw new Error(`${path} was answered with ${status}: ${body}`);
  return JSON.parse(body) as Record<string, string>;
}

async function build(): Promise<void> {
  if (!server.admin) throw new Error("the server was started without user accounts");
  const gateway = new GatewayClient({ trackingUri: server.trackingUri, auth: server.admin });
  const [{ provider, auth_config }] = DECLARED.secrets;
  const { secret_id } = await gateway.secrets.create({
    ...{ secret_name: "openai", secret_value: VALUES.openai, provider, auth_config },
    created_by: MARK,
  });
  const [main = "", spare = ""] = await Promise.all(
    DECLARED.model_definitions.map(async ({ name, model_name }) => {
      const definition = { name, model_name, secret_id, provider, created_by: MARK };
      return (await gateway.modelDefinitions.create(definition)).model_definition_id;
    }),
  );
  const { experiment_id = "" } = await post("/api/2.0/mlflow/experiments/create", {
    name: "team/chat",
  });
  const { endpoint_id } = await gateway.endpoints.create({
    name: "chat",
    model_configs: [
      { model_definition_id: main, linkage_type: "PRIMARY", weight: 0.7 },
      { model_definition_id: spare, linkage_type: "PRIMARY", weight: 0.3 },
      { model_definition_id: spare, linkage_type: "FALLBACK", fallback_order: 1 },
    ],
    routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 2 },
    ...{ usage_tracking: true, experiment_id },
  });
  await gateway.endpoints.setTag({ endpoint_id, key: "gwops/owner", value: OWNER });
  await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "search" });
  await gateway.bindings.create({ endpoint_id, resource_type: "scorer", resource_id: "toxicity" });
  const { scorer_id = "" } = await post("/api/3.0/mlflow/scorers/register", {
    ...{ experiment_id, name: "judge" },
    serialized_scorer: JSON.stringify({ name: "judge", builtin_scorer_class: "Safety" }),
  });
  const { guardrail_id } = await gateway.guardrails.create({
    ...{ name: "pii", scorer_id, scorer_version: 1, stage: "BEFORE", action: "VALIDATION" },
  });
  await gateway.guardrails.addToEndpoint({ endpoint_id, guardrail_id, execution_order: 1 });
  await gateway.budgets.create({
    ...{ budget_unit: "USD", budget_amount: 5, duration: { unit: "MONTHS", value: 1 } },
    ...{ target_scope: "ENDPOINT", target_value: endpoint_id, budget_action: "ALERT" },
    created_by: `${MARK}/monthly`,
  });
}

function verify(manifest: unknown, options = {}): Promise<string[]> {
  return verifier.verify(manifest as Manifest, { owner: OWNER, isPruned: true, ...options });
}

/** The manifest with one value changed; undefined takes it away. */
function changed(path: readonly (string | number)[], value: unknown): unknown {
  const copy = structuredClone(DECLARED) as unknown as Json;
  let place = copy;
  for (const step of path.slice(0, -1)) place = place[step] as Json;
  place[String(path.at(-1))] = value;
  return copy;
}

test("a gateway that is as declared has no differences", async () => {
  expect(await verify(DECLARED, { secretValues: VALUES })).toEqual([]);
  expect(await verify({ version: 1 }, { isPruned: true })).toEqual([]);
});

test.each<[readonly (string | number)[], unknown, string]>([
  [["secrets", 0, "name"], "another", "secret/another: is on the gateway 0"],
  [["secrets", 0, "provider"], "azure", "secret/openai: provider 'openai'"],
  [["secrets", 0, "auth_config", "api_base"], "http://a", "secret/openai: auth_config"],
  [["secrets", 0, "auth_config"], { auth_mode: "api_key" }, "secret/openai: auth_config"],
  [["model_definitions", 0, "secret"], "other", "model_definition/main: secret 'openai'"],
  [["model_definitions", 0, "provider"], "azure", "model_definition/main: provider 'openai'"],
  [["model_definitions", 1, "model_name"], "gpt", "model_definition/spare: model_name"],
  [["endpoints", 0, "models", 0, "model_definition"], "spare", "endpoint/chat: models"],
  [["endpoints", 0, "models", 0, "linkage_type"], "FALLBACK", "endpoint/chat: models"],
  [["endpoints", 0, "models", 0, "weight"], 0.6999, "endpoint/chat: models"],
  [["endpoints", 0, "models", 0, "weight"], undefined, "endpoint/chat: models"],
  [["endpoints", 0, "models", 2, "fallback_order"], 0, "endpoint/chat: models"],
  [["endpoints", 0, "models", 2, "fallback_order"], undefined, "endpoint/chat: models"],
  [["endpoints", 0, "models", 3], DECLARED.endpoints[0].models[0], "endpoint/chat: models"],
  [["endpoints", 0, "routing_strategy"], "OTHER", "endpoint/chat: routing_strategy"],
  [["endpoints", 0, "fallback_config", "strategy"], "OTHER", "endpoint/chat: strategy"],
  [["endpoints", 0, "fallback_config", "max_attempts"], 1, "endpoint/chat: max_attempts 2"],
  [["endpoints", 0, "usage_tracking"], false, "endpoint/chat: usage_tracking True"],
  [["endpoints", 0, "experiment"], "gateway/chat", "endpoint/chat: experiment 'team/chat'"],
  [["endpoints", 0, "tags"], {}, "endpoint/chat: tags {'team': 'search'}"],
  [["endpoints", 0, "tags", "team"], "other", "endpoint/chat: tags"],
  [["endpoints", 0, "bindings"], [], "endpoint/chat: bindings"],
  [["endpoints", 0, "bindings", 0, "resource_id"], "x", "endpoint/chat: bindings"],
  [["endpoints", 0, "guardrails"], [], "endpoint/chat: has also guardrails"],
  [["endpoints", 0, "guardrails", 1], { name: "b" }, "endpoint/chat: has no guardrail"],
  [["budgets", 0, "name"], "yearly", "budget/yearly: is on the gateway 0"],
  [["budgets", 0, "budget_amount"], 6, "budget/monthly: budget_amount 5.0"],
  [["budgets", 0, "duration", "value"], 2, "budget/monthly: duration"],
  [["budgets", 0, "target_scope"], "USER", "budget/monthly: target_scope"],
  [["budgets", 0, "target_value"], "talk", "budget/monthly: target_value 'chat'"],
  [["budgets", 0, "budget_action"], "REJECT", "budget/monthly: budget_action"],
])("%j as %j is a difference", async (path, value, expected) => {
  const differences = await verify(changed(path, value));

  expect(differences).toContainEqual(expect.stringContaining(expected));
});

test.each<[string, unknown]>([
  ["name", "other"],
  ["stage", "AFTER"],
  ["action", "SANITIZATION"],
  ["execution_order", 2],
  ["scorer", { experiment: "team/chat", name: "other" }],
  ["scorer", { experiment: "Default", name: "judge" }],
  ["scorer", { experiment: "team/chat", name: "judge", version: 2 }],
])("a guardrail with another %s (%j) is missing and one too many", async (field, value) => {
  expect(await verify(changed(["endpoints", 0, "guardrails", 0, field], value))).toEqual([
    expect.stringContaining("endpoint/chat: has no guardrail"),
    expect.stringContaining("endpoint/chat: has also guardrails"),
  ]);
});

test.each(["secrets", "model_definitions", "endpoints", "budgets"])(
  "what is left of pruned %s is a difference, unless it is kept or out of scope",
  async (section) => {
    const left = DECLARED[section as "secrets"].map(({ name }) => name);
    const kind = section.slice(0, -1);

    const differences = await verify(changed([section], []));

    expect(differences.filter((line) => line.includes("is left"))).toEqual(
      left.map((name) => expect.stringContaining(`${kind}/${name}: `)),
    );
    const kept = left.map((name) => `${kind}/${name}`);
    const isLeft = (lines: string[]) => lines.some((line) => line.includes("is left"));
    expect(isLeft(await verify(changed([section], []), { kept }))).toBe(false);
    expect(isLeft(await verify(changed([section], []), { isPruned: false }))).toBe(false);
    expect(isLeft(await verify(changed([section], undefined)))).toBe(false);
  },
);

test("another owner's marks and another value of a secret are differences", async () => {
  expect(await verify(DECLARED, { owner: "sales" })).toEqual([
    expect.stringContaining("secret/openai: is marked ['gwops:search']"),
    expect.stringContaining("model_definition/main: is marked"),
    expect.stringContaining("model_definition/spare: is marked"),
    expect.stringContaining("endpoint/chat: owner 'search'"),
    expect.stringContaining("budget/monthly: is on the gateway 0"),
  ]);
  const secretValues = { openai: { api_key: "sk-another-long-one" } };
  expect(await verify(DECLARED, { secretValues })).toEqual([
    expect.stringContaining("secret/openai: masked_values"),
  ]);
});

test("a gateway that cannot be read is an error and not a difference", async () => {
  const elsewhere = await startVerifier({ trackingUri: server.trackingUri });

  const reading = elsewhere.verify(DECLARED as unknown as Manifest, { owner: OWNER });

  await expect(reading).rejects.toThrow("401");
  await elsewhere.stop();
});
