import { expect, test } from "@jest/globals";
import type { Manifest } from "#manifest/types.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
} from "../../../support/builders.ts";
import { syncRuns } from "../../../support/sync-setup.ts";

const A = "manifests/search/a.yaml";
const B = "manifests/search/b.yaml";

/** Of two files the one with what the other needs. */
const MODELS: Manifest = {
  version: 1,
  secrets: [aSecret()],
  model_definitions: [aModelDefinition()],
};
const CHAT: Manifest = { version: 1, endpoints: [anEndpoint()] };

const PRUNE = { prune: true, limits: { maxDeleteShare: 1, maxUpdateShare: 1 } };

function setup(settings = {}) {
  const runs = syncRuns(settings);
  const { bucket, gateway, sync } = runs;
  const put = (files: Readonly<Record<string, unknown>>, request = {}) => {
    for (const [key, manifest] of Object.entries(files)) bucket.put(key, manifest);
    return sync(request);
  };
  const endpoints = () => gateway.visible().endpoints.map(({ name }) => name);
  return { ...runs, put, endpoints };
}

function outcomes(report: Awaited<ReturnType<ReturnType<typeof syncRuns>["sync"]>>): string[] {
  return (report?.manifests ?? []).map(({ key, outcome }) => `${key.slice(-6)} ${outcome}`);
}

test("the files of an owner are one desired state: one refers to what another declares", async () => {
  const { put, gateway, told } = setup();

  const report = await put({ [A]: CHAT, [B]: MODELS });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml applied"]);
  expect(report?.workspaces).toHaveLength(1);
  expect(gateway.visible().endpoints).toMatchObject([{ name: "chat" }]);
  expect(await told()).toEqual(["2 manifests of search: applied"]);
});

test("a file that refers to one that is not there yet is applied as soon as that is put", async () => {
  const { put, told } = setup();

  const first = await put({ [A]: CHAT });
  const second = await put({ [B]: MODELS });

  expect(outcomes(first)).toEqual(["a.yaml rejected"]);
  expect(first?.manifests[0]?.issues).toMatchObject([{ rule: "known-references" }]);
  expect(outcomes(second)).toEqual(["a.yaml applied", "b.yaml applied"]);
  expect(await told()).toEqual([
    `${A}: rejected (invalid-manifest)`,
    "2 manifests of search: applied",
  ]);
});

test("an invalid file blocks only itself, and the others go on", async () => {
  const { put, gateway, told } = setup();
  await put({ [A]: MODELS, [B]: CHAT });

  const report = await put({
    [A]: { ...MODELS, model_definitions: [aModelDefinition({ model_name: "gpt-5" })] },
    [B]: "nonsense",
  });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml rejected"]);
  expect(report?.outcome).toBe("rejected");
  expect(gateway.visible().definitions).toMatchObject([{ model_name: "gpt-5" }]);
  expect(gateway.visible().endpoints).toMatchObject([{ name: "chat" }]);
  expect(await told()).toEqual([
    "2 manifests of search: applied",
    "2 manifests of search: rejected (invalid-manifest)",
  ]);
});

test("a file that is known to be invalid does not spoil later runs, and is not told again", async () => {
  const { put, record, told } = setup();
  await put({ [A]: MODELS });
  await put({ [B]: "nonsense" });

  const report = await put({
    [A]: { ...MODELS, model_definitions: [aModelDefinition({ model_name: "gpt-5" })] },
  });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml rejected"]);
  expect(report?.outcome).toBe("applied");
  expect(await told()).toEqual([
    `${A}: applied`,
    `${B}: rejected (invalid-manifest)`,
    `${A}: applied`,
  ]);
  expect(await record(B)).toMatchObject({ status: "rejected" });
});

test("what an invalid file declared last is neither changed nor pruned, and may be referred to", async () => {
  const { put, gateway, endpoints } = setup(PRUNE);
  await put({ [A]: MODELS, [B]: { ...CHAT, budgets: [aBudget()] } });

  const report = await put({
    [A]: "nonsense",
    [B]: { ...CHAT, endpoints: [anEndpoint({ tags: { team: "search" } })], budgets: [] },
  });

  expect(outcomes(report)).toEqual(["a.yaml rejected", "b.yaml applied"]);
  expect(gateway.visible().secrets).toHaveLength(1);
  expect(gateway.visible().definitions).toHaveLength(1);
  expect(endpoints()).toEqual(["chat"]);
  const notices = report?.workspaces[0]?.notices.map(({ code, key }) => [code, key]);
  expect(notices).toEqual([
    ["prune-suspended", undefined],
    ["not-pruned", "budget/chat-monthly"],
    ["frozen", "model_definition/gpt-4o"],
    ["frozen", "secret/openai-prod"],
  ]);
});

test("prune goes on when the last invalid file is corrected", async () => {
  const { put, gateway } = setup(PRUNE);
  await put({ [A]: MODELS, [B]: { ...CHAT, budgets: [aBudget(), aBudget({ name: "other" })] } });
  await put({ [A]: "nonsense", [B]: { ...CHAT, budgets: [aBudget()] } });
  const suspended = gateway.visible().budgets.length;

  const report = await put({ [A]: MODELS });

  expect(suspended).toBe(2);
  // By now no file declares it any more: it is the business of all.
  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml applied"]);
  expect(gateway.visible().budgets).toHaveLength(1);
});

test("a resource that moves to another file is unchanged", async () => {
  const { put, gateway } = setup(PRUNE);
  await put({ [A]: { ...MODELS, ...CHAT }, [B]: { version: 1, endpoints: [] } });
  const before = gateway.writes();

  const report = await put({ [A]: { ...MODELS, endpoints: [] }, [B]: CHAT });

  expect(report?.outcome).toBe("unchanged");
  expect(gateway.writes()).toEqual(before);
});

test("a resource may move to another file while its former one is invalid", async () => {
  const { put, gateway, endpoints } = setup(PRUNE);
  await put({ [A]: MODELS, [B]: CHAT });
  const before = gateway.writes();

  const moved = await put({ [A]: { ...MODELS, ...CHAT }, [B]: "nonsense" });
  const corrected = await put({ [B]: { version: 1, endpoints: [] } });

  expect(outcomes(moved)).toEqual(["a.yaml unchanged", "b.yaml rejected"]);
  expect(outcomes(corrected)).toEqual(["a.yaml unchanged", "b.yaml unchanged"]);
  expect(gateway.writes()).toEqual(before);
  expect(endpoints()).toEqual(["chat"]);
});

test("a resource that moved away from a deleted file can be given up in its new one", async () => {
  const { put, bucket, drift, endpoints } = setup(PRUNE);
  const spare = anEndpoint({ name: "spare" });
  await put({ [A]: MODELS, [B]: { version: 1, endpoints: [anEndpoint(), spare] } });
  bucket.delete(B);
  await put({ [A]: { ...MODELS, ...CHAT } });

  const report = await put({ [A]: { ...MODELS, endpoints: [anEndpoint({ name: "new" })] } });

  expect(report?.outcome).toBe("applied");
  expect(endpoints().sort()).toEqual(["new", "spare"]);
  // What the deleted file said of it is no longer in force either.
  expect(await drift()).toEqual({ owner: "search", workspace: "default", resources: 0 });
});

test("two files that declare the same name: only the second is wrong", async () => {
  const { put } = setup();

  const report = await put({
    [A]: { ...MODELS, ...CHAT },
    [B]: { version: 1, endpoints: [anEndpoint({ tags: { team: "other" } })] },
  });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml rejected"]);
  expect(report?.manifests[1]?.issues).toMatchObject([
    { rule: "unique-names", message: expect.stringContaining(`another file declares it, ${A}:1:`) },
  ]);
});

test("the file that declared a name before keeps it, be it the second by name", async () => {
  const { put } = setup();
  await put({ [B]: { ...MODELS, ...CHAT } });

  const report = await put({ [A]: CHAT });

  expect(outcomes(report)).toEqual(["a.yaml rejected", "b.yaml unchanged"]);
});

test("a deleted file changes nothing, and is named in one report", async () => {
  const { put, lookAgain, bucket, gateway, record, endpoints, told } = setup(PRUNE);
  await put({ [A]: MODELS, [B]: CHAT });
  bucket.delete(B);
  const before = { writes: gateway.writes(), told: await told() };

  const report = await lookAgain();
  const again = await lookAgain();

  expect(report).toMatchObject({ outcome: "unchanged", deleted_manifests: [B] });
  expect(report?.workspaces[0]?.notices).toMatchObject([{ code: "frozen", key: "endpoint/chat" }]);
  expect(again).toBeUndefined();
  expect({ writes: gateway.writes(), told: await told() }).toEqual(before);
  expect(endpoints()).toEqual(["chat"]);
  expect(await record(B)).toBeUndefined();
});

test("what a deleted file stood in the way of is applied", async () => {
  const { put, lookAgain, bucket, told } = setup();
  const rejected = await put({
    [A]: { ...MODELS, ...CHAT },
    [B]: { version: 1, endpoints: [anEndpoint(), anEndpoint({ name: "other" })] },
  });
  bucket.delete(A);
  bucket.put("manifests/search/c.yaml", MODELS);

  const report = await lookAgain();

  expect(outcomes(rejected)).toEqual(["a.yaml applied", "b.yaml rejected"]);
  expect(outcomes(report)).toEqual(["b.yaml applied", "c.yaml unchanged"]);
  expect((await told()).at(-1)).toBe("2 manifests of search: applied");
});

test("when all files are deleted, nothing changes and no request is made", async () => {
  const { put, sync, bucket, gateway, record } = setup(PRUNE);
  await put({ [A]: aManifest() });
  bucket.delete(A);
  const before = [...gateway.requests];

  const report = await sync();

  expect(report).toMatchObject({ outcome: "unchanged", manifests: [], deleted_manifests: [A] });
  expect(await sync()).toBeUndefined();
  expect(await record(A)).toBeUndefined();
  expect(gateway.requests).toEqual(before);
});

test("a section that is left out freezes what it declared, an empty one gives it up", async () => {
  const { put, gateway, endpoints } = setup(PRUNE);
  await put({ [A]: { ...MODELS, endpoints: [anEndpoint(), anEndpoint({ name: "spare" })] } });

  const silent = await put({ [A]: MODELS });
  const kept = endpoints();
  const again = await put({ [A]: MODELS });
  const one = await put({ [A]: { ...MODELS, ...CHAT } });

  expect(silent?.outcome).toBe("unchanged");
  expect(silent?.workspaces[0]).toMatchObject({
    notices: [
      { code: "frozen", key: "endpoint/chat" },
      { code: "frozen", key: "endpoint/spare" },
    ],
    out_of_scope: ["endpoint", "budget"],
  });
  expect(again?.workspaces[0]?.notices).toHaveLength(2);
  expect(kept.sort()).toEqual(["chat", "spare"]);
  expect(one).toMatchObject({ outcome: "applied", manifests: [{ outcome: "applied" }] });
  expect(endpoints()).toEqual(["chat"]);
  expect(gateway.writes().filter((name) => name.startsWith("delete"))).toEqual(["deleteEndpoint"]);
});

test("without prune, what was given up stays, and is said to", async () => {
  const { put, endpoints } = setup();
  await put({ [A]: { ...MODELS, ...CHAT } });

  const report = await put({ [A]: { ...MODELS, endpoints: [] } });

  expect(report?.workspaces[0]?.notices).toMatchObject([
    { code: "not-pruned", key: "endpoint/chat" },
  ]);
  expect(endpoints()).toEqual(["chat"]);
});

test("workspaces are planned and applied each for itself", async () => {
  const { put } = setup(PRUNE);
  const other = { ...aManifest(), workspace: "team-b" };

  const report = await put({ [A]: { ...MODELS, ...CHAT }, [B]: { ...other, endpoints: "none" } });
  const corrected = await put({
    [B]: { version: 1, workspace: "team-b", model_definitions: [aModelDefinition()] },
  });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml rejected"]);
  expect(report?.workspaces.map(({ workspace }) => workspace)).toEqual(["default"]);
  // References do not reach into another workspace.
  expect(corrected?.manifests[1]).toMatchObject({
    outcome: "rejected",
    issues: [{ rule: "known-references" }],
  });
});

test("a failure in one workspace leaves the other as applied", async () => {
  const { put, gateway } = setup();
  gateway.failOn("createEndpoint", 2, new ExpectedError("reject", "no such experiment"));
  const inB = {
    version: 1,
    workspace: "team-b",
    secrets: [aSecret({ name: "b" })],
    model_definitions: [aModelDefinition({ name: "b", secret: "b" })],
    endpoints: [
      anEndpoint({
        name: "b",
        models: [{ model_definition: "b", linkage_type: "PRIMARY" }],
      }),
    ],
  };

  const report = await put({ [A]: { ...MODELS, ...CHAT }, [B]: inB });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml failed"]);
  expect(report?.workspaces.map(({ workspace, outcome }) => [workspace, outcome])).toEqual([
    ["default", "applied"],
    ["team-b", "failed"],
  ]);
});

test("a change that fails is the fault of the file that asks for it, not of the others", async () => {
  const { put, gateway, record, told } = setup();
  await put({ [A]: MODELS, [B]: CHAT });
  gateway.failOn("updateEndpoint", 1, new ExpectedError("reject", "no such experiment"));

  const report = await put({
    [A]: { ...MODELS, model_definitions: [aModelDefinition({ model_name: "gpt-5" })] },
    [B]: { ...CHAT, endpoints: [anEndpoint({ usage_tracking: false })] },
  });

  expect(outcomes(report)).toEqual(["a.yaml applied", "b.yaml failed"]);
  expect(await record(A)).toMatchObject({ status: "applied", applied_version: "object-version-3" });
  expect(await record(B)).toMatchObject({ status: "failed", applied_version: "object-version-2" });
  expect((await told()).at(-1)).toBe("2 manifests of search: failed (apply-failed)");
});

test.each([
  [{ isLast: false }, "retrying"],
  [{ isLast: true }, "pending"],
])(
  "what failed for now goes on by itself, beside what failed for good: %j",
  async (delivery, status) => {
    const { put, gateway, lookAgain, record, clock } = setup();
    const other = (model_name: string) => ({
      version: 1,
      secrets: [aSecret({ name: "b" })],
      model_definitions: [aModelDefinition({ name: "b", secret: "b", model_name })],
    });
    await put({ [A]: MODELS, [B]: other("gpt-4o") });
    gateway.failOn("updateModelDefinition", 1, new ExpectedError("reject", "no such model"));
    gateway.failOn("updateModelDefinition", 2, new ExpectedError("retry", "busy"));
    const changed = [aModelDefinition({ model_name: "gpt-5" })];

    const files = { [A]: { ...MODELS, model_definitions: changed }, [B]: other("gpt-5") };
    const report = await put(files, delivery);
    const first = await record(A);
    clock.advance(60_000);
    const again = await lookAgain();

    expect(outcomes(report)).toEqual([`a.yaml ${status}`, "b.yaml failed"]);
    expect(first).toMatchObject({ status });
    expect(outcomes(again)).toEqual(["a.yaml applied", "b.yaml applied"]);
  },
);

test("what a file made before it failed is frozen when the file is deleted", async () => {
  const { put, gateway, bucket, endpoints } = setup(PRUNE);
  await put({ [A]: MODELS });
  gateway.failOn("createBudget", 1, new ExpectedError("reject", "no such target"));
  const failed = await put({ [B]: { ...CHAT, budgets: [aBudget()] } });
  bucket.delete(B);

  const report = await put({
    [A]: { ...MODELS, endpoints: [anEndpoint({ name: "other" })], budgets: [] },
  });

  expect(outcomes(failed)).toEqual(["a.yaml unchanged", "b.yaml failed"]);
  expect(report).toMatchObject({ outcome: "applied", deleted_manifests: [B] });
  expect(endpoints().sort()).toEqual(["chat", "other"]);
});

test("a resource that could not be adopted is not taken for owned", async () => {
  const { put, gateway, endpoints } = setup(PRUNE);
  await put({ [A]: MODELS });
  const [definition] = gateway.visible().definitions;
  await gateway.endpoints.create({
    name: "legacy",
    model_configs: [
      {
        model_definition_id: definition?.model_definition_id ?? "",
        linkage_type: "PRIMARY",
        weight: 1,
      },
    ],
  });
  gateway.failOn("setEndpointTag", 1, new ExpectedError("reject", "not allowed"));
  const failed = await put({ [B]: { version: 1, endpoints: [anEndpoint({ name: "legacy" })] } });

  await put({ [B]: { version: 1, endpoints: [] } });

  expect(outcomes(failed)).toEqual(["a.yaml unchanged", "b.yaml failed"]);
  expect(endpoints()).toEqual(["legacy"]);
});

test("a file that moves to another workspace leaves what it declared in the former", async () => {
  const { put, endpoints } = setup(PRUNE);
  await put({ [A]: MODELS, [B]: CHAT });

  const report = await put({ [B]: { version: 1, workspace: "team-b", budgets: [] } });

  expect(outcomes(report)).toEqual(["a.yaml unchanged", "b.yaml unchanged"]);
  expect(report?.workspaces[0]?.notices).toMatchObject([{ code: "frozen", key: "endpoint/chat" }]);
  expect(endpoints()).toEqual(["chat"]);
});
