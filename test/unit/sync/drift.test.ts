import { expect, test } from "@jest/globals";
import { pushChanged } from "#secrets/push-changed.ts";
import { detectDrift } from "#sync/drift.ts";
import {
  aBudget,
  aManifest,
  anEndpoint,
  aSecret,
  ExpectedError,
  messagesIn,
} from "../../support/builders.ts";
import { deadlineAfter } from "../../support/deadlines.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { LAST, MANIFEST_KEY, POLICY_KEY, syncRuns } from "../../support/sync-setup.ts";

const MANIFEST = aManifest({ endpoints: [anEndpoint({ tags: { team: "search" } })] });
const QUIET = { owner: "search", workspace: "default", resources: 0 };

/** A gateway to which a manifest was applied. */
async function setup(manifest: unknown = MANIFEST, settings = {}) {
  const runs = syncRuns(settings);
  await runs.putAndSync(manifest);
  const { gateway, told } = runs;
  /** Somebody changes the endpoint by hand. */
  const tag = async (value: string) => {
    const [endpoint] = gateway.visible().endpoints;
    const { endpoint_id = "" } = endpoint ?? {};
    await gateway.endpoints.setTag({ endpoint_id, key: "team", value });
  };
  const tags = () => gateway.visible().endpoints.map((endpoint) => endpoint.tags);
  const news = async () => (await told()).slice(1);
  return { ...runs, tag, tags, news };
}

test("what is as it was applied is no drift, and leaves no report", async () => {
  const { drift, bucket, news, gateway } = await setup();
  const before = gateway.writes();

  expect(await drift()).toEqual(QUIET);

  expect(bucket.reports).toHaveLength(1);
  expect(await news()).toEqual([]);
  expect(gateway.writes()).toEqual(before);
});

test("drift is told once, again when it changes, and when it is gone", async () => {
  const { drift, tag, news } = await setup();

  await tag("a hand");
  const found = [await drift(), await drift()];
  await tag("another hand");
  found.push(await drift(), await drift());
  await tag("search");
  found.push(await drift(), await drift());

  expect(found.map((one) => [one?.resources, one?.report?.outcome])).toEqual([
    [1, "drifted"],
    [1, undefined],
    [1, "drifted"],
    [1, undefined],
    [0, "unchanged"],
    [0, undefined],
  ]);
  expect(await news()).toEqual([
    "Drift of search: drifted",
    "Drift of search: drifted",
    "Drift of search: unchanged",
  ]);
});

test("drift that comes back after it was gone is told again", async () => {
  const { drift, tag, news } = await setup();

  for (const value of ["a hand", "search", "a hand"]) {
    await tag(value);
    await drift();
  }

  expect(await news()).toHaveLength(3);
});

test("the report of drift says which fields differ, and nothing is written", async () => {
  const { drift, tag, gateway, ledger, bucket } = await setup();
  await tag("a hand");
  const before = gateway.writes();

  const found = await drift();

  expect(gateway.writes()).toEqual(before);
  expect(found?.report).toMatchObject({
    run_id: expect.stringContaining("-drift-default-search"),
    trigger: { kind: "drift" },
    outcome: "drifted",
    manifests: [],
    workspaces: [
      {
        outcome: "drifted",
        changes: [
          {
            action: "update",
            key: "endpoint/chat",
            changed_fields: [{ path: "tags.team", before: "a hand", after: "search" }],
          },
        ],
      },
    ],
  });
  expect(bucket.reports.at(-1)).toEqual(found?.report);
  const message = (await messagesIn(ledger)).find(({ type }) => type.includes("drift"));
  expect(message).toMatchObject({
    type: "mlflow-gateway-ops.drift.drifted",
    severity: "warning",
    text: expect.stringContaining("not attempted update endpoint/chat"),
    attributes: { owner: "search", outcome: "drifted" },
  });
});

test("what was deleted by hand is drift", async () => {
  const { drift, gateway } = await setup();
  const [budget] = gateway.visible().budgets;
  await gateway.budgets.delete({ budget_policy_id: budget?.budget_policy_id ?? "" });

  const found = await drift();

  expect(found?.report?.workspaces[0]?.changes).toMatchObject([
    { action: "create", key: "budget/chat-monthly" },
  ]);
});

test("what nobody declared is no drift", async () => {
  const { drift, gateway } = await setup();
  await gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "value-by-hand" },
    provider: "openai",
  });

  expect(await drift()).toEqual(QUIET);
});

test("a secret whose source moved is no drift, pushed or not", async () => {
  const { drift, source, nextRun, gateway } = await setup();
  const versionId = source.put("prod/openai", "value-two");

  const before = await drift();
  const trigger = { sourceArn: arnOf("prod/openai"), versionId };
  await pushChanged(nextRun(), trigger, { isLast: false });
  const after = await drift();

  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
  expect([before, after]).toEqual([QUIET, QUIET]);
});

test("a secret that somebody overwrote by hand is drift, and healed from its source", async () => {
  const { drift, gateway } = await setup();
  const [secret] = gateway.visible().secrets;
  await gateway.secrets.update({
    secret_id: secret?.secret_id ?? "",
    secret_value: { api_key: "value-by-hand" },
  });

  const found = await drift();
  const healed = await drift({ heal: true });

  expect(found?.report?.workspaces[0]?.changes).toMatchObject([
    { action: "update", key: "secret/openai-prod" },
  ]);
  expect(healed).toMatchObject({ resources: 0, report: { outcome: "applied" } });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
});

test("with self-heal drift is undone and told", async () => {
  const { drift, tag, tags, news } = await setup();
  const before = tags();
  await tag("a hand");

  const found = [await drift({ heal: true }), await drift({ heal: true })];

  expect(tags()).toEqual(before);
  expect(found).toMatchObject([{ resources: 0, report: { outcome: "applied" } }, QUIET]);
  expect(await news()).toEqual(["Drift of search: applied"]);
});

test("drift that was told before is told as undone when self-heal comes", async () => {
  const { drift, tag, news } = await setup();
  await tag("a hand");

  await drift();
  await drift({ heal: true });
  await drift({ heal: true });

  expect(await news()).toEqual(["Drift of search: drifted", "Drift of search: applied"]);
});

test("healing that fails is told once, and tried again each time", async () => {
  const { drift, tag, tags, gateway, news } = await setup();
  await tag("a hand");
  gateway.failOn("setEndpointTag", 1, new ExpectedError("retry", "the gateway is down"));
  gateway.failOn("setEndpointTag", 2, new ExpectedError("retry", "the gateway is down"));

  const found = [await drift({ heal: true }), await drift({ heal: true })];
  const healed = await drift({ heal: true });

  expect(found).toMatchObject([{ report: { outcome: "pending" } }, { resources: 1 }]);
  expect(found[1]?.report).toBeUndefined();
  expect(healed).toMatchObject({ report: { outcome: "applied" } });
  expect(tags()[0]).toContainEqual({ key: "team", value: "search" });
  expect(await news()).toEqual([
    "Drift of search: pending (apply-failed)",
    "Drift of search: applied",
  ]);
});

test("healing that the guards refuse is told once, and done after an approval", async () => {
  const endpoints = Array.from({ length: 10 }, (_, index) =>
    anEndpoint({ name: `chat-${index}`, tags: { team: "search" } }),
  );
  const { drift, bucket, gateway, tags, news } = await setup(
    aManifest({ endpoints, budgets: undefined }),
  );
  const before = tags();
  for (const { endpoint_id } of gateway.visible().endpoints) {
    await gateway.endpoints.setTag({ endpoint_id, key: "team", value: "a hand" });
  }

  const found = [await drift({ heal: true }), await drift({ heal: true })];
  bucket.approve(found[0]?.report?.workspaces[0]?.checksum ?? "", "Ada");
  const healed = await drift({ heal: true });

  expect(found).toMatchObject([
    { resources: 10, report: { outcome: "refused" } },
    { resources: 10 },
  ]);
  expect(found[1]?.report).toBeUndefined();
  expect(healed?.report).toMatchObject({
    outcome: "applied",
    workspaces: [{ approval: { by: "Ada" } }],
  });
  expect(tags()).toEqual(before);
  expect(await news()).toEqual([
    "Drift of search: refused (unsafe-plan)",
    "Drift of search: applied",
  ]);
});

test.each([
  ["is invalid", "nonsense", "rejected"],
  ["is refused by a guard", aManifest({ endpoints: [], budgets: [] }), "refused"],
])("a newer manifest that %s plays no part", async (_, newer, outcome) => {
  const { drift, tag, putAndSync } = await setup(MANIFEST, { prune: true });
  const report = await putAndSync(newer);

  const quiet = await drift();
  await tag("a hand");
  const found = await drift();

  expect(report?.outcome).toBe(outcome);
  expect(quiet).toEqual(QUIET);
  expect(found?.report?.workspaces[0]?.changes).toMatchObject([{ key: "endpoint/chat" }]);
});

test("a manifest that was applied in part is neither drift nor healed", async () => {
  const { drift, tag, tags, gateway, putAndSync, news } = await setup();
  await tag("a hand");
  await drift();
  gateway.failOn("updateBudget", 1, new ExpectedError("reject", "not allowed"));
  const half = await putAndSync(
    aManifest({
      endpoints: [anEndpoint({ tags: { team: "new" } })],
      budgets: [aBudget({ budget_amount: 1 })],
    }),
  );

  const found = await drift({ heal: true });

  expect(half?.outcome).toBe("failed");
  expect(found).toEqual(QUIET);
  expect(tags()[0]).toContainEqual({ key: "team", value: "new" });
  expect((await news()).filter((subject) => subject.startsWith("Drift"))).toEqual([
    "Drift of search: drifted",
  ]);
});

test("beside a manifest that was applied in part the others are watched", async () => {
  const { drift, tag, gateway, bucket, sync } = await setup();
  bucket.put("manifests/search/spare.yaml", { version: 1, secrets: [aSecret({ name: "spare" })] });
  gateway.failOn("createSecret", 1, new ExpectedError("retry", "the gateway is down"));
  await sync(LAST);
  await tag("a hand");

  expect(await drift()).toMatchObject({ resources: 1, report: { outcome: "drifted" } });
});

test("what a deleted manifest declared is watched on", async () => {
  const { drift, tag, bucket, sync } = await setup();
  bucket.delete(MANIFEST_KEY);
  await sync();
  await tag("a hand");

  expect(await drift()).toMatchObject({ resources: 1, report: { outcome: "drifted" } });
});

test("an external resource that is gone is told in the file that needs it", async () => {
  const runs = syncRuns();
  const { gateway, putAndSync, drift, told } = runs;
  await gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "value-by-hand" },
    provider: "openai",
  });
  await putAndSync({ version: 1, secrets: [{ name: "by-hand", external: true }] });
  gateway.deleteSecret("by-hand");

  const found = [await drift(), await drift()];

  expect(found[0]).toMatchObject({
    resources: 1,
    report: {
      outcome: "rejected",
      manifests: [
        {
          key: MANIFEST_KEY,
          issues: [
            {
              rule: "known-references",
              message: "is declared as external, but does not exist on the gateway",
            },
          ],
        },
      ],
    },
  });
  expect(found[1]?.report).toBeUndefined();
  expect((await told()).at(-1)).toBe("Drift of search: rejected (invalid-manifest)");
});

test("what the policy no longer grants is left alone, and is no drift", async () => {
  const { drift, tag, tags, bucket } = await setup();
  bucket.put(POLICY_KEY, { version: 2, owners: { search: { kinds: ["secret"] } } });
  await tag("a hand");

  expect(await drift({ heal: true })).toEqual(QUIET);

  expect(tags()[0]).toContainEqual({ key: "team", value: "a hand" });
});

test("drift of what is no longer granted is not called gone", async () => {
  const { drift, tag, bucket, news } = await setup();
  await tag("a hand");
  await drift();
  bucket.put(POLICY_KEY, { version: 2, owners: { search: { kinds: ["secret"] } } });

  expect(await drift()).toEqual(QUIET);

  expect(await news()).toEqual(["Drift of search: drifted"]);
});

test("an owner of whom nothing can be known now does not stop the others", async () => {
  const { drift, tag, nextRun, gateway, bucket, sync, source } = await setup();
  source.put("other/openai", "value-other", { owner: "another" });
  const value_from = { secrets_manager: "other/openai" };
  bucket.put("manifests/another/gateway.yaml", {
    version: 1,
    secrets: [aSecret({ name: "another", value_from })],
  });
  await sync({ owner: "another" });
  await tag("a hand");
  // The first list is that of the look at the whole gateway, which tells nothing then.
  const down = () => {
    for (const call of [1, 2]) {
      gateway.failOn("listSecrets", call, new ExpectedError("retry", "it is down"));
    }
  };

  down();
  await expect(drift()).rejects.toThrow("it is down");
  down();
  const [another, search] = await detectDrift(nextRun(), { heal: false, isLast: true });

  expect(another).toMatchObject({
    owner: "another",
    error: { code: "expected", message: "it is down" },
  });
  expect(search).toMatchObject({ owner: "search", resources: 1 });
});

test("no owner is begun with when the time is over", async () => {
  const { nextRun, gateway } = await setup();
  const before = gateway.requests.length;

  const run = { ...nextRun(), deadline: deadlineAfter(0) };
  const found = await detectDrift(run, { heal: false, isLast: false });

  expect(found).toEqual([]);
  expect(gateway.requests).toHaveLength(before);
});
