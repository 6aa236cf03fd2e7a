import { expect, test } from "@jest/globals";
import type { Manifest } from "#manifest/types.ts";
import type { RunReport } from "#sync/report/report.ts";
import { aBudget, aModelDefinition, anEndpoint, aSecret } from "../../support/builders.ts";
import type { FakeGateway } from "../../support/fake-gateway.ts";
import { LAST, syncRuns } from "../../support/sync-setup.ts";

const MANIFEST: Manifest = {
  version: 1,
  secrets: [aSecret()],
  model_definitions: [aModelDefinition()],
  endpoints: [anEndpoint()],
  budgets: [aBudget()],
};

const KINDS = ["secrets", "modelDefinitions", "endpoints", "budgets"] as const;
type Kind = (typeof KINDS)[number];

/** Everything applied once, by a server of which a list can come from an old copy of its data. */
async function applied(manifest: Manifest = MANIFEST) {
  const runs = syncRuns({ prune: true });
  expect((await runs.putAndSync(manifest))?.outcome).toBe("applied");
  const { gateway } = runs;
  /** Until it is called what it returns, the list shows only what `keeps` leaves of it. */
  const lag = (kind: Kind, keeps: (rows: readonly unknown[]) => readonly unknown[] = () => []) => {
    const group = gateway[kind];
    const { list } = group;
    const lagging = async () => keeps(await (list as () => Promise<readonly unknown[]>)());
    Object.assign(group, { list: lagging });
    return () => void Object.assign(group, { list });
  };
  const counts = () => {
    const { secrets, definitions, endpoints, budgets } = gateway.visible();
    return [secrets, definitions, endpoints, budgets].map(({ length }) => length);
  };
  const owned = (): { kind: string; name: string; id: string }[] =>
    JSON.parse(runs.bucket.snapshots().at(-1) ?? "").owned;
  return { ...runs, lag, counts, owned };
}

function changesIn(report: RunReport | undefined): string[] {
  return (report?.workspaces ?? []).flatMap((plan) =>
    plan.changes.map(({ action, key }) => `${action} ${key}`),
  );
}

test.each(KINDS)(
  "while the list of %s lags nothing is planned, and no more is known to be gone",
  async (kind) => {
    const { lag, putAndSync, lookAgain, counts, owned, gateway } = await applied();
    const before = { counts: counts(), owned: owned() };
    const writes = gateway.writes().length;
    const catchUp = lag(kind);

    const changed = { ...MANIFEST, budgets: [aBudget({ budget_amount: 7 })] };
    const report = await putAndSync(changed, LAST);

    expect(report?.outcome).toBe("pending");
    expect(report?.error).toMatchObject({ code: "doubted-list" });
    expect(gateway.writes().length).toBe(writes);
    catchUp();
    expect(changesIn(await lookAgain())).toEqual(["update budget/chat-monthly"]);
    expect({ counts: counts(), owned: owned() }).toEqual(before);
  },
);

const RENAMES: [Kind, Manifest][] = [
  [
    "secrets",
    {
      ...MANIFEST,
      secrets: [aSecret({ name: "new", previous_name: "openai-prod" })],
      model_definitions: [aModelDefinition({ secret: "new" })],
    },
  ],
  [
    "modelDefinitions",
    {
      ...MANIFEST,
      model_definitions: [aModelDefinition({ name: "new", previous_name: "gpt-4o" })],
      endpoints: [anEndpoint({ models: [{ model_definition: "new", linkage_type: "PRIMARY" }] })],
    },
  ],
  [
    "endpoints",
    {
      ...MANIFEST,
      endpoints: [anEndpoint({ name: "new", previous_name: "chat" })],
      budgets: [aBudget({ target_value: "new" })],
    },
  ],
];

test.each(RENAMES)("a rename while the list of %s lags makes no second one", async (kind, next) => {
  const { lag, putAndSync, lookAgain, counts } = await applied();
  const before = counts();
  const catchUp = lag(kind);

  expect((await putAndSync(next, LAST))?.outcome).toBe("pending");
  expect(counts()).toEqual(before);
  catchUp();
  expect((await lookAgain())?.outcome).toBe("applied");
  expect(counts()).toEqual(before);
});

const MANY: Manifest = {
  version: 1,
  budgets: Array.from({ length: 45 }, (_, index) =>
    aBudget({ name: `b${index}`, target_scope: "USER", target_value: `user-${index}` }),
  ),
};

test("of many that a list lacks each is asked for: the last one counts as much as the first", async () => {
  const { lag, gateway, putAndSync, counts, owned } = await applied(MANY);
  const gone = owned().slice(0, 44);
  for (const { id } of gone) await gateway.budgets.delete({ budget_policy_id: id });
  lag("budgets");

  const report = await putAndSync({ ...MANY, secrets: [aSecret()] }, LAST);

  expect(report?.error).toMatchObject({ code: "doubted-list" });
  expect(counts()).toEqual([0, 0, 0, 1]);
});

test("no more is asked for than it takes to doubt a list", async () => {
  const { lag, gateway, putAndSync } = await applied(MANY);
  const before = gateway.count("getBudget");
  lag("budgets");

  await putAndSync({ ...MANY, secrets: [aSecret()] }, LAST);

  expect(gateway.count("getBudget") - before).toBeLessThanOrEqual(4);
});

test("a list that shows one twice and lacks another is not complete", async () => {
  const { lag, putAndSync, counts } = await applied(MANY);
  lag("budgets", ([first, , ...rows]) => [first, first, ...rows]);

  const report = await putAndSync({ ...MANY, secrets: [aSecret()] }, LAST);

  expect(report?.error).toMatchObject({ code: "doubted-list" });
  expect(counts()).toEqual([0, 0, 0, 45]);
});

test("a list that shows one twice and lacks none is read as what it says", async () => {
  const { lag, putAndSync } = await applied();
  lag("budgets", (rows) => [...rows, ...rows]);

  const report = await putAndSync({ ...MANIFEST, endpoints: [anEndpoint({ tags: { a: "b" } })] });

  expect(changesIn(report)).toEqual(["update endpoint/chat"]);
});

test("what is declared no more, and protected, stays so while a list lags", async () => {
  const { bucket, lag, sync, putAndSync, owned } = await applied({
    ...MANIFEST,
    budgets: [],
    endpoints: [anEndpoint({ protected: true })],
  });
  bucket.put("manifests/search/other.yaml", {
    version: 1,
    budgets: [aBudget({ name: "all", target_scope: "GLOBAL", target_value: undefined })],
  });
  const catchUp = lag("endpoints");
  await putAndSync(
    { version: 1, secrets: [aSecret()], model_definitions: [], endpoints: [] },
    LAST,
  );
  catchUp();
  const report = await sync(LAST);

  expect(owned().map(({ name }) => name)).toContain("chat");
  expect(report?.workspaces[0]?.error?.message).toContain("endpoint/chat is protected");
});

test("an external that a list lacks once is looked for again before its file is wrong", async () => {
  const { gateway, putAndSync } = await applied();
  const secret_id = gateway.visible().secrets[0]?.secret_id ?? "";
  const model = { provider: "openai", model_name: "gpt-4o", created_by: "alice" };
  await gateway.modelDefinitions.create({ name: "shared", secret_id, ...model });
  const { list } = gateway.modelDefinitions;
  let calls = 0;
  const late = async () => {
    calls += 1;
    const rows = await list();
    return calls === 1 ? rows.filter(({ name }) => name !== "shared") : rows;
  };
  Object.assign(gateway.modelDefinitions, { list: late });

  const external = { name: "shared", external: true };
  const report = await putAndSync({
    ...MANIFEST,
    model_definitions: [aModelDefinition(), external],
    endpoints: [anEndpoint({ models: [{ model_definition: "shared", linkage_type: "PRIMARY" }] })],
  });

  expect(changesIn(report)).toEqual(["update endpoint/chat"]);
});

test.each(["secrets", "modelDefinitions", "endpoints"] as const)(
  "what a list of %s lacks and nobody knows is seen by the next plan, without another put",
  async (kind) => {
    const { gateway, putAndSync, lookAgain, clock } = syncRuns();
    const by = { created_by: "alice" };
    const { secret_id } = await gateway.secrets.create({
      secret_name: "openai-prod",
      ...{ secret_value: { api_key: "alice's own" }, provider: "openai", ...by },
    });
    const { model_definition_id } = await gateway.modelDefinitions.create({
      name: "gpt-4o",
      ...{ secret_id, provider: "openai", model_name: "gpt-4o", ...by },
    });
    await gateway.endpoints.create({
      name: "chat",
      ...{ model_configs: [{ model_definition_id, linkage_type: "PRIMARY" as const }], ...by },
    });
    const { list } = gateway[kind];
    Object.assign(gateway[kind], { list: async () => [] });
    const lagged = await putAndSync(MANIFEST, LAST);
    Object.assign(gateway[kind], { list });
    clock.advance(60_000);

    expect(lagged?.outcome).toBe("pending");
    expect(lagged?.workspaces[0]?.error?.message).toContain("the next plan looks again");
    expect((await lookAgain())?.outcome).toBe("applied");
    const { secrets, definitions, endpoints } = gateway.visible();
    expect([secrets, definitions, endpoints].map(({ length }) => length)).toEqual([1, 1, 1]);
  },
);

const CHANGED: [Kind, Manifest][] = [
  ["secrets", { ...MANIFEST, secrets: [aSecret({ auth_config: { auth_mode: "api_key" } })] }],
  ["modelDefinitions", { ...MANIFEST, model_definitions: [aModelDefinition({ model_name: "o" })] }],
  ["endpoints", { ...MANIFEST, endpoints: [anEndpoint({ usage_tracking: false })] }],
  ["budgets", { ...MANIFEST, budgets: [aBudget({ budget_amount: 7 })] }],
];

test.each(CHANGED)(
  "what a list of %s still shows, and is gone, is seen by the next plan, without another put",
  async (kind, next) => {
    const { gateway, putAndSync, lookAgain, clock, counts } = await applied();
    const { list } = gateway[kind];
    const stale = await list();
    await removeByHand(gateway, kind);
    Object.assign(gateway[kind], { list: async () => stale });
    const lagged = await putAndSync(next, LAST);
    Object.assign(gateway[kind], { list });
    clock.advance(60_000);

    expect(lagged?.outcome).toBe("pending");
    expect(lagged?.workspaces[0]?.error?.message).toContain("the next plan looks again");
    expect((await lookAgain())?.outcome).toBe("applied");
    expect(counts()).toEqual([1, 1, 1, 1]);
  },
);

const PARTS: [string, Manifest][] = [
  ["a tag", { ...MANIFEST, endpoints: [anEndpoint({ tags: { team: "search" } })] }],
  [
    "a binding",
    {
      ...MANIFEST,
      endpoints: [anEndpoint({ bindings: [{ resource_type: "scorer", resource_id: "toxicity" }] })],
    },
  ],
];

test.each(PARTS)(
  "%s for an endpoint that is gone, and still shown, waits for the next plan",
  async (_, next) => {
    const { gateway, putAndSync, lookAgain, clock, counts } = await applied();
    const { list } = gateway.endpoints;
    const stale = await list();
    await removeByHand(gateway, "endpoints");
    Object.assign(gateway.endpoints, { list: async () => stale });
    const lagged = await putAndSync(next, LAST);
    Object.assign(gateway.endpoints, { list });
    clock.advance(60_000);

    expect(lagged?.outcome).toBe("pending");
    expect((await lookAgain())?.outcome).toBe("applied");
    expect(counts()).toEqual([1, 1, 1, 1]);
  },
);

test("an endpoint that lost its models and its name by hand is mended in place", async () => {
  const { gateway, putAndSync, counts } = await applied({ ...MANIFEST, budgets: [] });
  const [before] = gateway.visible().endpoints;
  const endpoint_id = before?.endpoint_id ?? "";
  await gateway.endpoints.update({ endpoint_id, name: "chat-ui" });
  gateway.detachModels("chat-ui");

  const report = await putAndSync({ ...MANIFEST, budgets: [aBudget()] });

  expect(report?.outcome).toBe("applied");
  expect(changesIn(report)).toEqual(["update endpoint/chat", "create budget/chat-monthly"]);
  expect(counts()).toEqual([1, 1, 1, 1]);
  expect(gateway.visible().endpoints).toMatchObject([
    { endpoint_id, name: "chat", model_mappings: [{}] },
  ]);
});

test("an endpoint that lost its models and is declared no more is deleted", async () => {
  const { gateway, putAndSync, approve, counts } = await applied({
    ...MANIFEST,
    endpoints: [anEndpoint(), anEndpoint({ name: "other" })],
  });
  gateway.detachModels("other");

  const report = await putAndSync({ ...MANIFEST });
  const done =
    report?.outcome === "refused" ? await approve(report.workspaces[0]?.checksum) : report;

  expect(changesIn(done)).toEqual(["delete endpoint/other"]);
  expect(counts()).toEqual([1, 1, 1, 1]);
});

async function removeByHand(gateway: FakeGateway, kind: Kind): Promise<void> {
  const { secrets, definitions, endpoints, budgets } = gateway.visible();
  const [secret, definition, endpoint, budget] = [
    secrets[0],
    definitions[0],
    endpoints[0],
    budgets[0],
  ];
  const ways = {
    secrets: () => gateway.secrets.delete({ secret_id: secret?.secret_id ?? "", force: true }),
    modelDefinitions: () =>
      gateway.modelDefinitions.delete({
        model_definition_id: definition?.model_definition_id ?? "",
      }),
    endpoints: () => gateway.endpoints.delete({ endpoint_id: endpoint?.endpoint_id ?? "" }),
    budgets: () => gateway.budgets.delete({ budget_policy_id: budget?.budget_policy_id ?? "" }),
  };
  if (kind === "modelDefinitions") await ways.endpoints();
  await ways[kind]();
}
