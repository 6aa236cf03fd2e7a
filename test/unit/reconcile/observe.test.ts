import { expect, test } from "@jest/globals";
import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import { GatewayCapabilityError } from "#gateway/call/capabilities.ts";
import { observeAll } from "#reconcile/observe/observe.ts";
import type { DesiredResource, EndpointGuardrail } from "#reconcile/state.ts";
import { scorerKey } from "#reconcile/state.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { put, remove } from "#runtime/ledger.ts";
import { probeValue } from "#secrets/probe/probe-value.ts";
import { applySetup } from "../../support/apply-setup.ts";
import { ExpectedError } from "../../support/builders.ts";
import { budget, definition, endpoint, everyKind, secret } from "../../support/states.ts";

/** A gateway as an apply of the resources leaves it. */
async function setup(resources: readonly DesiredResource[] = everyKind()) {
  const parts = applySetup();
  const versionId = parts.source.put("prod/openai", "value-one");
  await parts.apply(resources);
  const find = async (key: string) =>
    (await parts.look(resources)).resources.find(({ kind, name }) => `${kind}/${name}` === key);
  /** The requests of a look, in order of their names. */
  const requestsOf = async (wanted: readonly DesiredResource[]) => {
    const before = parts.gateway.requests.length;
    await parts.look(wanted);
    return parts.gateway.requests.slice(before).sort();
  };
  return { ...parts, versionId, find, requestsOf };
}

const LISTS = [
  "getCurrentUser",
  "listBindings",
  "listBudgets",
  "listEndpoints",
  "listModelDefinitions",
  "listSecrets",
];

const SAFE: EndpointGuardrail = {
  name: "safe",
  scorer: { experiment: "judges", name: "safety" },
  stage: "BEFORE",
  action: "VALIDATION",
};

test("everything is seen with references by name, ids and owner", async () => {
  const { look, versionId } = await setup([
    secret(),
    definition(),
    endpoint("chat", { bindings: [{ resource_type: "scorer", resource_id: "judge" }] }),
    budget("chat-monthly", { thresholds: [0.5], labels: { team: "a" } }),
  ]);

  const { resources } = await look();

  expect(resources.map(({ kind, name, owner }) => `${owner} ${kind}/${name}`)).toEqual([
    "search secret/openai-prod",
    "search model_definition/gpt-4o",
    "search endpoint/chat",
    "search budget/chat-monthly",
  ]);
  expect(resources.map(({ id }) => id.split("-")[0])).toEqual(["s", "d", "e", "bp"]);
  expect(resources.map(({ fields }) => fields)).toMatchObject([
    { provider: "openai", source_version: versionId },
    { secret: "openai-prod", provider: "openai", model_name: "gpt-4o" },
    {
      models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY", weight: 1 }],
      usage_tracking: true,
      experiment_id: "1",
      tags: { "gwops/owner": "search" },
      bindings: [{ resource_type: "scorer", resource_id: "judge" }],
      guardrails: undefined,
    },
    { target_value: "chat", budget_amount: 500, thresholds: [0.5], labels: { team: "a" } },
  ]);
});

test("a login that is no admin is refused, whatever it was shown or denied", async () => {
  const { gateway, look } = await setup();
  gateway.user = { username: "plain", is_admin: false };
  gateway.failOn("listBindings", 1, new ExpectedError("reject", "Permission denied"));

  await expect(look()).rejects.toMatchObject({
    code: "gateway-login-not-admin",
    disposition: "retry",
    message: expect.stringContaining('the gateway login "plain" is not an admin'),
  });
});

test("on a server without users everything is seen", async () => {
  const { gateway, look } = await setup();
  gateway.user = undefined;

  expect((await look()).resources).toHaveLength(4);
});

test.each([10, 1000])(
  "looking at %d endpoints takes five lists and a question, all under way at once",
  async (count) => {
    const names = Array.from({ length: count }, (_, index) => `endpoint-${index}`);
    const { gateway, requestsOf } = await setup();
    const [model] = gateway.visible().definitions;
    const model_definition_id = model?.model_definition_id ?? "";
    await Promise.all(
      names.map((name) =>
        gateway.endpoints.create({
          name,
          model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
        }),
      ),
    );
    gateway.inFlightMax = 0;

    const requests = await requestsOf([
      ...everyKind(),
      ...names.map((name) => endpoint(name)),
      endpoint("missing"),
    ]);

    expect(requests).toEqual(LISTS);
    expect(gateway.inFlightMax).toBe(6);
  },
);

test("each experiment that the ledger does not know is looked up once", async () => {
  const { ledger, tracking, look, requestsOf } = await setup();
  const { experiment_id } = await tracking.experiments.create({ name: "traces" });
  await tracking.experiments.create({ name: "gone" });
  tracking.deleteExperiment("gone");
  const wanted = [
    endpoint("chat", { experiment: "traces" }),
    endpoint("two", { experiment: "traces" }),
    endpoint("three", { experiment: "missing" }),
    endpoint("four", { experiment: "gone" }),
  ];

  const first = await requestsOf(wanted);
  const again = await requestsOf(wanted);
  const { experiments } = await look(wanted);

  const lookUps = (requests: string[]) => requests.filter((name) => name === "findExperiment");
  expect(lookUps(first)).toHaveLength(3);
  expect(lookUps(again)).toHaveLength(2);
  expect([...experiments]).toEqual([["traces", experiment_id]]);
  expect((await ledger.list({ name: "experiment", version: 1 })).map(({ id }) => id)).toEqual([
    "default/traces",
  ]);
});

test("an experiment that is given by its id is known by its name", async () => {
  const { tracking, look } = await setup();
  const { experiment_id } = await tracking.experiments.create({ name: "traces" });
  const wanted = [experiment_id, "999"].map((id, index) =>
    endpoint(`e-${index}`, { experiment_id: id }),
  );

  const { experiments } = await look(wanted);

  expect([...experiments]).toEqual([["traces", experiment_id]]);
});

test("an experiment of another workspace is another one", async () => {
  const { tracking, look, gateway } = await setup();
  await tracking.experiments.create({ name: "traces" });
  const wanted = [endpoint("chat", { experiment: "traces" })];
  await look(wanted);
  const before = gateway.count("findExperiment");

  await look(wanted, { workspace: "team-a" });

  expect(gateway.count("findExperiment") - before).toBe(1);
});

test("guardrails are listed for the endpoints that declare some, also under their old name", async () => {
  const { gateway, requestsOf } = await setup();
  const [model] = gateway.visible().definitions;
  for (const name of ["two", "three"]) {
    await gateway.endpoints.create({
      name,
      model_configs: [
        { model_definition_id: model?.model_definition_id ?? "", linkage_type: "PRIMARY" },
      ],
    });
  }

  const requests = await requestsOf([
    endpoint("talk", { guardrails: [] }, { previous_name: "chat" }),
    endpoint("two", { guardrails: [{ name: "safe" }] }),
    endpoint("three"),
  ]);

  expect(requests.filter((name) => /Guardrail|Scorer/.test(name))).toEqual([
    "listEndpointGuardrails",
    "listEndpointGuardrails",
    "listGuardrails",
  ]);
});

test("scorers are listed only when a guardrail must be made, once per experiment", async () => {
  const { tracking, look, apply, requestsOf } = await setup();
  const { experiment_id } = await tracking.experiments.create({ name: "judges" });
  const scorer_id = tracking.registerScorer(experiment_id, "safety");
  const other = { ...SAFE, name: "other" };
  const wanted = [...everyKind().slice(0, 2), endpoint("chat", { guardrails: [SAFE, other] })];

  const first = await requestsOf(wanted);
  const { scorers } = await look(wanted);
  await apply(wanted);
  const after = await requestsOf(wanted);

  expect(first.filter((name) => name === "listScorers")).toHaveLength(1);
  expect(scorers.get(scorerKey({ experiment: "judges", name: "safety" }))).toEqual({
    scorer_id,
    version: 1,
  });
  expect(after).not.toContain("listScorers");
});

test("a guardrail on an endpoint is seen whole, its experiment by name if that is known", async () => {
  const { tracking, ledger, look, apply } = await setup();
  const { experiment_id } = await tracking.experiments.create({ name: "judges" });
  tracking.registerScorer(experiment_id, "safety");
  const wanted = [
    ...everyKind().slice(0, 2),
    endpoint("chat", { guardrails: [{ ...SAFE, execution_order: 1 }] }),
  ];
  await apply(wanted);
  const guardrailsOf = async (resources: readonly DesiredResource[]) => {
    const state = await look(resources);
    const endpoint = state.resources.find(({ kind }) => kind === "endpoint");
    return endpoint?.kind === "endpoint" ? endpoint.fields.guardrails : undefined;
  };

  expect(await guardrailsOf(wanted)).toEqual([
    {
      ...SAFE,
      scorer: { experiment: "judges", name: "safety", version: 1 },
      execution_order: 1,
      action_endpoint: undefined,
    },
  ]);
  for (const record of await ledger.list({ name: "experiment", version: 1 })) {
    await ledger.commit([remove({ name: "experiment", version: 1 }, record)]);
  }
  expect(await guardrailsOf([endpoint("chat", { guardrails: [] })])).toMatchObject([
    { scorer: { experiment: `#${experiment_id}` } },
  ]);
});

test("for an export all guardrails and the names of all experiments are seen", async () => {
  const { gateway, tracking, ledger, apply } = await setup();
  const { experiment_id } = await tracking.experiments.create({ name: "judges" });
  tracking.registerScorer(experiment_id, "safety");
  await apply([...everyKind().slice(0, 2), endpoint("chat", { guardrails: [SAFE] })]);
  for (const record of await ledger.list({ name: "experiment", version: 1 })) {
    await ledger.commit([remove({ name: "experiment", version: 1 }, record)]);
  }

  const { resources, guardrails } = await observeAll(gateway, tracking, ledger, "default");

  expect(resources.find(({ kind }) => kind === "endpoint")?.fields).toMatchObject({
    experiment: "gateway/chat",
    guardrails: [{ name: "safe", scorer: { experiment: "judges" } }],
  });
  expect(guardrails).toMatchObject([{ name: "safe", scorer: { experiment: "judges" } }]);
});

test("a server that is too old for guardrails can be exported", async () => {
  const { gateway, tracking, ledger } = await setup();
  const requirement = { version: "3.12.0" };
  const tooOld = new GatewayCapabilityError("listGuardrails", requirement, "3.11.1");
  gateway.failOn("listGuardrails", 1, tooOld);

  const { resources, guardrails } = await observeAll(gateway, tracking, ledger, "default");

  expect(resources).toHaveLength(4);
  expect(guardrails).toEqual([]);
});

test("a budget that nobody has marked is named by its id and has no owner", async () => {
  const { gateway, look } = await setup();
  const ids: string[] = [];
  for (const created_by of [undefined, "somebody", "gwops:search", "gwops:/nameless"]) {
    const { budget_policy_id } = await gateway.budgets.create({
      budget_unit: "USD",
      budget_amount: 1,
      duration: { unit: "DAYS", value: 1 },
      target_scope: "GLOBAL",
      budget_action: "ALERT",
      ...(created_by === undefined ? {} : { created_by }),
    });
    ids.push(budget_policy_id);
  }

  const { resources } = await look();

  const unmarked = resources.filter(({ kind, owner }) => kind === "budget" && !owner);
  expect(unmarked.map(({ name }) => name).sort()).toEqual(ids.sort());
  expect(unmarked.map(({ id }) => id).sort()).toEqual(ids.sort());
});

test("the name of a budget is the ledger's, else the newest mark's", async () => {
  const { gateway, ledger, look } = await setup();
  const [budget] = gateway.visible().budgets;
  const budget_policy_id = budget?.budget_policy_id ?? "";
  const nameNow = async () => {
    const found = (await look()).resources.find(({ kind }) => kind === "budget");
    return found && `${found.owner}/${found.name}`;
  };
  const [settings] = await ledger.list(BUDGET_SETTINGS);
  if (!settings) throw new Error("the budget has no settings");

  await gateway.budgets.update({ budget_policy_id, updated_by: "gwops:ads/adopted" });
  await ledger.commit([
    put(BUDGET_SETTINGS, settings.id, { ...settings.value, name: "kept" }, settings),
  ]);
  expect(await nameNow()).toBe("ads/kept");

  const [kept] = await ledger.list(BUDGET_SETTINGS);
  if (kept) await ledger.commit([remove(BUDGET_SETTINGS, kept)]);
  expect(await nameNow()).toBe("ads/adopted");

  await gateway.budgets.update({ budget_policy_id, updated_by: "somebody" });
  expect(await nameNow()).toBe("search/chat-monthly");
});

test("a budget of an endpoint that no list shows has the id that is left", async () => {
  const { gateway, find } = await setup();
  const [budget] = gateway.visible().budgets;
  gateway.detachModels("chat");

  expect((await find("budget/chat-monthly"))?.fields).toMatchObject({
    target_value: budget?.target_value,
  });
});

test("values that we do not know are said in words", async () => {
  const { gateway, find } = await setup();
  const [endpoint] = gateway.visible().endpoints;
  const [budget] = gateway.visible().budgets;
  await gateway.endpoints.update({
    endpoint_id: endpoint?.endpoint_id ?? "",
    routing_strategy: "ROUND_ROBIN" as "REQUEST_BASED_TRAFFIC_SPLIT",
  });
  await gateway.budgets.update({
    budget_policy_id: budget?.budget_policy_id ?? "",
    duration: { unit: "FORTNIGHTS" as "WEEKS", value: 1 },
  });

  expect(await find("endpoint/chat")).toMatchObject({
    unknown_values: ['routing_strategy "ROUND_ROBIN"'],
  });
  expect(await find("budget/chat-monthly")).toMatchObject({
    unknown_values: ['duration.unit "FORTNIGHTS"'],
  });
  expect(await find("secret/openai-prod")).not.toHaveProperty("unknown_values");
});

test("a model definition whose secret was deleted refers to none", async () => {
  const { gateway, find } = await setup();
  gateway.deleteSecret("openai-prod");

  expect((await find("model_definition/gpt-4o"))?.fields).toMatchObject({ secret: undefined });
});

test("the version of a secret is unknown once somebody else wrote it", async () => {
  const { gateway, find } = await setup();
  const [secret] = gateway.visible().secrets;
  await gateway.secrets.update({ secret_id: secret?.secret_id ?? "", updated_by: "somebody" });

  expect((await find("secret/openai-prod"))?.fields).toMatchObject({ source_version: undefined });
});

test("what was pushed in one workspace is not known of another", async () => {
  const { look } = await setup();

  const { resources } = await look([], { workspace: "team-a" });

  expect(resources[0]?.fields).toMatchObject({ source_version: undefined });
});

test.each<[string, string | undefined, string | undefined, string | undefined]>([
  ["its creator's", "gwops:search", "somebody", "search"],
  ["the one of its adoption", "somebody", "gwops:search", "search"],
  ["its creator's, not a later one's", "gwops:search", "gwops:other", "search"],
  ["nobody's", "somebody", undefined, undefined],
  ["nobody's either", undefined, undefined, undefined],
])("the owner of a secret is %s", async (_, created_by, updated_by, owner) => {
  const { gateway, look } = await setup([secret()]);
  const { secret_id } = await gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "value-by-hand" },
    ...(created_by === undefined ? {} : { created_by }),
  });
  await gateway.secrets.update({
    secret_id,
    ...(updated_by === undefined ? {} : { updated_by }),
  });

  const { resources } = await look();

  expect(resources.find(({ name }) => name === "by-hand")?.owner).toBe(owner);
});

test("what is made to try a value is never seen, what an owner's is called so by hand is", async () => {
  const { gateway, look, dependencies, ledger, find } = await setup();
  const exportAll = () => observeAll(gateway, gateway.tracking, ledger, "default");
  const before = [await look(), await exportAll()];
  let during: unknown;
  const invocationsOf = () => ({
    invoke: async () => {
      expect(gateway.visible().secrets).toHaveLength(2);
      during = [await look(), await exportAll()];
      return { outcome: "completed", status: 200 } as const;
    },
  });
  const target = { workspace: "default", name: "openai-prod", provider: "openai" };

  const { verdict } = await probeValue(
    { ...dependencies, gatewayOf: () => gateway, invocationsOf },
    target,
    {},
    NO_DEADLINE,
  );

  expect(verdict).toBe("proven");
  expect(during).toEqual(before);

  const chat = await find("endpoint/chat");
  await gateway.endpoints.update({ endpoint_id: chat?.id ?? "", name: "gwops-probe-chat" });
  expect(await find("endpoint/gwops-probe-chat")).toBeDefined();
});
