import { expect, test } from "@jest/globals";
import type { OperationName } from "#gateway/operations.ts";
import type { Manifest } from "#manifest/types.ts";
import { OWNER_TAG_KEY } from "#runtime/marks.ts";
import type { RunReport } from "#sync/report/report.ts";
import {
  aBudget,
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
} from "../../support/builders.ts";
import { MANIFEST_KEY, type RunRequest, syncRuns } from "../../support/sync-setup.ts";

const KEYS = { search: MANIFEST_KEY, ads: "manifests/ads/gateway.yaml" } as const;
type Owner = keyof typeof KEYS;

/** What the process that is killed leaves behind: nothing of ours catches it. */
class Killed extends Error {}

const BASE: Manifest = {
  version: 1,
  secrets: [aSecret()],
  model_definitions: [aModelDefinition()],
};
const WITH_ENDPOINT: Manifest = { ...BASE, endpoints: [anEndpoint()] };

/** Models by alice, of whom anybody may make use; both owners have a value for their secrets. */
async function setup({ prune = true } = {}) {
  const runs = syncRuns({ prune });
  const { gateway, bucket, source, sync, clock } = runs;
  source.put("prod/ads", "value", { owner: "ads" });
  const { secret_id } = await gateway.secrets.create({
    secret_name: "shared",
    secret_value: { api_key: "alice's own" },
    provider: "openai",
    created_by: "alice",
  });
  const model = { provider: "openai", model_name: "gpt-4o", created_by: "alice" };
  await gateway.modelDefinitions.create({ name: "shared", secret_id, ...model });
  const put = (owner: Owner, manifest: Manifest, request: RunRequest = {}) => {
    bucket.put(KEYS[owner], manifest);
    return sync({ owner, ...request });
  };
  /** A run that is killed at the first call of an operation, its lease over since. */
  const killed = async (operation: "setEndpointTag" | "listEndpoints", manifest: Manifest) => {
    gateway.failOn(operation, 1, new Killed());
    await expect(put("search", manifest)).rejects.toThrow(Killed);
    clock.advance(10 * 60_000);
  };
  const endpointId = () => gateway.visible().endpoints[0]?.endpoint_id ?? "";
  /** Ids that the newest snapshots of both owners know. */
  const shared = () => {
    const newest = new Map<string, { kind: string; id: string }[]>();
    for (const text of bucket.snapshots()) {
      const { owner, owned } = JSON.parse(text);
      newest.set(owner, owned);
    }
    const [one = [], other = []] = [...newest.values()].map((owned) =>
      owned.map(({ kind, id }) => `${kind} ${id}`),
    );
    return one.filter((identity) => other.includes(identity));
  };
  return { ...runs, put, killed, endpointId, shared };
}

const THEIRS: Manifest = {
  version: 1,
  model_definitions: [{ name: "shared", external: true }],
  endpoints: [anEndpoint({ models: [{ model_definition: "shared", linkage_type: "PRIMARY" }] })],
};

function changesIn(report: RunReport | undefined): string[] {
  return (report?.workspaces ?? []).flatMap((plan) =>
    plan.changes.map(({ action, key }) => `${action} ${key}`),
  );
}

function issuesIn(report: RunReport | undefined): string {
  const manifests = report?.manifests ?? [];
  return manifests.flatMap(({ issues = [] }) => issues.map(({ message }) => message)).join();
}

test("what a killed run made is nobody else's, although its tag was not written", async () => {
  const { put, killed, sync, endpointId, shared, gateway } = await setup();
  await killed("setEndpointTag", WITH_ENDPOINT);
  const id = endpointId();
  expect(gateway.visible().endpoints[0]?.tags).toEqual([]);

  const theirs = await put("ads", THEIRS);
  const ours = await sync({ trigger: { kind: "schedule" } });

  expect(issuesIn(theirs)).toContain('belongs to the owner "search", not to "ads"');
  expect(ours?.outcome).toBe("applied");
  expect(gateway.visible().endpoints).toMatchObject([
    { endpoint_id: id, tags: [{ key: OWNER_TAG_KEY, value: "search" }] },
  ]);
  expect(shared()).toEqual([]);
});

test("what a killed run made is known as such, whatever tag a hand gives it meanwhile", async () => {
  const { put, killed, sync, endpointId, shared, gateway } = await setup();
  await killed("setEndpointTag", WITH_ENDPOINT);
  await gateway.endpoints.setTag({ endpoint_id: endpointId(), key: OWNER_TAG_KEY, value: "ads" });

  const theirs = await put("ads", THEIRS);
  const ours = await sync({ trigger: { kind: "schedule" } });

  expect(issuesIn(theirs)).toContain('belongs to the owner "search", not to "ads"');
  expect(ours?.outcome).toBe("applied");
  expect(shared()).toEqual([]);
});

test("made by an owner whose ledger is lost is still made by that owner", async () => {
  const { put, endpointId, gateway, bucket, ledger } = await setup();
  await put("search", WITH_ENDPOINT);
  await gateway.endpoints.deleteTag({ endpoint_id: endpointId(), key: OWNER_TAG_KEY });
  bucket.loseSnapshots();
  for (const { id, revision } of await ledger.list({ name: "applied", version: 1 })) {
    const gone = { value: undefined, expectedRevision: revision };
    await ledger.commit([{ kind: "applied", id, version: 1, ...gone }]);
  }

  const theirs = await put("ads", THEIRS);
  const ours = await put("search", { ...WITH_ENDPOINT });

  expect(issuesIn(theirs)).toContain('belongs to the owner "search", not to "ads"');
  expect(changesIn(ours)).toEqual(["update endpoint/chat"]);
  expect(gateway.visible().endpoints[0]?.tags).toEqual([{ key: OWNER_TAG_KEY, value: "search" }]);
});

test("what an owner set out to create and another one has by now stays that one's", async () => {
  const { put, killed, endpointId, shared, gateway, ledger } = await setup();
  await killed("setEndpointTag", WITH_ENDPOINT);
  // As when the note of the killed run is lost, and comes back with an older ledger.
  const notes = await ledger.list({ name: "intent", version: 1 });
  const write = (value: unknown, expectedRevision: number) =>
    notes.map(({ id }) => ({ kind: "intent", id, version: 1, value, expectedRevision }));
  await ledger.commit(write(undefined, 1));
  await gateway.endpoints.setTag({ endpoint_id: endpointId(), key: OWNER_TAG_KEY, value: "ads" });
  expect((await put("ads", THEIRS))?.outcome).toBe("applied");
  await ledger.commit(write(notes[0]?.value, 0));

  const ours = await put("search", { ...WITH_ENDPOINT });

  expect(issuesIn(ours)).toContain('belongs to the owner "ads", not to "search"');
  expect(shared()).toEqual([]);
});

test("a first run takes over no mark that another owner's snapshot contradicts", async () => {
  const { put, endpointId, shared, gateway, approve } = await setup();
  await put("ads", THEIRS);
  const id = endpointId();
  await gateway.endpoints.setTag({ endpoint_id: id, key: OWNER_TAG_KEY, value: "search" });

  await put("search", { ...BASE, endpoints: [anEndpoint({ name: "mine" })] });
  expect(shared()).toEqual([]);
  const next = await put("search", { ...BASE, endpoints: [] });
  if (next?.outcome === "refused") await approve(next.workspaces[0]?.checksum);

  expect(gateway.visible().endpoints.map(({ endpoint_id }) => endpoint_id)).toContain(id);
});

const SHARED = { name: "shared", external: true } as const;

test.each([
  ["createSecret", { version: 1, secrets: [aSecret({ name: "same" })] }],
  [
    "createModelDefinition",
    {
      version: 1,
      secrets: [SHARED],
      model_definitions: [aModelDefinition({ name: "same", secret: "shared", provider: "openai" })],
    },
  ],
  [
    "createBudget",
    { version: 1, budgets: [aBudget({ target_scope: "USER", target_value: "somebody" })] },
  ],
  ["createEndpoint", { ...THEIRS, endpoints: [{ ...THEIRS.endpoints?.[0], name: "same" }] }],
] as [OperationName, Manifest][])(
  "what a run that was killed in %s made is refused to another owner",
  async (operation, manifest) => {
    const { put, clock, gateway, sync, shared, source } = await setup();
    gateway.loseAnswer(operation, 1, new Killed());
    await expect(put("search", manifest)).rejects.toThrow(Killed);
    clock.advance(10 * 60_000);
    source.put("prod/openai", "theirs", { owner: "ads" });

    expect(issuesIn(await put("ads", manifest))).toContain('belongs to the owner "search"');
    expect((await sync({ trigger: { kind: "schedule" } }))?.outcome).toBe("applied");
    expect(shared()).toEqual([]);
  },
);

test("an answer that is lost at the end of a run leaves what was made its owner's", async () => {
  const { put, gateway, shared } = await setup();
  gateway.loseAnswer("createEndpoint", 1, new ExpectedError("retry"));
  await put("search", WITH_ENDPOINT, { isLast: true });

  expect(issuesIn(await put("ads", THEIRS))).toContain('belongs to the owner "search"');
  expect(shared()).toEqual([]);
});

const ADOPTED: Manifest = {
  version: 1,
  secrets: [aSecret({ name: "shared" })],
  model_definitions: [aModelDefinition({ name: "shared", secret: "shared" })],
  budgets: [aBudget({ target_scope: "USER", target_value: "somebody" })],
};

test.each<[string, Manifest]>([
  ["secret/shared", { version: 1, secrets: [aSecret({ name: "shared" })] }],
  [
    "model_definition/shared",
    {
      version: 1,
      secrets: [aSecret({ name: "theirs" })],
      model_definitions: [aModelDefinition({ name: "shared", secret: "theirs" })],
    },
  ],
  [
    "budget/chat-monthly",
    { version: 1, budgets: [aBudget({ target_scope: "USER", target_value: "somebody" })] },
  ],
])("%s, once adopted, stays its owner's when a hand takes the mark away", async (key, theirs) => {
  const { put, gateway, source, shared } = await setup();
  source.put("prod/openai", "theirs", { owner: "ads" });
  const { budget_policy_id } = await gateway.budgets.create({
    ...{ budget_amount: 500, budget_unit: "USD", budget_action: "ALERT" },
    duration: { unit: "MONTHS", value: 1 },
    ...{ target_scope: "USER", target_value: "somebody", created_by: "alice" },
  });
  expect((await put("search", ADOPTED))?.outcome).toBe("applied");
  const { secrets, definitions } = gateway.visible();
  const secret_id = secrets[0]?.secret_id ?? "";
  const model_definition_id = definitions[0]?.model_definition_id ?? "";
  await gateway.secrets.update({ secret_id, auth_config: {}, updated_by: "alice" });
  await gateway.modelDefinitions.update({ model_definition_id, updated_by: "alice" });
  await gateway.budgets.update({ budget_policy_id, updated_by: "alice" });

  expect(issuesIn(await put("ads", theirs))).toContain('belongs to the owner "search"');
  const ours = await put("search", { ...ADOPTED });

  expect(changesIn(ours)).toContain(`update ${key}`);
  expect(shared()).toEqual([]);
});
