import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { getResource } from "#reconcile/observe/resources.ts";
import { OWNER_TAG_KEY } from "#runtime/marks.ts";
import type { RunReport } from "#sync/report/report.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { aBudget, aModelDefinition, anEndpoint, aSecret } from "../support/builders.ts";
import { realSync } from "../support/real-sync.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(60_000);

let mlflow: MlflowServer;

beforeAll(async () => {
  mlflow = await startMlflow();
}, 180_000);

afterAll(async () => {
  await mlflow?.stop();
}, 30_000);

/** One resource of each kind, all named after the owner, applied once. */
async function applied(owner: string) {
  const parts = realSync(mlflow, owner);
  parts.source.put("prod/openai", "value-one", { owner });
  const manifest = {
    version: 1 as const,
    secrets: [aSecret({ name: owner })],
    model_definitions: [aModelDefinition({ name: owner, secret: owner })],
    endpoints: [
      anEndpoint({
        name: owner,
        models: [{ model_definition: owner, linkage_type: "PRIMARY" }],
        usage_tracking: false,
      }),
    ],
    budgets: [aBudget({ name: owner, target_value: owner })],
  };
  expect((await parts.sync(manifest))?.outcome).toBe("applied");
  const { gateway } = parts;
  const named = (name: string) => (one: { readonly name: string }) => one.name === name;
  const found = <T>(one: T | undefined): T => {
    if (one === undefined) throw new Error(`nothing of ${owner} is there`);
    return one;
  };
  return {
    ...parts,
    manifest,
    endpoint: async (name = owner) => found((await gateway.endpoints.list()).find(named(name))),
    definition: async (name = owner) =>
      found((await gateway.modelDefinitions.list()).find(named(name))),
    secret: async () =>
      found((await gateway.secrets.list()).find(({ secret_name }) => secret_name === owner)),
    budgets: async () =>
      (await gateway.budgets.list()).filter(
        ({ created_by }) => created_by === `gwops:${owner}/${owner}`,
      ),
  };
}

function changesIn(report: RunReport | undefined): string[] {
  return (report?.workspaces ?? []).flatMap(({ changes }) =>
    changes.map(({ action, key }) => `${action} ${key}`),
  );
}

test("what was renamed by hand is drift, and gets its name back in place", async () => {
  const { gateway, manifest, sync, drift, endpoint, definition } = await applied("renamed");
  const [{ endpoint_id }, { model_definition_id }] = [await endpoint(), await definition()];
  await gateway.endpoints.update({ endpoint_id, name: "renamed-ui" });
  await gateway.modelDefinitions.update({ model_definition_id, name: "renamed-x" });

  const found = await drift();
  const report = await sync({ ...manifest });

  expect(found?.resources).toBe(2);
  expect(changesIn(report)).toEqual(["update model_definition/renamed", "update endpoint/renamed"]);
  expect(report?.outcome).toBe("applied");
  expect((await endpoint()).endpoint_id).toBe(endpoint_id);
  expect((await definition()).model_definition_id).toBe(model_definition_id);
  expect(await drift()).toMatchObject({ resources: 0 });
});

test("a mark that was taken away is put back", async () => {
  const { gateway, manifest, sync, endpoint } = await applied("unmarked");
  const { endpoint_id } = await endpoint();
  await gateway.endpoints.deleteTag({ endpoint_id, key: OWNER_TAG_KEY });

  expect(changesIn(await sync({ ...manifest }))).toEqual(["update endpoint/unmarked"]);
  expect((await endpoint()).tags).toContainEqual({ key: OWNER_TAG_KEY, value: "unmarked" });
});

test("what somebody made under the name of what is gone is never deleted", async () => {
  const { gateway, manifest, sync, endpoint, definition, budgets } = await applied("replaced");
  const { model_definition_id } = await definition();
  for (const { budget_policy_id } of await budgets()) {
    await gateway.budgets.delete({ budget_policy_id });
  }
  await gateway.endpoints.delete({ endpoint_id: (await endpoint()).endpoint_id });
  const made = await gateway.endpoints.create({
    name: "replaced",
    usage_tracking: false,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
    created_by: "alice",
  });

  const report = await sync({ ...manifest, endpoints: [], budgets: [] });

  expect(changesIn(report)).toEqual([]);
  expect(report?.workspaces[0]?.notices).toMatchObject([
    { code: "replaced", key: "endpoint/replaced" },
  ]);
  expect((await endpoint()).endpoint_id).toBe(made.endpoint_id);
});

test("a secret that somebody made anew is adopted, with a warning, while it is declared", async () => {
  const { gateway, manifest, sync, secret, definition } = await applied("remade");
  const { model_definition_id, provider, model_name } = await definition();
  await gateway.secrets.delete({ secret_id: (await secret()).secret_id, force: true });
  const made = await gateway.secrets.create({
    secret_name: "remade",
    secret_value: { api_key: "alice-has-another" },
    provider: "openai",
    created_by: "alice",
  });
  const { secret_id } = made;
  await gateway.modelDefinitions.update({
    ...{ model_definition_id, secret_id, provider, model_name },
    updated_by: "gwops:remade",
  });

  const report = await sync({ ...manifest });

  expect(changesIn(report)).toEqual(["adopt secret/remade"]);
  expect(report?.workspaces[0]?.changes[0]?.high_risk).toContain("nobody can read it back");
  expect((await secret()).secret_id).toBe(secret_id);
});

test("an event hands no key to a secret that somebody made anew, until config sync took it over", async () => {
  const { gateway, manifest, sync, change, secret } = await applied("events");
  const ours = await secret();
  await gateway.secrets.delete({ secret_id: ours.secret_id, force: true });
  const theirs = await gateway.secrets.create({
    secret_name: "events",
    provider: "openai",
    secret_value: { api_key: "value-by-hand" },
    created_by: "alice",
  });

  expect(await change("prod/openai", "value-two")).toMatchObject([
    {
      outcome: "rejected",
      cause: {
        code: "secret-changed",
        message: expect.stringContaining(
          `is ${theirs.secret_id} now, which somebody made in place of ${ours.secret_id}`,
        ),
      },
    },
  ]);
  expect(await secret()).toEqual(theirs);

  expect(changesIn(await sync({ ...manifest }))).toContain("adopt secret/events");
  expect(await change("prod/openai", "value-three")).toMatchObject([{ outcome: "updated" }]);
  expect((await secret()).secret_id).toBe(theirs.secret_id);
});

test("an event hands no key to an address that was set by hand, until a plan has named it", async () => {
  const { gateway, manifest, sync, change, secret } = await applied("addresses");
  expect(await change("prod/openai", "value-two")).toMatchObject([{ outcome: "updated" }]);
  const { secret_id } = await secret();
  const auth_config = { auth_mode: "api_key", api_base: "https://8.8.8.8/v1" };
  const set = await gateway.secrets.update({ secret_id, auth_config });

  expect(await change("prod/openai", "value-three")).toMatchObject([
    { outcome: "rejected", cause: { message: expect.stringContaining("(api_base, auth_mode)") } },
  ]);
  expect(await secret()).toEqual(set);

  const report = await sync({ ...manifest });
  expect(report?.workspaces[0]?.changes).toMatchObject([
    {
      key: "secret/addresses",
      high_risk: "api_base stays as it is: the provider key goes to 8.8.8.8",
    },
  ]);
  expect(await change("prod/openai", "value-four")).toMatchObject([{ outcome: "updated" }]);
  expect((await secret()).auth_config).toEqual(auth_config);
});

test("two resources for one declaration: nothing is written until a person decides", async () => {
  const { gateway, manifest, sync, endpoint, definition } = await applied("twice");
  const { endpoint_id } = await endpoint();
  const { model_definition_id } = await definition();
  await gateway.endpoints.update({ endpoint_id, name: "twice-old" });
  const made = await gateway.endpoints.create({
    name: "twice",
    usage_tracking: false,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
  });

  const report = await sync({ ...manifest });
  const message = report?.manifests[0]?.issues?.map((issue) => issue.message).join() ?? "";
  expect(message).toContain(endpoint_id);
  expect(message).toContain(made.endpoint_id);
  await gateway.endpoints.delete({ endpoint_id: made.endpoint_id });

  expect((await sync({ ...manifest, budgets: manifest.budgets }))?.outcome).toBe("applied");
  expect((await endpoint()).endpoint_id).toBe(endpoint_id);
});

test("a budget that is gone is made again, and one that a list lacks once is not made twice", async () => {
  const { gateway, manifest, sync, budgets } = await applied("budgeted");
  const list = gateway.budgets.list.bind(gateway.budgets);
  gateway.budgets.list = async () => [];
  const doubted = await sync({ ...manifest });
  gateway.budgets.list = list;
  expect(doubted?.outcome).toBe("pending");
  expect(await budgets()).toHaveLength(1);

  for (const { budget_policy_id } of await budgets()) {
    await gateway.budgets.delete({ budget_policy_id });
  }
  expect((await sync({ ...manifest }))?.outcome).toBe("applied");
  expect(await budgets()).toHaveLength(1);
});

test("an endpoint that lost its models and its name by hand is mended in place", async () => {
  const { gateway, manifest, sync, endpoint, definition } = await applied("emptied");
  const [{ endpoint_id }, { model_definition_id }] = [await endpoint(), await definition()];
  await gateway.endpoints.update({ endpoint_id, name: "emptied-ui" });
  await gateway.endpoints.detachModel({ endpoint_id, model_definition_id, force: true });

  const report = await sync({ ...manifest });

  expect(changesIn(report)).toEqual(["update endpoint/emptied"]);
  expect(report?.outcome).toBe("applied");
  expect(await endpoint()).toMatchObject({ endpoint_id, model_mappings: [{ weight: 1 }] });
});

test("what a run of another owner made, and did not come to mark, is that owner's", async () => {
  const { gateway, manifest, sync, definition } = await applied("late");
  const { model_definition_id } = await definition();
  const { endpoint_id } = await gateway.endpoints.create({
    name: "late-2",
    usage_tracking: false,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
    created_by: "gwops:killed",
  });

  const [endpoint] = manifest.endpoints;
  const report = await sync({
    ...manifest,
    endpoints: [endpoint, { ...endpoint, name: "late-2" }],
  });

  expect(report?.manifests[0]?.issues).toMatchObject([
    { rule: "ownership", message: 'belongs to the owner "killed", not to "late"' },
  ]);
  expect((await gateway.endpoints.get({ endpoint_id })).tags).toEqual([]);
});

test.each([
  ["alice", 'belongs to nobody (made by "alice")'],
  ["gwops:killed", 'belongs to the owner "killed"'],
])("an endpoint without models, made by %s, is not taken over unseen", async (maker, says) => {
  const owner = `hidden-${maker.replace(":", "-")}`;
  const { gateway, manifest, sync, definition } = await applied(owner);
  const { model_definition_id } = await definition();
  const name = `${owner}-2`;
  const { endpoint_id } = await gateway.endpoints.create({
    name,
    usage_tracking: false,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY", weight: 1 }],
    created_by: maker,
  });
  await gateway.endpoints.detachModel({ endpoint_id, model_definition_id, force: true });

  const [endpoint] = manifest.endpoints;
  const report = await sync({ ...manifest, endpoints: [endpoint, { ...endpoint, name }] });

  expect(report?.workspaces[0]?.outcomes).toMatchObject([
    { key: `endpoint/${name}`, code: "endpoint-taken", message: expect.stringContaining(says) },
  ]);
  const { model_mappings, tags } = await gateway.endpoints.get({ endpoint_id });
  expect({ model_mappings, tags }).toEqual({ model_mappings: [], tags: [] });
});

test.each(["secrets", "modelDefinitions", "endpoints", "budgets"] as const)(
  "a list of %s that shows nothing for once is not believed",
  async (kind) => {
    const { gateway, manifest, sync } = await applied(`lagging-${kind}`);
    const { list } = gateway[kind];
    Object.assign(gateway[kind], { list: async () => [] });
    const doubted = await sync({ ...manifest });
    Object.assign(gateway[kind], { list });

    expect(doubted?.error?.code).toBe("doubted-list");
    const next = await sync({ ...manifest });
    expect(changesIn(next)).toEqual([]);
    expect(next?.outcome).toBe("applied");
  },
);

test("what is not there is told from what is, for every kind", async () => {
  const { gateway, endpoint, definition, secret, budgets } = await applied("asked");
  const [budget] = await budgets();
  const ids = {
    secret: (await secret()).secret_id,
    model_definition: (await definition()).model_definition_id,
    endpoint: (await endpoint()).endpoint_id,
    budget: budget?.budget_policy_id ?? "",
  };

  for (const [kind, id] of Object.entries(ids)) {
    expect(await getResource(gateway, kind as keyof typeof ids, id)).toBeDefined();
    const other = `${id.slice(0, -4)}0000`;
    expect(await getResource(gateway, kind as keyof typeof ids, other)).toBeUndefined();
  }
});
