import { expect, test } from "@jest/globals";
import { pushChanged } from "#secrets/push-changed.ts";
import {
  aBudget,
  aManifest,
  anEndpoint,
  aSecret,
  ExpectedError,
  messagesIn,
} from "../../support/builders.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { LAST, MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

test("a manifest is applied, reported, recorded and told once", async () => {
  const { bucket, ledger, gateway, clock, putAndSync, record } = syncRuns();

  const report = await putAndSync(aManifest());

  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  expect(report).toMatchObject({
    version: 1,
    run_id: "run-1",
    owner: "search",
    trigger: { kind: "manifest" },
    outcome: "applied",
    started_at: "2026-11-23T12:00:00.000Z",
    finished_at: "2026-11-23T12:00:00.000Z",
    manifests: [{ key: MANIFEST_KEY, version_id: "object-version-1", outcome: "applied" }],
    deleted_manifests: [],
  });
  const [workspace] = report?.workspaces ?? [];
  expect(workspace?.changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
    "create secret/openai-prod",
    "create model_definition/gpt-4o",
    "create endpoint/chat",
    "create budget/chat-monthly",
  ]);
  expect(workspace?.outcomes.map(({ outcome }) => outcome)).toEqual(Array(4).fill("applied"));
  expect(bucket.reports).toEqual([report]);
  expect(await record()).toEqual({
    attempted_version: "object-version-1",
    policy_version: "open@",
    applied_version: "object-version-1",
    status: "applied",
    report_key: "runs/1.json",
    attempts: 1,
    at_ms: clock.nowMs(),
  });
  expect(await messagesIn(ledger)).toMatchObject([
    {
      topic: "operations",
      id: expect.stringMatching(/^run-applied:search:[0-9a-f]{32}$/),
      type: "mlflow-gateway-ops.manifest.applied",
      severity: "info",
      subject: `${MANIFEST_KEY}: applied`,
      attributes: { owner: "search", outcome: "applied", manifest: MANIFEST_KEY },
    },
  ]);
});

test("a second put of the same manifest writes nothing and is quiet", async () => {
  const { gateway, bucket, putAndSync, record, told } = syncRuns();
  await putAndSync(aManifest());
  const before = { writes: gateway.writes(), told: await told() };

  const report = await putAndSync(aManifest());

  expect(report).toMatchObject({
    outcome: "unchanged",
    workspaces: [{ outcome: "unchanged", changes: [], outcomes: [] }],
  });
  expect({ writes: gateway.writes(), told: await told() }).toEqual(before);
  expect(bucket.reports).toHaveLength(2);
  expect(await record()).toMatchObject({
    status: "unchanged",
    attempted_version: "object-version-2",
    applied_version: "object-version-2",
  });
});

test.each(["applied", "rejected"])(
  "the same event again is ignored when its version was %s",
  async (outcome) => {
    const { gateway, bucket, putAndSync, sync, told } = syncRuns();
    const first = await putAndSync(outcome === "applied" ? aManifest() : { version: 2 });
    const before = { requests: [...gateway.requests], told: await told() };

    const again = await sync();

    expect(first?.outcome).toBe(outcome);
    expect(again).toBeUndefined();
    expect({ requests: gateway.requests, told: await told() }).toEqual(before);
    expect(bucket.reports).toHaveLength(1);
  },
);

test("several events of a file apply its newest version once", async () => {
  const { bucket, sync, record } = syncRuns();
  bucket.put(MANIFEST_KEY, aManifest());
  bucket.put(MANIFEST_KEY, aManifest({ budgets: [] }));

  const [first, second] = [await sync(), await sync()];

  expect(first?.manifests).toMatchObject([{ version_id: "object-version-2" }]);
  expect(second).toBeUndefined();
  expect(await record()).toMatchObject({ applied_version: "object-version-2" });
});

test("an invalid manifest touches nothing, and leaves one report and one message", async () => {
  const { gateway, bucket, ledger, putAndSync, record } = syncRuns();
  await putAndSync(aManifest());
  const before = gateway.writes();

  const report = await putAndSync("version: 1\nendpoint: []\nzzz: 1\n");

  expect(gateway.writes()).toEqual(before);
  expect(report).toMatchObject({
    outcome: "rejected",
    manifests: [
      {
        outcome: "rejected",
        issues: [
          { path: ["endpoint"], line: 2, column: 1 },
          { path: ["zzz"], line: 3, column: 1 },
        ],
      },
    ],
    workspaces: [],
  });
  expect(bucket.reports).toHaveLength(2);
  const rejected = (await messagesIn(ledger)).find(({ severity }) => severity === "critical");
  expect(rejected).toMatchObject({
    subject: `${MANIFEST_KEY}: rejected (invalid-manifest)`,
    attributes: { code: "invalid-manifest" },
    text: expect.stringMatching(
      /\n {2}manifests\/search\/gateway\.yaml:2:1 endpoint .*\n {2}manifests\/search\/gateway\.yaml:3:1 zzz /,
    ),
  });
  expect(await record()).toMatchObject({
    status: "rejected",
    attempted_version: "object-version-2",
    applied_version: "object-version-1",
  });
});

test("a corrected manifest is applied after a rejected one", async () => {
  const { putAndSync, told } = syncRuns();
  await putAndSync("nonsense");

  expect(await putAndSync(aManifest())).toMatchObject({ outcome: "applied" });

  expect(await told()).toEqual([
    `${MANIFEST_KEY}: rejected (invalid-manifest)`,
    `${MANIFEST_KEY}: applied`,
  ]);
});

test("sources that are missing in AWS are located, all at once, and nothing is written", async () => {
  const { gateway, source, putAndSync } = syncRuns();
  source.putUntagged("prod/untagged", "value-untagged");
  const manifest = aManifest({
    secrets: [
      aSecret(),
      aSecret({ name: "missing", value_from: { secrets_manager: "prod/missing" } }),
      aSecret({ name: "untagged", value_from: { secrets_manager: "prod/untagged" } }),
    ],
  });

  const report = await putAndSync(JSON.stringify(manifest, null, 2));

  expect(report).toMatchObject({
    outcome: "pending",
    manifests: [
      {
        issues: [
          {
            rule: "secret-source",
            path: ["secrets", 1, "value_from", "secrets_manager"],
            line: 15,
            column: 9,
            message: expect.stringContaining("prod/missing: there is no such secret"),
          },
          {
            rule: "secret-source",
            line: 22,
            column: 9,
            message: expect.stringContaining("prod/untagged has no tag gateway-ops:owner: "),
          },
        ],
      },
    ],
  });
  expect(gateway.requests).toEqual([]);
  expect(source.fetched).toEqual([]);
});

test("a resource of another owner is refused in the file, at its line, and nothing is written", async () => {
  const { gateway, source, bucket, putAndSync } = syncRuns();
  await putAndSync(aManifest());
  source.put("other/openai", "value-other", { owner: "other" });
  const before = gateway.writes();

  const secrets = [aSecret({ value_from: { secrets_manager: "other/openai" } })];
  const manifest = JSON.stringify(aManifest({ secrets }), null, 2);
  const key = "manifests/other/gateway.yaml";
  const report = await putAndSync(manifest, { owner: "other" }, key);

  expect(report).toMatchObject({ outcome: "rejected", owner: "other" });
  expect(report?.manifests[0]?.issues).toMatchObject(
    ["secrets", "model_definitions", "endpoints", "budgets"].map((section) => ({
      rule: "ownership",
      path: [section, 0],
      message: 'belongs to the owner "search", not to "other"',
    })),
  );
  expect(report?.manifests[0]?.issues?.[0]).toMatchObject({ line: 4, column: 5 });
  expect(gateway.writes()).toEqual(before);
  expect(bucket.reports[1]?.workspaces).toEqual([]);
});

test.each(["manifests/gateway.yaml", "manifests//gateway.yaml", "manifests/a team/gateway.yaml"])(
  "%s lies in no owner's folder and is rejected",
  async (key) => {
    const { gateway, ledger, putAndSync } = syncRuns();
    const owner = key.includes("a team") ? "a team" : "";

    const report = await putAndSync(aManifest(), { owner }, key);

    expect(report).toMatchObject({
      outcome: "rejected",
      owner,
      manifests: [
        { issues: [{ rule: "owner", message: expect.stringContaining("must lie in a folder") }] },
      ],
    });
    expect(gateway.requests).toEqual([]);
    // The table takes no record without an id.
    expect(ledger.written.filter((write) => write.includes('"id":""'))).toEqual([]);
  },
);

test("a folder that somebody made in the S3 console is no manifest", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();

  expect(await putAndSync("", {}, "manifests/search/")).toBeUndefined();

  expect([gateway.requests, bucket.reports]).toEqual([[], []]);
});

test("folders below the owner's are the owner's too", async () => {
  const { putAndSync } = syncRuns();

  const report = await putAndSync(aManifest(), {}, "manifests/search/eu/gateway.yaml");

  expect(report).toMatchObject({ outcome: "applied", owner: "search" });
});

test("a secret that was changed by an event is no change of the next sync", async () => {
  const { gateway, source, dependencies, putAndSync } = syncRuns();
  await putAndSync(aManifest());
  const versionId = source.put("prod/openai", "value-two");
  const trigger = { sourceArn: arnOf("prod/openai"), versionId };
  await pushChanged(dependencies("push-1"), trigger, { isLast: false });

  const report = await putAndSync(aManifest());

  expect(report).toMatchObject({ outcome: "unchanged" });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
});

test("a manifest that picks another key of the same secret is a change", async () => {
  const { gateway, source, putAndSync } = syncRuns();
  source.put("prod/openai", JSON.stringify({ OLD: "value-two", NEW: "value-three" }));
  const picking = (key: string) =>
    aManifest({
      secrets: [
        aSecret({ value_from: { secrets_manager: "prod/openai", keys: { api_key: key } } }),
      ],
    });
  await putAndSync(picking("OLD"));

  const report = await putAndSync(picking("NEW"));

  expect(report).toMatchObject({ outcome: "applied" });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-three" });
});

test("a login that is no admin sees an empty gateway: nothing is planned, and the reason is said", async () => {
  const { gateway, putAndSync } = syncRuns();
  gateway.user = { username: "operator", is_admin: false };

  const report = await putAndSync(aManifest(), LAST);

  expect(report).toMatchObject({
    outcome: "pending",
    error: {
      code: "gateway-login-not-admin",
      message: expect.stringContaining('the gateway login "operator" is not an admin'),
    },
  });
  expect(gateway.writes()).toEqual([]);
});

test.each([10, 1000])(
  "what is as declared costs six requests, be it %i resources",
  async (count) => {
    const { gateway, putAndSync } = syncRuns();
    const endpoints = Array.from({ length: count - 2 }, (_, index) =>
      anEndpoint({ name: `chat-${index}` }),
    );
    await putAndSync(aManifest({ endpoints, budgets: undefined }));
    const before = gateway.requests.length;

    const report = await putAndSync(aManifest({ endpoints, budgets: undefined }));

    expect(report?.outcome).toBe("unchanged");
    expect(gateway.requests.slice(before).sort()).toEqual([
      "getCurrentUser",
      "listBindings",
      "listBudgets",
      "listEndpoints",
      "listModelDefinitions",
      "listSecrets",
    ]);
  },
);

test("no secret value is in any report, record, snapshot or message", async () => {
  const { gateway, bucket, ledger, source, putAndSync, lookAgain, clock } = syncRuns();
  await putAndSync(aManifest());
  source.put("prod/openai", JSON.stringify({ KEY: "value-two", OTHER: ["value-three"] }));
  await putAndSync(aManifest());
  const keys = { api_key: "MISSING" };
  await putAndSync(
    aManifest({ secrets: [aSecret({ value_from: { secrets_manager: "prod/openai", keys } })] }),
  );
  gateway.failOn("updateSecret", 1, new ExpectedError("retry"));
  source.put("prod/openai", "value-four");
  await putAndSync(aManifest({ budgets: [aBudget({ budget_amount: 1 })] }), LAST);
  clock.advance(60_000);
  await lookAgain();

  expect(bucket.reports.map(({ outcome }) => outcome)).toEqual([
    "applied",
    "rejected",
    "rejected",
    "pending",
    "applied",
  ]);
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-four" });
  expectNoLeak(
    ["value-one", "value-two", "value-three", "value-four"],
    bucket.reports,
    bucket.snapshots(),
    ledger.written,
    await messagesIn(ledger),
  );
});
