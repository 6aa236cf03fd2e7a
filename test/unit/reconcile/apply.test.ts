import { expect, test } from "@jest/globals";
import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import type { Manifest } from "#manifest/types.ts";
import { ApplyError, applyPlan } from "#reconcile/apply.ts";
import { observe } from "#reconcile/observe.ts";
import { planChanges } from "#reconcile/plan.ts";
import { remove } from "#runtime/ledger.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  desiredOf,
  ExpectedError,
} from "../../support/builders.ts";
import { CACHE_TTL_MS, syncSetup } from "../../support/sync-setup.ts";

function setup() {
  const parts = syncSetup();
  const versionId = parts.source.put("prod/openai", "value-one");
  const apply = async (manifest: Manifest) => {
    const desired = desiredOf(manifest, versionId);
    const actual = await observe(parts.gateway, parts.ledger, desired);
    return applyPlan(parts.dependencies(), planChanges(desired, actual), actual);
  };
  /** The outcomes of an apply of which something failed. */
  const failed = async (manifest: Manifest): Promise<ApplyError> => {
    const error = await apply(manifest).catch((thrown: unknown) => thrown);
    if (error instanceof ApplyError) return error;
    throw new Error("nothing failed", { cause: error });
  };
  return { ...parts, versionId, apply, failed };
}

/** Two chains that do not depend on each other, and a budget on everything. */
const TWO_CHAINS = aManifest({
  secrets: [aSecret(), aSecret({ name: "other" })],
  model_definitions: [aModelDefinition(), aModelDefinition({ name: "other", secret: "other" })],
  endpoints: [
    anEndpoint(),
    anEndpoint({
      name: "other",
      models: [{ model_definition: "other", linkage_type: "PRIMARY" }],
    }),
  ],
  budgets: [
    aBudget(),
    aBudget({ name: "other", target_value: "other" }),
    aBudget({ name: "global", target_scope: "GLOBAL", target_value: undefined }),
  ],
});

function summary({ outcomes }: { readonly outcomes: ApplyError["outcomes"] }): string[] {
  return outcomes.map(({ outcome, key }) => `${outcome} ${key}`);
}

test("a plan is carried out level by level", async () => {
  const { gateway, clock, apply, versionId } = setup();

  const outcomes = await apply(aManifest());

  expect(gateway.writes()).toEqual([
    "createSecret",
    "createModelDefinition",
    "createEndpoint",
    "setEndpointTag",
    "createBudget",
  ]);
  expect(summary({ outcomes })).toEqual([
    "applied secret/openai-prod",
    "applied model_definition/gpt-4o",
    "applied endpoint/chat",
    "applied budget/chat-monthly",
  ]);
  expect(outcomes[0]).toMatchObject({
    duration_ms: 0,
    push: {
      outcome: "created",
      version_id: versionId,
      effective_by_ms: clock.nowMs() + CACHE_TTL_MS,
    },
  });
});

test("everything is written with the owner's mark", async () => {
  const { gateway, apply } = setup();

  await apply(aManifest());

  const { secrets, definitions, endpoints, budgets } = gateway.visible();
  expect([...secrets, ...definitions, ...endpoints].map(({ created_by }) => created_by)).toEqual([
    "gwops:search",
    "gwops:search",
    "gwops:search",
  ]);
  expect(endpoints[0]?.tags).toEqual([{ key: "gwops/owner", value: "search" }]);
  expect(budgets[0]?.created_by).toBe("gwops:search/chat-monthly");
});

test("an endpoint is written with all its models and its fallback at once", async () => {
  const { gateway, apply } = setup();
  const spare = aModelDefinition({ name: "spare" });
  const fallback = { model_definition: "spare", linkage_type: "FALLBACK" } as const;
  await apply(aManifest({ model_definitions: [aModelDefinition(), spare] }));

  await apply(
    aManifest({
      model_definitions: [aModelDefinition(), spare],
      endpoints: [anEndpoint({ models: [...anEndpoint().models, fallback] })],
    }),
  );

  const [endpoint] = gateway.visible().endpoints;
  expect(gateway.count("updateEndpoint")).toBe(1);
  expect(endpoint?.fallback_config).toEqual({ strategy: "SEQUENTIAL" });
  expect(endpoint?.model_mappings.map(({ linkage_type }) => linkage_type)).toEqual([
    "PRIMARY",
    "FALLBACK",
  ]);
});

test("what the manifest does not state of an endpoint survives its update", async () => {
  const { gateway, apply } = setup();
  await apply(aManifest());
  const [endpoint] = gateway.visible().endpoints;
  const endpoint_id = endpoint?.endpoint_id ?? "";
  await gateway.endpoints.update({
    endpoint_id,
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 7 },
    usage_tracking: false,
  });
  await gateway.endpoints.setTag({ endpoint_id, key: "by-hand", value: "kept" });

  await apply(aManifest({ endpoints: [anEndpoint({ tags: { team: "search" } })] }));

  // The owner's mark of the create, the tag by hand, and the new one: nothing is tagged again.
  expect(gateway.count("setEndpointTag")).toBe(3);
  expect(gateway.visible().endpoints[0]).toMatchObject({
    fallback_config: { strategy: "SEQUENTIAL", max_attempts: 7 },
    usage_tracking: false,
    tags: [
      { key: "gwops/owner", value: "search" },
      { key: "by-hand", value: "kept" },
      { key: "team", value: "search" },
    ],
  });
});

test("a change of a budget that only we keep is not written to the gateway", async () => {
  const { gateway, ledger, apply } = setup();
  await apply(aManifest());

  await apply(
    aManifest({ budgets: [aBudget({ alerts: { thresholds: [0.9] }, labels: { a: "b" } })] }),
  );

  expect(gateway.count("updateBudget")).toBe(0);
  const [settings] = await ledger.list({ name: "budget" });
  expect(settings).toMatchObject({
    id: gateway.visible().budgets[0]?.budget_policy_id,
    value: {
      name: "chat-monthly",
      owner: "search",
      target: "chat",
      thresholds: [0.9],
      labels: { a: "b" },
    },
  });
});

test("a change of a budget is written once, under the same id", async () => {
  const { gateway, apply } = setup();
  await apply(aManifest());
  const [before] = gateway.visible().budgets;

  await apply(aManifest({ budgets: [aBudget({ budget_amount: 750, budget_action: "REJECT" })] }));

  expect(gateway.count("updateBudget")).toBe(1);
  expect(gateway.visible().budgets).toMatchObject([
    {
      budget_policy_id: before?.budget_policy_id,
      budget_amount: 750,
      budget_action: "REJECT",
      created_by: "gwops:search/chat-monthly",
    },
  ]);
});

test("a failed change stops what depends on it, not its siblings", async () => {
  const { gateway, failed } = setup();
  gateway.failOn("createSecret", 1, new ExpectedError("retry", "the gateway is down"));

  const error = await failed(TWO_CHAINS);

  expect(summary(error)).toEqual([
    "failed secret/openai-prod",
    "applied secret/other",
    "skipped model_definition/gpt-4o",
    "applied model_definition/other",
    "skipped endpoint/chat",
    "applied endpoint/other",
    "skipped budget/chat-monthly",
    "applied budget/global",
    "applied budget/other",
  ]);
  expect(error.outcomes[2]).toEqual({
    key: "model_definition/gpt-4o",
    outcome: "skipped",
    because: "secret/openai-prod",
  });
  expect(error.outcomes[4]).toMatchObject({ because: "model_definition/gpt-4o" });
  expect(error.message).toBe(
    "1 of 9 changes failed, 3 were skipped because of them\nsecret/openai-prod: the gateway is down",
  );
});

test("a failed change tells its cause", async () => {
  const { gateway, failed } = setup();
  gateway.failOn("createBudget", 2, new ExpectedError("reject", "no"));

  const error = await failed(TWO_CHAINS);

  expect(error.outcomes.filter(({ outcome }) => outcome !== "applied")).toEqual([
    {
      key: "budget/global",
      outcome: "failed",
      duration_ms: 0,
      code: "expected",
      message: "no",
      disposition: "reject",
    },
  ]);
});

test("an apply may be tried again only if every failure may pass", async () => {
  const retryable = setup();
  retryable.gateway.failOn("createBudget", 1, new ExpectedError("retry"));
  retryable.gateway.failOn("createBudget", 2, new ExpectedError("retry"));
  const mixed = setup();
  mixed.gateway.failOn("createBudget", 1, new ExpectedError("retry"));
  mixed.gateway.failOn("createBudget", 2, new ExpectedError("reject"));

  expect(await retryable.failed(TWO_CHAINS)).toMatchObject({
    code: "apply-failed",
    disposition: "retry",
  });
  expect(await mixed.failed(TWO_CHAINS)).toMatchObject({ disposition: "reject" });
});

test("a bug of ours is not taken for the failure of a change", async () => {
  const { gateway, apply } = setup();
  gateway.failOn("createEndpoint", 1, new TypeError("a bug"));

  await expect(apply(aManifest())).rejects.toThrow(TypeError);
});

test("an endpoint that was not finished is adopted by the next run", async () => {
  const { gateway, apply, failed } = setup();
  gateway.failOn("setEndpointTag", 1, new ExpectedError("retry"));
  await failed(aManifest());

  const outcomes = await apply(aManifest());

  expect(summary({ outcomes })).toEqual(["applied endpoint/chat", "applied budget/chat-monthly"]);
  expect(gateway.count("createEndpoint")).toBe(1);
  expect(gateway.visible().endpoints[0]?.tags).toEqual([{ key: "gwops/owner", value: "search" }]);
});

test.each(["createSecret", "createModelDefinition", "createEndpoint", "createBudget"] as const)(
  "a %s whose answer was lost is not made twice",
  async (operation) => {
    const { gateway, apply, failed } = setup();
    gateway.loseAnswer(operation, 1, new ExpectedError("retry"));
    await failed(aManifest());

    await apply(aManifest());

    const { secrets, definitions, endpoints, budgets } = gateway.visible();
    expect([secrets, definitions, endpoints, budgets].map((list) => list.length)).toEqual([
      1, 1, 1, 1,
    ]);
  },
);

test("a budget whose settings were lost with the ledger gets them back without a write", async () => {
  const { gateway, ledger, apply } = setup();
  await apply(aManifest());
  const [lost] = await ledger.list(BUDGET_SETTINGS);
  if (!lost) throw new Error("the budget has no settings");
  await ledger.commit([remove(BUDGET_SETTINGS, lost)]);

  await apply(aManifest());

  expect((await ledger.list(BUDGET_SETTINGS)).map(({ value }) => value)).toEqual([lost.value]);
  expect(gateway.count("updateBudget")).toBe(0);
});

test("model definitions and endpoints are written four at a time, secrets and budgets one by one", async () => {
  const { gateway, ledger, versionId, dependencies } = setup();
  const names = Array.from({ length: 9 }, (_, index) => `name-${index}`);
  const most: number[] = [];
  const apply = async (manifest: Manifest) => {
    const desired = desiredOf(manifest, versionId);
    const actual = await observe(gateway, ledger, desired);
    const plan = planChanges(desired, actual);
    gateway.inFlightMax = 0;
    await applyPlan(dependencies(), plan, actual);
    most.push(gateway.inFlightMax);
  };
  const secrets = [aSecret(), ...names.map((name) => aSecret({ name }))];
  const model_definitions = [
    aModelDefinition(),
    ...names.map((name) => aModelDefinition({ name })),
  ];
  const endpoints = [anEndpoint(), ...names.map((name) => anEndpoint({ name }))];
  const budgets = names.map((name) => aBudget({ name }));

  await apply({ version: 1, secrets });
  await apply({ version: 1, secrets, model_definitions });
  await apply({ version: 1, secrets, model_definitions, endpoints });
  await apply(aManifest({ secrets, model_definitions, endpoints, budgets }));

  expect(most).toEqual([1, 4, 4, 1]);
});
