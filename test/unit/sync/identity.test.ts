import { expect, test } from "@jest/globals";
import type { BudgetSettings } from "#budgets/settings.ts";
import { put } from "#runtime/ledger.ts";
import { OWNER_TAG_KEY } from "#runtime/marks.ts";
import type { RunReport } from "#sync/report/report.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
} from "../../support/builders.ts";
import { LAST, syncRuns } from "../../support/sync-setup.ts";

const MANIFEST = aManifest({
  secrets: [aSecret()],
  model_definitions: [aModelDefinition()],
  endpoints: [anEndpoint()],
  budgets: [aBudget()],
});

/** Everything applied once, and what a person with the rights of an administrator does then. */
async function applied({ prune = true, manifest = MANIFEST } = {}) {
  const runs = syncRuns({ prune });
  const report = await runs.putAndSync(manifest);
  expect(report?.outcome).toBe("applied");
  const { gateway } = runs;
  const only = <T>([one]: readonly T[]): T => {
    if (one === undefined) throw new Error("there is none");
    return one;
  };
  const seen = () => gateway.visible();
  const byHand = {
    renameEndpoint: (name: string) =>
      gateway.endpoints.update({ endpoint_id: only(seen().endpoints).endpoint_id, name }),
    renameDefinition: (name: string) =>
      gateway.modelDefinitions.update({
        model_definition_id: only(seen().definitions).model_definition_id,
        name,
      }),
    unmark: () =>
      gateway.endpoints.deleteTag({
        endpoint_id: only(seen().endpoints).endpoint_id,
        key: OWNER_TAG_KEY,
      }),
    deleteEndpoint: async () => {
      for (const { budget_policy_id } of seen().budgets) {
        await gateway.budgets.delete({ budget_policy_id });
      }
      await gateway.endpoints.delete({ endpoint_id: only(seen().endpoints).endpoint_id });
    },
    makeEndpoint: (name: string) =>
      gateway.endpoints.create({
        name,
        usage_tracking: false,
        model_configs: [
          {
            model_definition_id: only(seen().definitions).model_definition_id,
            linkage_type: "PRIMARY",
            weight: 1,
          },
        ],
        created_by: "alice",
      }),
    remakeSecret: async (name: string) => {
      gateway.deleteSecret(name);
      return gateway.secrets.create({
        secret_name: name,
        secret_value: { api_key: "alice's own" },
        provider: "openai",
        created_by: "alice",
      });
    },
  };
  return { ...runs, byHand, seen };
}

function changesIn(report: RunReport | undefined): string[] {
  return (report?.workspaces ?? []).flatMap((plan) =>
    plan.changes.map(({ action, key }) => `${action} ${key}`),
  );
}

function noticesIn(report: RunReport | undefined): string[] {
  return (report?.workspaces ?? []).flatMap((plan) =>
    plan.notices.map(({ code, key }) => `${code} ${key}`),
  );
}

function issuesIn(report: RunReport | undefined): string[] {
  return (report?.manifests ?? []).flatMap(({ issues = [] }) =>
    issues.map(({ rule, message }) => `${rule}: ${message}`),
  );
}

test("a rename by hand is drift, is told as one, and nothing is made or deleted beside it", async () => {
  const { byHand, drift, putAndSync, seen } = await applied();
  await byHand.renameEndpoint("chat-ui");
  await byHand.renameDefinition("gpt-4o-x");

  const found = await drift();
  const report = await putAndSync({ ...MANIFEST });

  expect(found?.report?.workspaces[0]?.changes).toMatchObject([
    { key: "model_definition/gpt-4o", changed_fields: [{ path: "name", before: "gpt-4o-x" }] },
    {
      key: "endpoint/chat",
      changed_fields: [
        { path: "name", before: "chat-ui", after: "chat", remark: "renamed by hand" },
      ],
    },
  ]);
  expect(changesIn(report)).toEqual(["update model_definition/gpt-4o", "update endpoint/chat"]);
  expect(noticesIn(report)).toEqual([]);
  const { endpoints, definitions } = seen();
  expect(endpoints.map(({ name }) => name)).toEqual(["chat"]);
  expect(definitions.map(({ name }) => name)).toEqual(["gpt-4o"]);
});

test("a rename by hand that the manifest follows is kept, and known by its new name", async () => {
  const { byHand, putAndSync, gateway, bucket } = await applied();
  await byHand.renameEndpoint("talk");
  const before = gateway.writes().length;

  const report = await putAndSync({
    ...MANIFEST,
    endpoints: [anEndpoint({ name: "talk" })],
    budgets: [aBudget({ target_value: "talk" })],
  });

  expect(report?.outcome).toBe("unchanged");
  expect(gateway.writes().length).toBe(before);
  const { owned } = JSON.parse(bucket.snapshots().at(-1) ?? "") as { owned: { name: string }[] };
  expect(owned.map(({ name }) => name)).toContain("talk");
  expect(owned.map(({ name }) => name)).not.toContain("chat");
});

test("a lost mark is put back, and in the meantime it is nobody else's", async () => {
  const { byHand, bucket, sync, drift, seen, source } = await applied();
  await byHand.unmark();
  source.put("prod/ads", "value", { owner: "ads" });
  bucket.put("manifests/ads/gateway.yaml", {
    version: 1,
    model_definitions: [{ name: "gpt-4o", external: true }],
    endpoints: [anEndpoint()],
  });

  const theirs = await sync({ owner: "ads" });
  const found = await drift();
  const healed = await drift({ heal: true });

  expect(issuesIn(theirs).join()).toContain('belongs to the owner "search", not to "ads"');
  expect(found?.report?.workspaces[0]?.changes).toMatchObject([
    { key: "endpoint/chat", changed_fields: [{ path: "owner", after: "search" }] },
  ]);
  expect(healed?.report?.outcome).toBe("applied");
  expect(seen().endpoints[0]?.tags).toContainEqual({ key: OWNER_TAG_KEY, value: "search" });
});

test("a mark that somebody gives away by hand changes nothing about whose it is", async () => {
  const { gateway, bucket, sync, seen, putAndSync } = await applied();
  const endpoint_id = seen().endpoints[0]?.endpoint_id ?? "";
  await gateway.endpoints.setTag({ endpoint_id, key: OWNER_TAG_KEY, value: "ads" });
  bucket.put("manifests/ads/gateway.yaml", {
    version: 1,
    model_definitions: [{ name: "gpt-4o", external: true }],
    endpoints: [anEndpoint()],
  });

  expect(issuesIn(await sync({ owner: "ads" })).join()).toContain('belongs to the owner "search"');
  expect(changesIn(await putAndSync({ ...MANIFEST }))).toEqual(["update endpoint/chat"]);
  expect(seen().endpoints[0]?.tags).toContainEqual({ key: OWNER_TAG_KEY, value: "search" });
});

test("what was made by hand under our old name is never deleted, and told", async () => {
  const { byHand, putAndSync, seen, lookAgain } = await applied();
  await byHand.deleteEndpoint();
  const made = await byHand.makeEndpoint("chat");

  const report = await putAndSync({ ...MANIFEST, endpoints: [], budgets: [] });
  await lookAgain();

  expect(changesIn(report)).toEqual([]);
  expect(noticesIn(report)).toEqual(["replaced endpoint/chat"]);
  expect(seen().endpoints).toMatchObject([{ endpoint_id: made.endpoint_id, created_by: "alice" }]);
});

test("what was made by hand under our old name and is declared still is adopted, with a warning", async () => {
  const { byHand, putAndSync, gateway } = await applied({
    manifest: { version: 1, secrets: [aSecret()] },
  });
  await byHand.remakeSecret("openai-prod");

  const report = await putAndSync({ version: 1, secrets: [aSecret()] });

  expect(changesIn(report)).toEqual(["adopt secret/openai-prod"]);
  expect(noticesIn(report)).toEqual(["replaced secret/openai-prod"]);
  expect(report?.workspaces[0]?.changes[0]?.high_risk).toContain("nobody can read it back");
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
});

test("where id and name lead to two, the file is rejected with both, until one is gone", async () => {
  const { byHand, sync, seen, gateway, putAndSync } = await applied();
  await byHand.renameEndpoint("chat-old");
  const made = await byHand.makeEndpoint("chat");
  const writes = gateway.writes().length;

  const report = await putAndSync({ ...MANIFEST });

  expect(issuesIn(report).join()).toMatch(/identity-clash.*e-\d+.*chat-old.*e-\d+.*"chat"/);
  expect(gateway.writes().length).toBe(writes);

  await gateway.endpoints.delete({ endpoint_id: made.endpoint_id });
  await putAndSync({ ...MANIFEST, endpoints: [anEndpoint()] });
  await sync();
  expect(seen().endpoints.map(({ name }) => name)).toEqual(["chat"]);
});

const TWO = {
  ...MANIFEST,
  endpoints: [anEndpoint(), anEndpoint({ name: "talk", tags: { a: "b" } })],
};

test.each([
  ["swapped", ["chat-x", "chat", "talk"]],
  ["moved on, each to the name of the next", ["talk-x", "talk"]],
])(
  "two names that were %s by hand are told with both ids, and nothing is written",
  async (how, to) => {
    const { seen, gateway, sync, putAndSync } = await applied({ manifest: TWO });
    const idOf = (name: string) =>
      seen().endpoints.find((endpoint) => endpoint.name === name)?.endpoint_id ?? "";
    const [chat, talk] = [idOf("chat"), idOf("talk")];
    const rename = (endpoint_id: string, name = "") =>
      gateway.endpoints.update({ endpoint_id, name });
    if (how === "swapped") await rename(chat, to[0]);
    await rename(talk, to[how === "swapped" ? 1 : 0]);
    await rename(chat, to.at(-1));
    const writes = gateway.writes().length;

    const report = await putAndSync({ ...TWO });

    expect(issuesIn(report).join()).toContain("identity-clash");
    expect(issuesIn(report).join()).toContain(chat);
    expect(issuesIn(report).join()).toContain(talk);
    expect(gateway.writes().length).toBe(writes);
    // A person gives one its name back: the other one is mended by id.
    await rename(chat, "away");
    await rename(talk, "talk");
    await putAndSync({ ...TWO, budgets: [aBudget()] });
    await sync();
    expect([idOf("chat"), idOf("talk")]).toEqual([chat, talk]);
  },
);

test("a file that follows names that were swapped by hand is told the same", async () => {
  const { seen, gateway, putAndSync } = await applied({ manifest: TWO });
  const [one, other] = seen().endpoints;
  const rename = (endpoint_id = "", name = "") => gateway.endpoints.update({ endpoint_id, name });
  await rename(one?.endpoint_id, "away");
  await rename(other?.endpoint_id, one?.name);
  await rename(one?.endpoint_id, other?.name);

  const report = await putAndSync({ ...TWO, endpoints: [anEndpoint()] });

  expect(issuesIn(report).join()).toContain("identity-clash");
  expect(seen().endpoints).toHaveLength(2);
});

test("without history nothing undeclared goes, with the next run neither", async () => {
  const { bucket, putAndSync, seen } = await applied();
  bucket.loseSnapshots();
  const less = { ...MANIFEST, endpoints: [], budgets: [] };

  const first = await putAndSync(less);
  const second = await putAndSync({ ...less });
  const third = await putAndSync({ ...less, model_definitions: [] });

  expect(changesIn(first)).toEqual([]);
  expect(noticesIn(first)).toEqual([
    "no-history undefined",
    "not-pruned budget/chat-monthly",
    "not-pruned endpoint/chat",
  ]);
  expect(second?.outcome).toBe("unchanged");
  // What the first run declared it took over.
  expect(changesIn(third)).toEqual(["delete model_definition/gpt-4o"]);
  expect(seen()).toMatchObject({ endpoints: [{ name: "chat" }], budgets: [{}] });
});

test("a lost ledger writes its own records anew, and no guard counts them", async () => {
  const many = Array.from({ length: 12 }, (_, index) =>
    aBudget({
      name: `b${index}`,
      target_scope: "USER",
      target_value: `user-${index}`,
      labels: { a: "b" },
    }),
  );
  const first = await applied({ manifest: { version: 1, budgets: many } });
  const { ledger } = syncRuns();
  const again = { ...first.nextRun(), ledger };
  expect((await ledger.list({ name: "budget", version: 1 })).length).toBe(0);

  const { syncOwner } = await import("#sync/sync.ts");
  const writes = first.gateway.writes().length;
  const report = await syncOwner(again, "search", { trigger: { kind: "manifest" }, isLast: false });

  expect(report?.outcome).toBe("applied");
  expect(first.gateway.writes().length).toBe(writes);
  expect((await ledger.list({ name: "budget", version: 1 })).length).toBe(12);
});

test("records of an older ledger are brought up to date, and no guard counts that", async () => {
  const many = Array.from({ length: 12 }, (_, index) =>
    aBudget({
      name: `b${index}`,
      target_scope: "USER",
      target_value: `user-${index}`,
      alerts: { thresholds: [0.5, 0.9] },
    }),
  );
  const manifest = { version: 1 as const, budgets: many };
  const { ledger, gateway, putAndSync } = await applied({ manifest });
  const kind = { name: "budget", version: 1 } as const;
  for (const record of await ledger.list<BudgetSettings>(kind)) {
    await ledger.commit([put(kind, record.id, { ...record.value, thresholds: [0.8] }, record)]);
  }
  const writes = gateway.writes().length;

  const report = await putAndSync(manifest);

  expect(report).toMatchObject({ outcome: "applied", workspaces: [{ refusals: [] }] });
  expect(changesIn(report)).toHaveLength(12);
  expect(gateway.writes()).toHaveLength(writes);
  const thresholds = (await ledger.list<BudgetSettings>(kind)).map(({ value }) => value.thresholds);
  expect(new Set(thresholds.map(String))).toEqual(new Set(["0.5,0.9"]));
});

test("after a loss of the ledger budgets without labels are no change, and their records come back", async () => {
  const runs = syncRuns({ prune: true });
  const records = { name: "budget", version: 1 } as const;
  await runs.putAndSync(MANIFEST);
  const before = (await runs.ledger.list(records)).map(({ id, value }) => ({ id, value }));
  const { ledger } = syncRuns();
  const { syncOwner } = await import("#sync/sync.ts");
  const writes = runs.gateway.writes().length;

  const report = await syncOwner({ ...runs.nextRun(), ledger }, "search", {
    trigger: { kind: "manifest" },
    isLast: false,
  });

  expect(changesIn(report).filter((change) => change.includes("budget"))).toEqual([]);
  expect(runs.gateway.writes().slice(writes).join()).not.toContain("Budget");
  expect(before).toHaveLength(1);
  expect((await ledger.list(records)).map(({ id, value }) => ({ id, value }))).toEqual(before);
});

test("a list that lacks once what is there is not believed: nothing is made twice", async () => {
  const { gateway, putAndSync, seen, lookAgain } = await applied();
  const list = gateway.budgets.list;
  Object.assign(gateway.budgets, { list: async () => [] });

  const changed = putAndSync({ ...MANIFEST, endpoints: [anEndpoint({ tags: { a: "b" } })] }, LAST);
  const report = await changed;
  Object.assign(gateway.budgets, { list });
  const next = await lookAgain();

  expect(report?.outcome).toBe("pending");
  expect(report?.error?.message).toContain("budgets lacks budget/chat-monthly (bp-");
  expect(next?.outcome).toBe("applied");
  expect(seen().budgets).toHaveLength(1);
});

test("what MLflow binds by itself is neither drift nor taken away; what is declared may be its", async () => {
  const { gateway, seen, drift, putAndSync } = await applied({
    manifest: { ...MANIFEST, endpoints: [anEndpoint({ bindings: [] })] },
  });
  const endpoint_id = seen().endpoints[0]?.endpoint_id ?? "";
  await gateway.bindings.create({ endpoint_id, resource_type: "scorer", resource_id: "toxicity" });

  expect(await drift()).toMatchObject({ resources: 0 });
  const declared = { resource_type: "scorer" as const, resource_id: "toxicity" };
  await putAndSync({ ...MANIFEST, endpoints: [anEndpoint({ bindings: [declared] })] });
  await putAndSync({ ...MANIFEST, endpoints: [anEndpoint({ bindings: [] })] });
  expect(seen().bindings).toHaveLength(1);
});

test("what an apply left half done is not compared, and what it declared is not undeclared", async () => {
  const { gateway, putAndSync, drift, nextRun } = await applied();
  gateway.failOn("createEndpoint", 1, new ExpectedError("reject"));
  await putAndSync({
    ...MANIFEST,
    model_definitions: [aModelDefinition({ model_name: "gpt-5" }), aModelDefinition({ name: "b" })],
    endpoints: [anEndpoint(), anEndpoint({ name: "other" })],
  });
  const { ledger } = nextRun();

  expect(await drift()).toMatchObject({ resources: 0 });
  // Not by the records of the workers alone: the command line has none.
  for (const record of await ledger.list({ name: "manifest", version: 1 })) {
    await ledger.commit([
      {
        kind: "manifest",
        id: record.id,
        version: 1,
        value: undefined,
        expectedRevision: record.revision,
      },
    ]);
  }
  expect(await drift()).toMatchObject({ resources: 0 });
});

test("a create of which nobody knows whether it was made is known by what the run set out to do", async () => {
  const { gateway, putAndSync, seen, ledger, lookAgain, clock } = await applied({
    manifest: {
      version: 1,
      secrets: [aSecret()],
      model_definitions: [aModelDefinition()],
      endpoints: [],
      budgets: [],
    },
  });
  gateway.loseAnswer("createEndpoint", 1, new ExpectedError("retry"));

  await putAndSync({ ...MANIFEST, budgets: [] }, LAST);
  expect(await ledger.list({ name: "intent", version: 1 })).toMatchObject([
    { value: { keys: ["endpoint/chat"], is_over: true } },
  ]);
  clock.advance(60_000);
  await lookAgain();
  const report = await putAndSync({ ...MANIFEST, endpoints: [], budgets: [] });

  expect(await ledger.list({ name: "intent", version: 1 })).toEqual([]);
  expect(changesIn(report)).toEqual(["delete endpoint/chat"]);
  expect(seen().endpoints.length).toBe(1);
});

test("an experiment that is named by its id and deleted in MLflow is told as well", async () => {
  const named = { ...MANIFEST, endpoints: [anEndpoint({ experiment: "traces" })] };
  const { gateway, drift, putAndSync, seen } = await applied({ manifest: named });
  const experiment_id = seen().endpoints[0]?.experiment_id;
  const manifest = { ...MANIFEST, endpoints: [anEndpoint({ experiment_id })] };
  await putAndSync(manifest);
  gateway.tracking.deleteExperiment("traces");

  const found = await drift();
  const report = await putAndSync(manifest);

  for (const told of [found?.report, report]) {
    expect(issuesIn(told).join()).toMatch(/experiment-deleted: names the experiment "traces"/);
  }
});

test("an experiment_id that no experiment has is told by the plan, before anything is written", async () => {
  const runs = syncRuns();
  const manifest = { ...MANIFEST, endpoints: [anEndpoint({ experiment_id: "999" })] };

  const report = await runs.putAndSync(manifest);

  expect(issuesIn(report)).toEqual([
    expect.stringMatching(
      /experiment-missing: names the experiment 999, which this workspace of MLflow does not have/,
    ),
  ]);
  expect(runs.gateway.writes()).toEqual([]);
});

test("an experiment that is deleted in MLflow is told, with the mend, by drift and by a new plan", async () => {
  const manifest = { ...MANIFEST, endpoints: [anEndpoint({ experiment: "traces" })] };
  const { gateway, drift, putAndSync, nextRun } = await applied({ manifest });
  gateway.tracking.deleteExperiment("traces");

  const found = await drift();
  const { ledger } = nextRun();
  expect(await ledger.list({ name: "experiment", version: 1 })).toEqual([]);
  const report = await putAndSync(manifest);

  for (const told of [found?.report, report]) {
    expect(issuesIn(told).join()).toMatch(
      /experiment-deleted: names the experiment "traces" \(\d+\), .*mlflow experiments restore/,
    );
  }
});

test("an experiment that is renamed in MLflow is told as what it is called now, and mended", async () => {
  const manifest = { ...MANIFEST, endpoints: [anEndpoint({ experiment: "traces" })] };
  const { gateway, drift } = await applied({ manifest });
  gateway.tracking.renameExperiment("traces", "kept");

  const found = await drift();
  const healed = await drift({ heal: true });

  expect(found?.report?.workspaces[0]?.changes).toMatchObject([
    {
      key: "endpoint/chat",
      changed_fields: [{ path: "experiment", before: "kept", after: "traces" }],
    },
  ]);
  expect(healed?.report?.outcome).toBe("applied");
  expect(await drift()).toMatchObject({ resources: 0 });
});
