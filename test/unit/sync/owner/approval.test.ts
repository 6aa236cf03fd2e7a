import { expect, test } from "@jest/globals";
import { OWNER_TAG_KEY } from "#runtime/marks.ts";
import { ownerAwaiting } from "#sync/owner/approval.ts";
import {
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
} from "../../../support/builders.ts";
import type { FakeGateway } from "../../../support/fake-gateway.ts";
import { LAST, MANIFEST_KEY, syncRuns } from "../../../support/sync-setup.ts";

/** The owner's only endpoint and budget are given up: that is all of them. */
const EMPTIED = aManifest({ endpoints: [], budgets: [] });

/** A plan that the guards refused, and its checksum. */
async function refusedSetup() {
  const runs = syncRuns({ prune: true });
  await runs.putAndSync(aManifest());
  const report = await runs.putAndSync(EMPTIED);
  const checksum = report?.workspaces[0]?.checksum ?? "";
  return { ...runs, report, checksum };
}

test("a plan that the guards refuse changes nothing and waits for an approval", async () => {
  const { gateway, ledger, report, checksum, record, told } = await refusedSetup();

  expect(report).toMatchObject({
    outcome: "refused",
    manifests: [{ outcome: "refused" }],
    workspaces: [
      {
        outcome: "refused",
        outcomes: [],
        refusals: [
          { guard: "delete-all", is_approvable: true },
          { guard: "delete-all", is_approvable: true },
        ],
        error: {
          code: "unsafe-plan",
          message: expect.stringContaining(`approvals/${checksum}`),
        },
      },
    ],
  });
  expect(gateway.visible().endpoints).toHaveLength(1);
  expect(await ownerAwaiting(ledger, checksum)).toBe("search");
  expect(await record()).toMatchObject({ status: "refused" });
  expect(await told()).toEqual([
    `${MANIFEST_KEY}: applied`,
    `${MANIFEST_KEY}: refused (unsafe-plan)`,
  ]);
});

test("a refused plan is not tried again by the schedule, nor told again", async () => {
  const { gateway, lookAgain, sync, told } = await refusedSetup();
  const before = [...gateway.requests];

  expect([await lookAgain(), await sync()]).toEqual([undefined, undefined]);

  expect(gateway.requests).toEqual(before);
  expect(await told()).toHaveLength(2);
});

test("an approval applies exactly the plan that it names, and the report says whose it is", async () => {
  const { gateway, approve, checksum, told } = await refusedSetup();

  const report = await approve(checksum);

  expect(report).toMatchObject({
    outcome: "applied",
    trigger: { kind: "approval", key: `approvals/${checksum}` },
    workspaces: [{ outcome: "applied", checksum, approval: { checksum, by: "Ada" } }],
  });
  expect(gateway.visible()).toMatchObject({ endpoints: [], budgets: [] });
  expect((await told()).at(-1)).toBe(`${MANIFEST_KEY}: applied`);
});

test("an approval works once, be the plan the same down to the ids of what it changes", async () => {
  const { gateway, approve, putAndSync } = syncRuns();
  const tagged = (team: string) =>
    aManifest({
      endpoints: Array.from({ length: 10 }, (_, index) =>
        anEndpoint({ name: `chat-${index}`, tags: { team } }),
      ),
      budgets: undefined,
    });
  await putAndSync(tagged("before"));
  const refused = await putAndSync(tagged("after"));
  const checksum = refused?.workspaces[0]?.checksum;
  const approved = await approve(checksum);
  for (const { endpoint_id } of gateway.visible().endpoints) {
    await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "before" });
  }

  const again = await putAndSync(tagged("after"));

  expect([refused?.outcome, approved?.outcome]).toEqual(["refused", "applied"]);
  expect(again).toMatchObject({ outcome: "refused", workspaces: [{ checksum }] });
});

test("an approval that was put before the refusal works as well", async () => {
  const { bucket, putAndSync } = syncRuns({ prune: true });
  const { checksum } = await refusedSetup();
  await putAndSync(aManifest());
  bucket.approve(checksum, "Ada");

  const report = await putAndSync(EMPTIED);

  expect(report).toMatchObject({
    outcome: "applied",
    workspaces: [{ approval: { by: "Ada", checksum } }],
  });
});

test("the approval of a plan that is no longer the same does nothing, and the new one is told", async () => {
  const { gateway, approve, checksum, told } = await refusedSetup();
  const [endpoint] = gateway.visible().endpoints;
  await gateway.endpoints.setTag({
    endpoint_id: endpoint?.endpoint_id ?? "",
    key: "team",
    value: "other",
  });

  const report = await approve(checksum);

  expect(report).toMatchObject({ outcome: "refused" });
  expect(report?.workspaces[0]?.checksum).not.toBe(checksum);
  expect(gateway.visible().endpoints).toHaveLength(1);
  expect((await told()).slice(-2)).toEqual([
    `${MANIFEST_KEY}: refused (unsafe-plan)`,
    "Manifests of search: refused (unsafe-plan)",
  ]);

  expect(await approve(report?.workspaces[0]?.checksum)).toMatchObject({
    outcome: "applied",
  });
});

test("an approval outlives a gateway that was down when it came", async () => {
  const { gateway, bucket, approve, checksum, sync } = await refusedSetup();
  gateway.failOn("deleteBudget", 1, new ExpectedError("retry", "the gateway is down"));

  await expect(approve(checksum)).rejects.toThrow("the gateway is down");
  const report = await sync();

  expect(bucket.reports.at(-2)).toMatchObject({ outcome: "retrying" });
  expect(report).toMatchObject({
    outcome: "applied",
    workspaces: [{ approval: { checksum, by: "Ada" } }],
  });
});

test("what is left of an approved plan that was carried out in part needs a new word", async () => {
  const { gateway, approve, checksum, sync } = await refusedSetup();
  gateway.failOn("deleteEndpoint", 1, new ExpectedError("retry", "the gateway is down"));

  await expect(approve(checksum)).rejects.toThrow("the gateway is down");
  const report = await sync(LAST);

  expect(gateway.visible()).toMatchObject({ budgets: [], endpoints: [{ name: "chat" }] });
  expect(report).toMatchObject({ outcome: "refused" });
});

test("what is protected cannot be approved away", async () => {
  const { gateway, bucket, ledger, putAndSync, approve } = syncRuns({ prune: true });
  const endpoints = [anEndpoint({ protected: true }), anEndpoint({ name: "spare" })];
  await putAndSync(aManifest({ endpoints }));

  const report = await putAndSync(aManifest({ endpoints: [], budgets: [] }));
  const checksum = report?.workspaces[0]?.checksum ?? "";
  const approved = await approve(checksum);
  const again = await putAndSync(aManifest({ endpoints: [], budgets: [] }));

  expect(report).toMatchObject({
    outcome: "refused",
    workspaces: [
      {
        refusals: expect.arrayContaining([
          expect.objectContaining({ guard: "protected", is_approvable: false }),
        ]),
      },
    ],
  });
  expect([approved, again]).toMatchObject([{ outcome: "refused" }, { outcome: "refused" }]);
  expect(await ownerAwaiting(ledger, checksum)).toBeUndefined();
  expect(bucket.reports.flatMap(({ workspaces }) => workspaces).map((w) => w.approval)).toEqual(
    Array(bucket.reports.length).fill(undefined),
  );
  expect(gateway.visible().endpoints).toHaveLength(2);
});

test("protection is kept while a file says nothing of it, and ends when it is taken away", async () => {
  const { gateway, putAndSync } = syncRuns({ prune: true });
  const spare = anEndpoint({ name: "spare" });
  const keeping = aManifest({ endpoints: [spare], budgets: [] });
  await putAndSync(aManifest({ endpoints: [anEndpoint({ protected: true }), spare], budgets: [] }));
  await putAndSync(aManifest({ endpoints: undefined, budgets: [] }));

  const refused = await putAndSync(keeping);
  await putAndSync(
    aManifest({ endpoints: [anEndpoint({ protected: false }), spare], budgets: [] }),
  );
  const applied = await putAndSync(keeping);

  expect([refused?.outcome, applied?.outcome]).toEqual(["refused", "applied"]);
  expect(gateway.visible().endpoints).toMatchObject([{ name: "spare" }]);
});

test("what MLflow would refuse is refused at once, with whose endpoint it is, whatever is approved", async () => {
  const { gateway, ledger, putAndSync, approve } = syncRuns({ prune: true });
  const [shared, spare] = [aModelDefinition(), aModelDefinition({ name: "spare" })];
  const declaring = (...model_definitions: (typeof spare)[]) =>
    aManifest({ model_definitions, endpoints: [], budgets: [] });
  await putAndSync(declaring(shared, spare));
  const definition = gateway.visible().definitions.find(({ name }) => name === shared.name);
  const { endpoint_id } = await gateway.endpoints.create({
    name: "theirs",
    model_configs: [
      {
        model_definition_id: definition?.model_definition_id ?? "",
        linkage_type: "PRIMARY",
        weight: 1,
      },
    ],
  });
  await gateway.endpoints.setTag({ endpoint_id, key: OWNER_TAG_KEY, value: "ads" });
  const writes = gateway.writes().length;

  const report = await putAndSync(declaring(spare));
  const checksum = report?.workspaces[0]?.checksum ?? "";
  const approved = await approve(checksum);

  expect([report, approved]).toMatchObject([{ outcome: "refused" }, { outcome: "refused" }]);
  expect(report?.workspaces[0]?.refusals).toEqual([
    {
      guard: "in-use",
      is_approvable: false,
      message:
        'model_definition/gpt-4o would be deleted, but is used by endpoint/theirs (of the owner "ads"): MLflow refuses that until they use another one; no approval lifts this',
    },
  ]);
  expect(await ownerAwaiting(ledger, checksum)).toBeUndefined();
  expect(gateway.writes()).toHaveLength(writes);
});

function modelOf(gateway: FakeGateway, secretName: string) {
  const found = gateway.visible().secrets.find(({ secret_name }) => secret_name === secretName);
  return { secret_id: found?.secret_id ?? "", provider: "openai", model_name: "gpt-4o" };
}

test("a secret that another owner's model definition has goes when that is approved", async () => {
  const { gateway, putAndSync, approve } = syncRuns({ prune: true });
  const [used, spare] = [aSecret(), aSecret({ name: "spare" })];
  const declaring = (...secrets: (typeof used)[]) =>
    aManifest({ secrets, model_definitions: [], endpoints: [], budgets: [] });
  await putAndSync(declaring(used, spare));
  await gateway.modelDefinitions.create({ name: "theirs", ...modelOf(gateway, used.name) });

  const report = await putAndSync(declaring(spare));
  const approved = await approve(report?.workspaces[0]?.checksum);

  expect(report?.workspaces[0]?.refusals).toMatchObject([{ guard: "in-use", is_approvable: true }]);
  expect(approved?.outcome).toBe("applied");
  expect(gateway.visible().secrets.map(({ secret_name }) => secret_name)).toEqual(["spare"]);
});

test("a secret that somebody begins to use after the plan was made stays", async () => {
  const { gateway, putAndSync } = syncRuns({ prune: true });
  const [gone, spare] = [aSecret(), aSecret({ name: "spare" })];
  const declaring = (...secrets: (typeof gone)[]) =>
    aManifest({ secrets, model_definitions: [], endpoints: [], budgets: [] });
  await putAndSync(declaring(gone, spare));
  const { delete: remove } = gateway.secrets;
  Object.assign(gateway.secrets, {
    delete: async (request: Parameters<typeof remove>[0]) => {
      await gateway.modelDefinitions.create({ name: "late", ...modelOf(gateway, gone.name) });
      return remove(request);
    },
  });

  const report = await putAndSync(declaring(spare));

  expect(report?.outcome).toBe("failed");
  expect(gateway.visible().secrets).toHaveLength(2);
});

test("an endpoint with grants goes when exactly those are approved", async () => {
  const { gateway, putAndSync, approve } = syncRuns({ prune: true });
  const [gone, spare] = [anEndpoint(), anEndpoint({ name: "spare" })];
  const declaring = (...endpoints: (typeof gone)[]) => aManifest({ endpoints, budgets: [] });
  await putAndSync(declaring(gone, spare));
  const chat = gateway.visible().endpoints.find(({ name }) => name === gone.name);
  const grant = (holder: string) =>
    ({ endpoint_id: chat?.endpoint_id ?? "", holder, permission: "USE" }) as const;
  gateway.tracking.granted = [grant("ada")];

  const first = await putAndSync(declaring(spare));
  gateway.tracking.granted = [grant("ada"), grant("bob")];
  const second = await approve(first?.workspaces[0]?.checksum);
  const third = await approve(second?.workspaces[0]?.checksum);

  expect([first, second, third].map((report) => report?.outcome)).toEqual([
    "refused",
    "refused",
    "applied",
  ]);
  expect(second?.workspaces[0]?.refusals).toMatchObject([
    {
      guard: "grants-lost",
      message: expect.stringContaining("what was granted on it: ada: USE, bob: USE"),
    },
  ]);
});
