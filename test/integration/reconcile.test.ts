import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import { observeAll } from "#reconcile/observe/observe.ts";
import type { DesiredResource, EndpointGuardrail } from "#reconcile/state.ts";
import { put } from "#runtime/ledger.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { applySetupOf } from "../support/apply-setup.ts";
import { arnOf } from "../support/fake-secret-source.ts";
import { gatewayBehaviour } from "../support/gateway-behaviour.ts";
import { expectNoLeak } from "../support/leaks.ts";
import { requestCounter } from "../support/request-counter.ts";
import * as states from "../support/states.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

const PLAIN_USER = { username: "plain-user", password: "a long enough password" };

let server: MlflowServer;
let gateway: GatewayClient;
let tracking: TrackingClient;
const counter = requestCounter();

beforeAll(async () => {
  server = await startMlflow({ users: [PLAIN_USER] });
  ({ gateway, tracking } = clientsOf(server.admin));
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

function clientsOf(auth: MlflowServer["admin"]) {
  if (!auth) throw new Error("the server was started without user accounts");
  const options = { trackingUri: server.trackingUri, auth, onRequest: counter.onRequest };
  return { gateway: new GatewayClient(options), tracking: new TrackingClient(options) };
}

gatewayBehaviour(() => gateway);

/** An owner whose names nobody else on the server uses, with a ledger of its own. */
function setup(owner: string, clients = { gateway, tracking }) {
  const parts = applySetupOf(clients.gateway, clients.tracking);
  parts.source.put("prod/openai", "value-one", { owner });
  const desired = { owner };
  const apply = (...resources: DesiredResource[]) => parts.apply(resources, { desired });
  const leftToDo = async (...resources: DesiredResource[]) =>
    (await parts.plan(resources, desired)).plan.changes;
  const secret = states.secret(owner);
  const model = states.definition(owner, { secret: owner });
  const models = [{ model_definition: owner, linkage_type: "PRIMARY", weight: 1 }] as const;
  const endpoint = (
    fields: Parameters<typeof states.endpoint>[1] = {},
    { name = owner, ...declared }: { name?: string; previous_name?: string } = {},
  ) => states.endpoint(name, { models, usage_tracking: false, ...fields }, declared);
  return { ...parts, apply, leftToDo, owner, secret, model, models, endpoint };
}

function summary(outcomes: readonly ChangeOutcome[]): string[] {
  return outcomes.map(({ outcome, key }) => `${outcome} ${key}`);
}

/** One of everything, with every field that a manifest can state. */
function wholeOf({ owner, secret, model, endpoint }: ReturnType<typeof setup>) {
  const spare = states.definition(`${owner}-spare`, { secret: owner });
  return [
    states.secret(secret.name, {
      auth_config: { auth_mode: "api_key", api_base: "http://127.0.0.1:9" },
    }),
    model,
    spare,
    endpoint({
      models: [
        { model_definition: owner, linkage_type: "PRIMARY", weight: 0.7 },
        { model_definition: spare.name, linkage_type: "PRIMARY", weight: 0.3 },
        { model_definition: spare.name, linkage_type: "FALLBACK", fallback_order: 0 },
      ],
      routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
      fallback_config: { max_attempts: 2 },
      experiment: `traces/${owner}`,
      tags: { team: "search" },
      bindings: [{ resource_type: "scorer", resource_id: "toxicity" }],
    }),
    states.budget(`${owner}-monthly`, { target_value: owner, thresholds: [0.5] }),
    states.budget(`${owner}-user`, {
      target_scope: "USER",
      target_value: PLAIN_USER.username,
      duration: { unit: "WEEKS", value: 1 },
    }),
  ];
}

test("everything is made on an empty gateway, and then there is nothing left to do", async () => {
  const parts = setup("whole");
  const whole = wholeOf(parts);

  const outcomes = await parts.apply(...whole);
  const before = await everything();

  expect(summary(outcomes)).toEqual([
    "applied secret/whole",
    "applied model_definition/whole",
    "applied model_definition/whole-spare",
    "applied endpoint/whole",
    "applied budget/whole-monthly",
    "applied budget/whole-user",
  ]);
  expect(await parts.leftToDo(...whole)).toEqual([]);
  expect(await parts.apply(...whole)).toEqual([]);
  expect(await everything()).toEqual(before);
  expectNoLeak(["value-one"], outcomes, parts.ledger.written, before);
});

test("a change changes what it says and nothing else", async () => {
  const parts = setup("changing");
  const { apply, leftToDo, model, models, endpoint } = parts;
  const whole = wholeOf(parts);
  const [secret] = whole;
  if (!secret) throw new Error("nothing is declared");
  await apply(...whole);
  const wanted = [
    secret,
    model,
    states.definition("changing-spare", { secret: "changing" }),
    endpoint({ models, tags: {}, bindings: [] }),
    states.budget("changing-monthly", {
      target_value: "changing",
      budget_amount: 0.25,
      budget_action: "REJECT",
    }),
  ];

  const outcomes = await apply(...wanted);

  expect(summary(outcomes)).toEqual([
    "applied endpoint/changing",
    "applied budget/changing-monthly",
    "applied budget/changing-user",
  ]);
  const found = await gateway.endpoints.get({ name: "changing" });
  expect(found.model_mappings).toHaveLength(1);
  expect(found.tags).toEqual([{ key: "gwops/owner", value: "changing" }]);
  expect(found.fallback_config).toMatchObject({ max_attempts: 2 });
  expect(await leftToDo(...wanted)).toEqual([]);
});

test("what somebody changed by hand is brought back", async () => {
  const parts = setup("edited");
  const whole = wholeOf(parts);
  await parts.apply(...whole);
  const definition = (await gateway.modelDefinitions.list()).find(({ name }) => name === "edited");
  await gateway.modelDefinitions.update({
    model_definition_id: definition?.model_definition_id ?? "",
    model_name: "gpt-4o-mini",
  });
  const secret = (await gateway.secrets.list()).find((one) => one.secret_name === "edited");
  await gateway.secrets.update({
    secret_id: secret?.secret_id ?? "",
    secret_value: { api_key: "a-value-by-hand" },
  });
  const { endpoint_id } = await gateway.endpoints.get({ name: "edited" });
  await gateway.endpoints.setTag({ endpoint_id, key: "by-hand", value: "x" });

  const outcomes = await parts.apply(...whole);

  expect(summary(outcomes)).toEqual([
    "applied secret/edited",
    "applied model_definition/edited",
    "applied endpoint/edited",
  ]);
  expect(await parts.leftToDo(...whole)).toEqual([]);
});

test("what was made by hand is adopted once, in place", async () => {
  const parts = setup("adopted");
  const { secret_id } = await gateway.secrets.create({
    secret_name: "adopted",
    secret_value: { api_key: "a-value-by-hand" },
    provider: "openai",
  });
  const { model_definition_id } = await gateway.modelDefinitions.create({
    name: "adopted",
    secret_id,
    provider: "openai",
    model_name: "gpt-4o",
  });
  const { endpoint_id } = await gateway.endpoints.create({
    name: "adopted",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
    usage_tracking: false,
  });
  const { budget_policy_id } = await gateway.budgets.create({
    budget_unit: "USD",
    budget_amount: 1,
    duration: { unit: "MONTHS", value: 1 },
    target_scope: "ENDPOINT",
    target_value: endpoint_id,
    budget_action: "ALERT",
  });
  const budget = states.budget("adopted-monthly", { target_value: "adopted" });
  const wanted = [parts.secret, parts.model, parts.endpoint(), budget];

  const changes = await parts.leftToDo(...wanted);
  await parts.apply(...wanted);

  expect(changes.map(({ action }) => action)).toEqual(["adopt", "adopt", "adopt", "adopt"]);
  expect(await parts.leftToDo(...wanted)).toEqual([]);
  expect(await gateway.endpoints.get({ name: "adopted" })).toMatchObject({ endpoint_id });
  expect(await gateway.budgets.get({ budget_policy_id })).toMatchObject({
    budget_amount: 500,
    last_updated_by: "gwops:adopted/adopted-monthly",
  });
});

test("an endpoint that lost its models is in no list, but is mended under its id", async () => {
  const { apply, leftToDo, secret, model, endpoint } = setup("hidden");
  await apply(secret, model, endpoint());
  const { endpoint_id, model_mappings } = await gateway.endpoints.get({ name: "hidden" });
  for (const { model_definition_id } of model_mappings) {
    await gateway.endpoints.detachModel({ endpoint_id, model_definition_id, force: true });
  }
  expect((await gateway.endpoints.list()).map(({ name }) => name)).not.toContain("hidden");

  await apply(secret, model, endpoint());

  const mended = await gateway.endpoints.get({ name: "hidden" });
  expect(mended).toMatchObject({ endpoint_id });
  expect(mended.model_mappings).toHaveLength(1);
  expect(await leftToDo(secret, model, endpoint())).toEqual([]);
});

test("a renamed endpoint keeps its id, tags, bindings, guardrails and budgets", async () => {
  const { apply, leftToDo, secret, endpoint } = setup("renamed");
  const scorer = await aScorer("renamed-judges", "safety");
  const parts = {
    tags: { team: "search" },
    bindings: [{ resource_type: "scorer", resource_id: "toxicity" }],
    guardrails: [{ name: "safe", scorer, stage: "BEFORE", action: "VALIDATION" }],
  } as const;
  const model = states.definition("renamed-old", { secret: "renamed" });
  const models = (name: string) =>
    [{ model_definition: name, linkage_type: "PRIMARY", weight: 1 }] as const;
  await apply(
    secret,
    model,
    endpoint({ ...parts, models: models("renamed-old") }),
    states.budget("renamed-monthly", { target_value: "renamed" }),
  );
  const before = await gateway.endpoints.get({ name: "renamed" });
  const budgetBefore = await budgetOf(before.endpoint_id);
  const wanted = [
    secret,
    states.definition("renamed-model", { secret: "renamed" }, { previous_name: "renamed-old" }),
    endpoint(
      { ...parts, models: models("renamed-model") },
      { name: "renamed-new", previous_name: "renamed" },
    ),
    states.budget("renamed-monthly", { target_value: "renamed-new" }),
  ];

  const outcomes = await apply(...wanted);

  expect(summary(outcomes)).toEqual([
    "applied model_definition/renamed-model",
    "applied endpoint/renamed-new",
  ]);
  const after = await gateway.endpoints.get({ name: "renamed-new" });
  const { endpoint_id } = after;
  expect(endpoint_id).toBe(before.endpoint_id);
  expect(after.tags).toEqual(before.tags);
  expect(await gateway.bindings.list({ endpoint_id })).toHaveLength(1);
  expect(await gateway.guardrails.listForEndpoint({ endpoint_id })).toHaveLength(1);
  expect(await budgetOf(endpoint_id)).toEqual(budgetBefore);
  expect(await leftToDo(...wanted)).toEqual([]);
});

test("a renamed secret is made anew and the old one is deleted once nobody uses it", async () => {
  const { apply, leftToDo, secret, model, endpoint, ledger } = setup("secretive");
  await apply(secret, model, endpoint());
  const wanted = [
    states.secret("secretive-new", {}, { previous_name: "secretive" }),
    states.definition("secretive", { secret: "secretive-new" }),
    endpoint(),
  ];

  const outcomes = await apply(...wanted);

  expect(summary(outcomes)).toEqual([
    "applied secret/secretive-new",
    "applied model_definition/secretive",
    "applied secret/secretive",
  ]);
  const names = (await gateway.secrets.list()).map(({ secret_name }) => secret_name);
  expect(names).toContain("secretive-new");
  expect(names).not.toContain("secretive");
  expect((await ledger.list({ name: "secret", version: 1 })).map(({ id }) => id)).toEqual([
    "default/secretive-new",
  ]);
  expect(await leftToDo(...wanted)).toEqual([]);
});

test("what is no longer declared is deleted with all that hangs on it", async () => {
  const parts = setup("pruned");
  await parts.apply(...wholeOf(parts));

  const outcomes = await parts.apply();

  expect(outcomes.every(({ outcome }) => outcome === "applied")).toBe(true);
  expect(outcomes.map(({ key }) => key.split("/")[0])).toEqual([
    "budget",
    "budget",
    "endpoint",
    "model_definition",
    "model_definition",
    "secret",
  ]);
  expect((await everything()).filter((resource) => resource.includes("pruned"))).toEqual([]);
  expect(await parts.leftToDo()).toEqual([]);
});

test("bindings are made and taken away", async () => {
  const { apply, leftToDo, secret, model, endpoint } = setup("bound");
  const to = (...ids: string[]) =>
    endpoint({
      bindings: ids.map((resource_id) => ({ resource_type: "scorer", resource_id }) as const),
    });
  await apply(secret, model, to("a", "b"));

  await apply(secret, model, to("b", "c"));

  const { endpoint_id } = await gateway.endpoints.get({ name: "bound" });
  const bindings = await gateway.bindings.list({ endpoint_id });
  expect(bindings.map(({ resource_id }) => resource_id).sort()).toEqual(["b", "c"]);
  expect(await leftToDo(secret, model, to("c", "b"))).toEqual([]);
});

test("guardrails are made of registered scorers, ordered, replaced and taken off", async () => {
  const { apply, leftToDo, secret, model, endpoint } = setup("guarded");
  const scorer = await aScorer("guarded-judges", "safety");
  const safe: EndpointGuardrail = {
    name: "guarded-safe",
    scorer,
    stage: "BEFORE",
    action: "VALIDATION",
    execution_order: 1,
  };
  const rewrite: EndpointGuardrail = {
    name: "guarded-rewrite",
    scorer,
    stage: "AFTER",
    action: "SANITIZATION",
    action_endpoint: "guarded-rewriter",
  };
  const rewriter = endpoint({}, { name: "guarded-rewriter" });
  const wantedOf = (guardrails: readonly EndpointGuardrail[]) => [
    secret,
    model,
    endpoint({ guardrails }),
    rewriter,
  ];
  const placed = async () => {
    const { endpoint_id } = await gateway.endpoints.get({ name: "guarded" });
    const configs = await gateway.guardrails.listForEndpoint({ endpoint_id });
    return configs.map(({ guardrail, execution_order }) => [guardrail?.name, execution_order]);
  };

  await apply(...wantedOf([safe, rewrite]));
  expect(await placed()).toEqual([
    ["guarded-safe", 1],
    ["guarded-rewrite", undefined],
  ]);
  expect(await leftToDo(...wantedOf([safe, rewrite]))).toEqual([]);

  const later = { ...safe, execution_order: 5 };
  const after = { ...rewrite, stage: "BEFORE", execution_order: 2 } as const;
  await apply(...wantedOf([later, after]));
  expect(await placed()).toEqual([
    ["guarded-rewrite", 2],
    ["guarded-safe", 5],
  ]);
  expect(await leftToDo(...wantedOf([later, after]))).toEqual([]);

  await apply(...wantedOf([]));
  expect(await placed()).toEqual([]);
  const names = (await gateway.guardrails.list()).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("guarded-")).sort()).toEqual([
    "guarded-rewrite",
    "guarded-rewrite",
    "guarded-safe",
  ]);
});

test("an experiment is made when it is missing, by one of several that name it", async () => {
  const { apply, leftToDo, secret, model, endpoint } = setup("traced");
  const wanted = [
    secret,
    model,
    ...["traced-1", "traced-2", "traced-3"].map((name) =>
      endpoint({ experiment: "traced/all" }, { name }),
    ),
  ];
  counter.take();

  await apply(...wanted);

  expect(counter.take().filter((name) => name === "createExperiment")).toHaveLength(1);
  const found = await tracking.experiments.find({ name: "traced/all" });
  expect((await gateway.endpoints.get({ name: "traced-3" })).experiment_id).toBe(
    found?.experiment_id,
  );
  expect(await leftToDo(...wanted)).toEqual([]);
});

test("an experiment that is gone from the server is forgotten by the run that meets it", async () => {
  const { owner, apply, failed, ledger, secret, model, endpoint } = setup("stale");
  const record = put(
    { name: "experiment", version: 1 },
    "default/stale/traces",
    { name: "stale/traces", experiment_id: "987654321" },
    undefined,
  );
  await ledger.commit([record]);
  const wanted = [secret, model, endpoint({ experiment: "stale/traces" })];

  const error = await failed(wanted, { desired: { owner } });
  await apply(...wanted);

  expect(error.outcomes.at(-1)).toMatchObject({ code: "experiment-gone", disposition: "retry" });
  expect(await tracking.experiments.find({ name: "stale/traces" })).toMatchObject({
    experiment_id: (await gateway.endpoints.get({ name: "stale" })).experiment_id,
  });
});

test("a look that finds nothing to do takes six requests for any number of resources", async () => {
  const clients = clientsOf(server.admin);
  const { apply, leftToDo, secret, model, endpoint } = setup("counted", clients);
  const names = Array.from({ length: 10 }, (_, index) => `counted-${index}`);
  const wanted = [
    secret,
    model,
    ...names.map((name) => endpoint({ experiment: "counted", bindings: [] }, { name })),
    ...names.map((name) => states.budget(name, { target_value: name })),
  ];
  await apply(...wanted);
  const probes = counter.probes();
  counter.take();

  expect(await leftToDo(...wanted)).toEqual([]);

  expect(counter.take()).toEqual([
    "getCurrentUser",
    "listBindings",
    "listBudgets",
    "listEndpoints",
    "listModelDefinitions",
    "listSecrets",
  ]);
  expect(counter.probes()).toBe(probes);
});

test("an export sees all guardrails and the names of all experiments", async () => {
  const { ledger, apply, secret, model, endpoint } = setup("exported");
  const scorer = await aScorer("exported-judges", "safety");
  const guardrail = { name: "safe", scorer, stage: "BEFORE", action: "VALIDATION" } as const;
  await apply(
    secret,
    model,
    endpoint({ usage_tracking: true, guardrails: [{ ...guardrail, execution_order: 3 }] }),
  );

  const { resources } = await observeAll(gateway, tracking, ledger, "default");

  const found = resources.find(({ kind, name }) => kind === "endpoint" && name === "exported");
  expect(found?.fields).toMatchObject({
    experiment: "gateway/exported",
    guardrails: [{ ...guardrail, scorer: { ...scorer, version: 1 }, execution_order: 3 }],
  });
});

test("a secret without a value is made and kept as it is", async () => {
  const { apply, leftToDo } = setup("keyless");
  const keyless = (region: string) =>
    states.secret("keyless", {
      provider: "bedrock",
      value_from: undefined,
      auth_config: { auth_mode: "default_chain", aws_region_name: region },
    });

  await apply(keyless("eu-central-1"));
  await apply(keyless("eu-west-1"));

  expect(await leftToDo(keyless("eu-west-1"))).toEqual([]);
  const found = (await gateway.secrets.list()).find((one) => one.secret_name === "keyless");
  expect(found).toMatchObject({ masked_values: {}, auth_config: { aws_region_name: "eu-west-1" } });
});

test("a new version of a secret is pushed, and the same event again writes nothing", async () => {
  const { apply, secret, source, dependencies, owner } = setup("pushed");
  await apply(secret);
  const named = async () =>
    (await gateway.secrets.list()).find(({ secret_name }) => secret_name === "pushed");
  const before = await named();
  const versionId = source.put("prod/openai", "value-two-9876", { owner });
  const trigger = { sourceArn: arnOf("prod/openai"), versionId };

  const [outcome] = await pushChanged(dependencies, trigger, { isLast: false });
  const after = await named();
  const [again] = await pushChanged(dependencies, trigger, { isLast: false });

  expect(outcome).toMatchObject({ outcome: "updated", version_id: versionId });
  expect(after?.masked_values).not.toEqual(before?.masked_values);
  expect(after?.auth_config).toEqual(before?.auth_config);
  expect(again).toMatchObject({ outcome: "unchanged" });
  expect(await named()).toEqual(after);
});

test("a login that is no admin is refused before anything is planned", async () => {
  const { apply, secret } = setup("refused", clientsOf(PLAIN_USER));

  await expect(apply(secret)).rejects.toMatchObject({ code: "gateway-login-not-admin" });

  expect((await everything()).filter((resource) => resource.includes("refused"))).toEqual([]);
});

/** A registered scorer in an experiment of its own. */
async function aScorer(experiment: string, name: string) {
  const { experiment_id } = await tracking.experiments.create({ name: experiment });
  const { status, body } = await callLocal(
    `${server.trackingUri}/api/3.0/mlflow/scorers/register`,
    {
      method: "POST",
      user: server.admin,
      json: {
        experiment_id,
        name,
        serialized_scorer: JSON.stringify({ name, builtin_scorer_class: "Safety" }),
      },
    },
  );
  if (status !== 200) throw new Error(`registering a scorer was answered with ${status}: ${body}`);
  return { experiment, name };
}

async function budgetOf(endpoint_id: string) {
  return (await gateway.budgets.list()).find(({ target_value }) => target_value === endpoint_id);
}

/** All that the server stores, without the order that it does not promise. */
async function everything() {
  const { secrets, modelDefinitions, endpoints, bindings, budgets } = gateway;
  const lists = await Promise.all(
    [secrets, modelDefinitions, endpoints, bindings, budgets].map(
      async (operations): Promise<readonly object[]> => operations.list(),
    ),
  );
  return lists
    .flat()
    .map((resource) => JSON.stringify(resource))
    .sort();
}
