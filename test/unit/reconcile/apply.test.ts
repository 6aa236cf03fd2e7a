import { expect, test } from "@jest/globals";
import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import { type ApplyError, applyPlan, type ChangeOutcome } from "#reconcile/apply/apply.ts";
import type { DesiredResource } from "#reconcile/state.ts";
import { heldLeases } from "#runtime/lease.ts";
import { put, remove } from "#runtime/ledger.ts";
import { paceOf } from "#runtime/pace.ts";
import { MANAGED_SECRETS, type ManagedSecret } from "#secrets/managed-secret.ts";
import { applySetup, CACHE_TTL_MS } from "../../support/apply-setup.ts";
import { ExpectedError } from "../../support/builders.ts";
import { deadlineUntil } from "../../support/deadlines.ts";
import { budget, definition, endpoint, everyKind, secret } from "../../support/states.ts";

function setup() {
  const parts = applySetup();
  const versionId = parts.source.put("prod/openai", "value-one");
  return { ...parts, versionId };
}

/** Two chains that do not depend on each other, and a budget on everything. */
const TWO_CHAINS: readonly DesiredResource[] = [
  ...everyKind(),
  secret("other"),
  definition("other", { secret: "other" }),
  endpoint("other", { models: [{ model_definition: "other", linkage_type: "PRIMARY" }] }),
  budget("other", { target_value: "other" }),
  budget("global", { target_scope: "GLOBAL", target_value: undefined }),
];

function summary(outcomes: readonly ChangeOutcome[]): string[] {
  return outcomes.map(({ outcome, key }) => `${outcome} ${key}`);
}

function becauseOf({ outcomes }: ApplyError, key: string): string | undefined {
  const outcome = outcomes.find((other) => other.key === key);
  return outcome?.outcome === "skipped" ? outcome.because : undefined;
}

test("a plan is carried out level by level", async () => {
  const { gateway, clock, apply, versionId } = setup();

  const outcomes = await apply(everyKind());

  expect(gateway.writes()).toEqual([
    "createSecret",
    "createModelDefinition",
    "createEndpoint",
    "setEndpointTag",
    "createBudget",
  ]);
  expect(summary(outcomes)).toEqual([
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

test("after an apply there is nothing left to do", async () => {
  const { apply, plan } = setup();
  await apply(TWO_CHAINS);

  expect((await plan(TWO_CHAINS)).plan.changes).toEqual([]);
});

test("everything is written with the owner's mark", async () => {
  const { gateway, apply } = setup();

  await apply(everyKind());

  const { secrets, definitions, endpoints, budgets } = gateway.visible();
  expect([...secrets, ...definitions, ...endpoints].map(({ created_by }) => created_by)).toEqual([
    "gwops:search",
    "gwops:search",
    "gwops:search",
  ]);
  expect(endpoints[0]?.tags).toEqual([{ key: "gwops/owner", value: "search" }]);
  expect(budgets[0]?.created_by).toBe("gwops:search/chat-monthly");
});

test("what is no longer declared is deleted, users before what they use, and forgotten", async () => {
  const { gateway, ledger, clock, apply } = setup();
  await apply(everyKind());
  const before = gateway.writes().length;

  const outcomes = await apply([]);

  expect(gateway.writes().slice(before)).toEqual([
    "deleteBudget",
    "deleteEndpoint",
    "deleteModelDefinition",
    "deleteSecret",
  ]);
  expect(summary(outcomes)).toEqual([
    "applied budget/chat-monthly",
    "applied endpoint/chat",
    "applied model_definition/gpt-4o",
    "applied secret/openai-prod",
  ]);
  expect(await ledger.list({ name: "secret", version: 1 })).toEqual([]);
  expect(await ledger.list(BUDGET_SETTINGS)).toEqual([]);
  expect(await heldLeases(ledger, clock.nowMs())).toEqual([]);
});

test("what somebody else deleted meanwhile counts as deleted", async () => {
  const { gateway, dependencies, plan, apply } = setup();
  await apply(everyKind());
  const { plan: deletes, actual } = await plan([]);
  await apply([]);

  const outcomes = await applyPlan(dependencies, deletes, actual);

  expect(summary(outcomes)).toHaveLength(4);
  expect(gateway.count("deleteEndpoint")).toBe(2);
});

test("a delete that fails keeps what the resource uses", async () => {
  const { gateway, apply, failed } = setup();
  await apply(everyKind());
  gateway.failOn("deleteEndpoint", 1, new ExpectedError("retry"));

  const error = await failed([]);

  expect(summary(error.outcomes)).toEqual([
    "applied budget/chat-monthly",
    "failed endpoint/chat",
    "skipped model_definition/gpt-4o",
    "skipped secret/openai-prod",
  ]);
  expect(becauseOf(error, "secret/openai-prod")).toBe("model_definition/gpt-4o");
  expect(error.disposition).toBe("retry");
});

test("a renamed secret is made anew, its users follow, and the old one goes last", async () => {
  const { gateway, ledger, apply, plan } = setup();
  await apply(everyKind());
  const before = gateway.writes().length;
  const renamed = [
    secret("openai-new", {}, { previous_name: "openai-prod" }),
    definition("gpt-4o", { secret: "openai-new" }),
    endpoint(),
    budget(),
  ];

  await apply(renamed);

  expect(gateway.writes().slice(before)).toEqual([
    "createSecret",
    "updateModelDefinition",
    "deleteSecret",
  ]);
  expect((await ledger.list({ name: "secret", version: 1 })).map(({ id }) => id)).toEqual([
    "default/openai-new",
  ]);
  expect((await plan(renamed)).plan.changes).toEqual([]);
});

test.each(["createSecret", "updateModelDefinition"] as const)(
  "the old secret stays when %s of a rename failed",
  async (operation) => {
    const { gateway, apply, failed } = setup();
    await apply(everyKind());
    gateway.failOn(operation, 1, new ExpectedError("retry"));

    const error = await failed([
      secret("openai-new", {}, { previous_name: "openai-prod" }),
      definition("gpt-4o", { secret: "openai-new" }),
      endpoint(),
      budget(),
    ]);

    expect(summary(error.outcomes).at(-1)).toBe("skipped secret/openai-prod");
    expect(gateway.count("deleteSecret")).toBe(0);
    expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  },
);

test("an unused secret is not deleted either when its new copy could not be made", async () => {
  const { gateway, apply, failed } = setup();
  await apply([secret()]);
  gateway.failOn("createSecret", 1, new ExpectedError("retry"));

  const error = await failed([secret("openai-new", {}, { previous_name: "openai-prod" })]);

  expect(becauseOf(error, "secret/openai-prod")).toBe("secret/openai-new");
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
});

test("model definitions and endpoints are renamed in place, and nothing else is written", async () => {
  const { gateway, ledger, apply, plan } = setup();
  await apply(everyKind());
  const before = gateway.visible();
  const writes = gateway.writes().length;
  const renamed = [
    secret(),
    definition("gpt", {}, { previous_name: "gpt-4o" }),
    endpoint(
      "talk",
      { models: [{ model_definition: "gpt", linkage_type: "PRIMARY" }] },
      { previous_name: "chat" },
    ),
    budget("chat-monthly", { target_value: "talk" }),
  ];

  await apply(renamed);

  const after = gateway.visible();
  expect(gateway.writes().slice(writes)).toEqual(["updateModelDefinition", "updateEndpoint"]);
  expect(after.definitions[0]).toMatchObject({
    name: "gpt",
    model_definition_id: before.definitions[0]?.model_definition_id,
  });
  expect(after.endpoints[0]).toMatchObject({
    name: "talk",
    endpoint_id: before.endpoints[0]?.endpoint_id,
    tags: before.endpoints[0]?.tags,
  });
  // What alerts call the endpoint.
  expect(await ledger.list(BUDGET_SETTINGS)).toMatchObject([{ value: { target: "talk" } }]);
  expect((await plan(renamed)).plan.changes).toEqual([]);
});

test("what refers to something renamed in the same apply finds it", async () => {
  const { gateway, apply } = setup();
  await apply([secret(), definition()]);

  await apply([
    secret(),
    definition("gpt", {}, { previous_name: "gpt-4o" }),
    endpoint("chat", { models: [{ model_definition: "gpt", linkage_type: "PRIMARY" }] }),
  ]);

  expect(gateway.visible().endpoints[0]?.model_mappings[0]?.model_definition?.name).toBe("gpt");
});

test("a change of a budget that only we keep is not written to the gateway", async () => {
  const { gateway, ledger, apply } = setup();
  await apply(everyKind());

  await apply([
    ...everyKind().slice(0, 3),
    budget("chat-monthly", { thresholds: [0.9], labels: { a: "b" } }),
  ]);

  expect(gateway.count("updateBudget")).toBe(0);
  expect(await ledger.list(BUDGET_SETTINGS)).toMatchObject([
    {
      id: gateway.visible().budgets[0]?.budget_policy_id,
      value: {
        name: "chat-monthly",
        owner: "search",
        target: "chat",
        thresholds: [0.9],
        labels: { a: "b" },
      },
    },
  ]);
});

test("a change of a budget is written once, under the same id", async () => {
  const { gateway, apply } = setup();
  await apply(everyKind());
  const [before] = gateway.visible().budgets;

  await apply([
    ...everyKind().slice(0, 3),
    budget("chat-monthly", { budget_amount: 750, budget_action: "REJECT" }),
  ]);

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

test("an adopted budget keeps its name when the ledger is lost", async () => {
  const { gateway, ledger, apply, plan } = setup();
  const { budget_policy_id } = await gateway.budgets.create({
    budget_unit: "USD",
    budget_amount: 500,
    duration: { unit: "MONTHS", value: 1 },
    target_scope: "GLOBAL",
    budget_action: "ALERT",
  });
  const global = budget("chat-monthly", { target_scope: "GLOBAL", target_value: undefined });

  await apply([global]);
  for (const record of await ledger.list(BUDGET_SETTINGS)) {
    await ledger.commit([remove(BUDGET_SETTINGS, record)]);
  }

  expect(gateway.visible().budgets).toMatchObject([
    { budget_policy_id, last_updated_by: "gwops:search/chat-monthly" },
  ]);
  expect(gateway.count("createBudget")).toBe(1);
  expect((await plan([global])).plan.changes).toEqual([]);
});

test("a failed change stops what depends on it, not its siblings", async () => {
  const { gateway, failed } = setup();
  gateway.failOn("createSecret", 1, new ExpectedError("retry", "the gateway is down"));

  const error = await failed(TWO_CHAINS);

  expect(summary(error.outcomes)).toEqual([
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
  expect(becauseOf(error, "model_definition/gpt-4o")).toBe("secret/openai-prod");
  expect(becauseOf(error, "endpoint/chat")).toBe("model_definition/gpt-4o");
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

test("what needs something blocked is skipped", async () => {
  const { failed } = setup();

  const error = await failed(TWO_CHAINS, {
    plan: (plan) => ({
      ...plan,
      changes: plan.changes.filter((change) => keyOfCreate(change) !== "secret/other"),
      blocked: [{ key: "secret/other", message: "holds something unknown" }],
    }),
  });

  expect(summary(error.outcomes).filter((line) => !line.startsWith("applied"))).toEqual([
    "skipped model_definition/other",
    "skipped endpoint/other",
    "skipped budget/other",
  ]);
  expect(error.disposition).toBe("reject");
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

test("once the time is over nothing is begun any more, and the rest may be tried again", async () => {
  const { gateway, failed } = setup();

  const error = await failed(TWO_CHAINS, {
    dependencies: {
      deadline: deadlineUntil(() => gateway.count("createModelDefinition") > 0),
    },
  });

  expect(summary(error.outcomes)).toEqual([
    "applied secret/openai-prod",
    "applied secret/other",
    "applied model_definition/gpt-4o",
    "not-attempted model_definition/other",
    "not-attempted endpoint/chat",
    "not-attempted endpoint/other",
    "not-attempted budget/chat-monthly",
    "not-attempted budget/global",
    "not-attempted budget/other",
  ]);
  expect(error).toMatchObject({
    disposition: "retry",
    message:
      "0 of 9 changes failed, 0 were skipped because of them, 6 were not attempted because the time was over",
  });
});

test("each outcome is told as it comes, with how far the apply is", async () => {
  const { apply } = setup();
  const told: string[] = [];

  await apply(everyKind(), {
    options: {
      onOutcome: ({ key, outcome }, done, total) => {
        told.push(`${done}/${total} ${outcome} ${key}`);
      },
    },
  });

  expect(told).toEqual([
    "1/4 applied secret/openai-prod",
    "2/4 applied model_definition/gpt-4o",
    "3/4 applied endpoint/chat",
    "4/4 applied budget/chat-monthly",
  ]);
});

test("every write to the gateway waits for its turn, and no read does", async () => {
  const { gateway, apply } = setup();
  let turns = 0;
  const pace = () => {
    turns += 1;
    return Promise.resolve();
  };

  await apply(everyKind(), { dependencies: { pace } });
  await apply([], { dependencies: { pace } });

  expect(turns).toBe(gateway.writes().length);
  expect(turns).toBe(9);
});

test("at a pace of two a second five writes take two seconds", async () => {
  const { clock, apply } = setup();
  const startedMs = clock.nowMs();

  await apply(everyKind(), { dependencies: { pace: paceOf(2, clock) } });

  expect(clock.nowMs() - startedMs).toBe(2000);
});

test("a bug of ours is not taken for the failure of a change", async () => {
  const { gateway, apply } = setup();
  gateway.failOn("createEndpoint", 1, new TypeError("a bug"));

  await expect(apply(everyKind())).rejects.toThrow(TypeError);
});

test.each(["createSecret", "createModelDefinition", "createEndpoint", "createBudget"] as const)(
  "a %s whose answer was lost is not made twice",
  async (operation) => {
    const { gateway, apply, failed } = setup();
    gateway.loseAnswer(operation, 1, new ExpectedError("retry"));
    await failed(everyKind());

    await apply(everyKind());

    const { secrets, definitions, endpoints, budgets } = gateway.visible();
    expect([secrets, definitions, endpoints, budgets].map((list) => list.length)).toEqual([
      1, 1, 1, 1,
    ]);
  },
);

test("a budget whose settings were lost with the ledger gets them back without a write", async () => {
  const { gateway, ledger, apply } = setup();
  const resources = [...everyKind().slice(0, 3), budget("chat-monthly", { thresholds: [0.5] })];
  await apply(resources);
  const [lost] = await ledger.list(BUDGET_SETTINGS);
  if (!lost) throw new Error("the budget has no settings");
  await ledger.commit([remove(BUDGET_SETTINGS, lost)]);

  await apply(resources);

  expect((await ledger.list(BUDGET_SETTINGS)).map(({ value }) => value)).toEqual([lost.value]);
  expect(gateway.count("updateBudget")).toBe(0);
});

test("model definitions and endpoints are written four at a time, secrets and budgets one by one", async () => {
  const { gateway, plan, dependencies } = setup();
  const names = Array.from({ length: 9 }, (_, index) => `name-${index}`);
  const levels: DesiredResource[][] = [
    names.map((name) => secret(name)),
    names.map((name) => definition(name, { secret: name })),
    names.map((name) =>
      endpoint(name, { models: [{ model_definition: name, linkage_type: "PRIMARY" }] }),
    ),
    names.map((name) => budget(name, { target_value: name })),
  ];
  const most: number[] = [];
  const applyAndCount = async (resources: DesiredResource[]) => {
    const made = await plan(resources);
    gateway.inFlightMax = 0;
    await applyPlan(dependencies, made.plan, made.actual);
    most.push(gateway.inFlightMax);
  };

  for (let count = 1; count <= levels.length; count += 1) {
    await applyAndCount(levels.slice(0, count).flat());
  }
  for (let count = levels.length - 1; count >= 0; count -= 1) {
    await applyAndCount(levels.slice(0, count).flat());
  }

  expect(most).toEqual([1, 4, 4, 1, 1, 4, 4, 1]);
});

function keyOfCreate(change: { action: string; desired?: { kind: string; name: string } }) {
  return change.desired && `${change.desired.kind}/${change.desired.name}`;
}

const ELSEWHERE = { auth_mode: "api_key", api_base: "https://elsewhere.example/v1" };

type Apart = Readonly<Record<string, string>>;

test.each<[string, Apart | undefined, (parts: ReturnType<typeof setup>, id: string) => unknown]>([
  [
    "was made again by hand",
    undefined,
    ({ gateway }) => {
      gateway.deleteSecret("openai-prod");
      return gateway.secrets.create({
        secret_name: "openai-prod",
        secret_value: { api_key: "value-by-hand" },
      });
    },
  ],
  ["was deleted by hand", undefined, ({ gateway }) => gateway.deleteSecret("openai-prod")],
  [
    "got another address, of which the manifest says nothing",
    undefined,
    ({ gateway }, secret_id) => gateway.secrets.update({ secret_id, auth_config: ELSEWHERE }),
  ],
  [
    "got another address, of which the manifest says something",
    { auth_mode: "api_key", api_base: "https://api.openai.com/v1" },
    ({ gateway }, secret_id) => gateway.secrets.update({ secret_id, auth_config: ELSEWHERE }),
  ],
])("a secret that %s since the plan is not written", async (_, auth_config, change) => {
  const parts = setup();
  const { gateway, source, apply, plan, dependencies } = parts;
  const declared = (source_version: string) => [
    secret("openai-prod", { auth_config, source_version }),
  ];
  await apply(declared("version-1"));
  source.put("prod/openai", "value-two");
  const { plan: made, actual } = await plan(declared("version-2"));
  await change(parts, gateway.visible().secrets[0]?.secret_id ?? "");
  const before = gateway.visible().secrets;
  const value = gateway.storedValue("openai-prod");

  await expect(applyPlan(dependencies, made, actual)).rejects.toMatchObject({
    // A new plan shows what is there now.
    disposition: "retry",
    outcomes: [{ outcome: "failed", code: "secret-changed" }],
  });

  expect(gateway.visible().secrets).toEqual(before);
  expect(gateway.storedValue("openai-prod")).toEqual(value);
});

test("a secret that somebody made since the plan is not overwritten", async () => {
  const { gateway, plan, dependencies } = setup();
  const { plan: made, actual } = await plan([secret("openai-prod")]);
  await gateway.secrets.create({
    secret_name: "openai-prod",
    secret_value: { api_key: "value-by-hand" },
  });

  await expect(applyPlan(dependencies, made, actual)).rejects.toMatchObject({
    disposition: "retry",
    outcomes: [
      {
        code: "secret-changed",
        message: expect.stringMatching(
          /^the gateway secret openai-prod is there already \(s-\d+\), and was not before\. A new plan shows it$/,
        ),
      },
    ],
  });

  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-by-hand" });
});

test.each<[string, number, unknown]>([
  ["a later release wrote", 99, { target: {} }],
  ["holds nothing", 1, null],
  ["says nothing of its secret", 1, {}],
])("a record of a secret that %s stops no plan of anybody else", async (_, version, value) => {
  const { ledger, apply, plan } = setup();
  const [first] = await apply([secret("openai-prod")]);
  const record = put(MANAGED_SECRETS, "default/other", value as ManagedSecret, undefined);
  await ledger.commit([{ ...record, version }]);

  expect((await plan([secret("openai-prod")])).plan.changes).toEqual([]);
  expect(first?.outcome).toBe("applied");
});

test.each<[string, number, unknown, string]>([
  ["a later release wrote", 99, { target: {} }, "newer-version"],
  ["holds nothing", 1, null, "applied"],
  ["says nothing of its secret", 1, {}, "applied"],
])("a record of a secret that %s concerns that secret alone", async (_, version, value, end) => {
  const { ledger, source, apply, failed } = setup();
  source.put("prod/other", "value-other");
  const bad = put(MANAGED_SECRETS, "default/bad", value as ManagedSecret, undefined);
  await ledger.commit([{ ...bad, version }]);
  const wanted = [
    secret("bad", { value_from: { secrets_manager: "prod/other" } }),
    secret("openai-prod"),
  ];

  const outcomes = end === "applied" ? await apply(wanted) : (await failed(wanted)).outcomes;

  expect(outcomes.map((one) => ("code" in one ? one.code : one.outcome))).toEqual([end, "applied"]);
});
