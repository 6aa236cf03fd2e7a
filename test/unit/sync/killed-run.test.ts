import { expect, test } from "@jest/globals";
import { syncOwner } from "#sync/sync.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  messagesIn,
} from "../../support/builders.ts";
import { MANIFEST_KEY, syncSetup } from "../../support/sync-setup.ts";

const LEASE_MS = 6 * 60 * 1000;

const MANIFEST = aManifest({
  secrets: [aSecret(), aSecret({ name: "spare" })],
  model_definitions: [aModelDefinition(), aModelDefinition({ name: "spare", secret: "spare" })],
  endpoints: [
    anEndpoint({
      models: [
        { model_definition: "gpt-4o", linkage_type: "PRIMARY" },
        { model_definition: "spare", linkage_type: "FALLBACK" },
      ],
      tags: { team: "search" },
    }),
  ],
  budgets: [aBudget(), aBudget({ name: "user", target_scope: "USER", target_value: "somebody" })],
});

/** What the process that is killed leaves behind: nothing of ours catches it. */
class Killed extends Error {}

function setup() {
  const parts = syncSetup();
  parts.source.put("prod/openai", "value-one");
  parts.bucket.put(MANIFEST_KEY, MANIFEST);
  const sync = (runId: string, kind: "manifest" | "schedule" = "manifest") =>
    syncOwner(parts.dependencies(runId), "search", { trigger: { kind }, isLast: false });
  return { ...parts, sync };
}

/** Every request that an undisturbed run makes, as operation and which call of it. */
async function requestsOfOneRun() {
  const { gateway, sync } = setup();
  await sync("run-1");
  return gateway.requests.map((operation, index) => ({
    operation,
    call: gateway.requests.slice(0, index + 1).filter((request) => request === operation).length,
  }));
}

test.each(["before the server acts", "before its answer comes"])(
  "a run that is killed at any request, %s, is made good by the next, without a trace",
  async (moment) => {
    const requests = await requestsOfOneRun();
    expect(requests.length).toBeGreaterThan(20);

    for (const { operation, call } of requests) {
      const { gateway, ledger, clock, bucket, sync } = setup();
      if (moment === "before the server acts") gateway.failOn(operation, call, new Killed());
      else gateway.loseAnswer(operation, call, new Killed());
      await expect(sync("run-1")).rejects.toThrow(Killed);
      clock.advance(LEASE_MS);

      const report = await sync("run-2", "schedule");

      expect(report).toMatchObject({ outcome: "applied" });
      const { secrets, definitions, endpoints, budgets } = gateway.visible();
      expect([secrets, definitions, endpoints, budgets].map(({ length }) => length)).toEqual([
        2, 2, 1, 2,
      ]);
      expect(gateway.storedValue("spare")).toEqual({ api_key: "value-one" });
      expect(
        (await ledger.list({ name: "budget", version: 1 })).map(({ id }) => id).sort(),
      ).toEqual(budgets.map(({ budget_policy_id }) => budget_policy_id).sort());
      expect((await messagesIn(ledger)).map(({ subject }) => subject)).toEqual([
        `${MANIFEST_KEY}: applied`,
      ]);
      expect(await ledger.list({ name: "run", version: 1 })).toEqual([]);
      expect(JSON.parse(bucket.snapshots().at(-1) ?? "")).toMatchObject({ owned: { length: 7 } });
    }
  },
  30_000,
);

/** The ledger is written by others at the same time: a killed run is one that wrote no further. */
test.each(["run", "secret", "budget", "applied", "manifest"])(
  "a run that is killed while it writes its record of kind %s is made good by the next",
  async (kind) => {
    const { ledger, clock, gateway, sync } = setup();
    const commit = ledger.commit.bind(ledger);
    ledger.commit = (writes) =>
      writes.some((write) => write.kind === kind) ? Promise.reject(new Killed()) : commit(writes);
    await expect(sync("run-1")).rejects.toThrow(Killed);
    ledger.commit = commit;
    clock.advance(LEASE_MS);

    const report = await sync("run-2", "schedule");

    expect(report).toMatchObject({ outcome: "applied" });
    const { secrets, definitions, endpoints, budgets } = gateway.visible();
    expect([secrets, definitions, endpoints, budgets].map(({ length }) => length)).toEqual([
      2, 2, 1, 2,
    ]);
    expect(await messagesIn(ledger)).toHaveLength(1);
  },
);

/** A run that was killed when the server had made what it asked for, and what a hand called it then. */
async function renamedAfterKill(operation: "createEndpoint" | "createModelDefinition") {
  const parts = setup();
  const { gateway, sync, clock } = parts;
  gateway.loseAnswer(operation, 1, new Killed());
  await expect(sync("run-1")).rejects.toThrow(Killed);
  clock.advance(LEASE_MS);
  for (const { endpoint_id } of gateway.visible().endpoints) {
    await gateway.endpoints.update({ endpoint_id, name: "by-hand", updated_by: "alice" });
  }
  if (operation === "createModelDefinition") {
    const { model_definition_id = "" } = gateway.visible().definitions[0] ?? {};
    await gateway.modelDefinitions.update({ model_definition_id, name: "by-hand" });
  }
  return parts;
}

test.each(["createEndpoint", "createModelDefinition"] as const)(
  "what a killed run made (%s) and a hand renamed is its owner's, and not made twice",
  async (operation) => {
    const { gateway, sync } = await renamedAfterKill(operation);
    const ids = () => {
      const { endpoints, definitions } = gateway.visible();
      return [
        ...endpoints.map((one) => one.endpoint_id),
        ...definitions.map((one) => one.model_definition_id),
      ];
    };
    const before = ids();

    const report = await sync("run-2", "schedule");

    expect(report).toMatchObject({ outcome: "applied" });
    const { endpoints, definitions } = gateway.visible();
    expect(ids()).toEqual(expect.arrayContaining(before));
    expect(endpoints.map(({ name }) => name)).toEqual(["chat"]);
    expect(definitions.map(({ name }) => name).sort()).toEqual(["gpt-4o", "spare"]);
  },
);

test("where its name was taken by hand as well, both are named and nothing is written", async () => {
  const { gateway, sync } = await renamedAfterKill("createEndpoint");
  const [made] = gateway.visible().endpoints;
  const { model_definition_id = "" } = gateway.visible().definitions[0] ?? {};
  const theirs = await gateway.endpoints.create({
    name: "chat",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
    created_by: "alice",
  });

  const report = await sync("run-2", "schedule");

  const text = JSON.stringify(report);
  expect(text).toContain("identity-clash");
  for (const id of [made?.endpoint_id ?? "", theirs.endpoint_id]) expect(text).toContain(id);
  expect(
    gateway
      .visible()
      .endpoints.map(({ name }) => name)
      .sort(),
  ).toEqual(["by-hand", "chat"]);
});

test("another owner who declares the name that a hand gave it is refused", async () => {
  const { gateway, bucket, dependencies } = await renamedAfterKill("createEndpoint");
  bucket.put("manifests/other/gateway.yaml", {
    version: 1,
    secrets: [aSecret({ name: "other" })],
    model_definitions: [aModelDefinition({ name: "other", secret: "other" })],
    endpoints: [
      anEndpoint({
        name: "by-hand",
        models: [{ model_definition: "other", linkage_type: "PRIMARY" }],
      }),
    ],
  });

  const trigger = { kind: "manifest" } as const;
  const report = await syncOwner(dependencies("run-2"), "other", { trigger, isLast: true });

  expect(JSON.stringify(report)).toContain("belongs to the owner");
  expect(gateway.visible().endpoints[0]?.created_by).toBe("gwops:search/chat");
});

test("what the owner renamed itself, and gave up, is not what a killed run made", async () => {
  const { gateway, sync, bucket, clock } = setup();
  await sync("run-1");
  bucket.put(MANIFEST_KEY, {
    ...MANIFEST,
    endpoints: [{ ...MANIFEST.endpoints?.[0], name: "talk", previous_name: "chat" }],
    budgets: [aBudget({ target_value: "talk" })],
  });
  await sync("run-2");
  const [talk] = gateway.visible().endpoints;
  bucket.put(MANIFEST_KEY, {
    ...MANIFEST,
    endpoints: [{ ...MANIFEST.endpoints?.[0], name: "talk" }, MANIFEST.endpoints?.[0]],
    budgets: [aBudget({ target_value: "talk" })],
  });
  gateway.failOn("createEndpoint", 1, new Killed());
  await expect(sync("run-3")).rejects.toThrow(Killed);
  clock.advance(LEASE_MS);

  await sync("run-4", "schedule");

  const { endpoints } = gateway.visible();
  expect(endpoints.map(({ name }) => name).sort()).toEqual(["chat", "talk"]);
  expect(endpoints.find(({ name }) => name === "talk")?.endpoint_id).toBe(talk?.endpoint_id);
});
