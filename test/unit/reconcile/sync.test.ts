import { expect, test } from "@jest/globals";
import type { Manifest } from "#manifest/types.ts";
import { MANIFESTS } from "#reconcile/run-record.ts";
import { syncManifest, syncPending } from "#reconcile/sync.ts";
import { put } from "#runtime/ledger.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
  ExpectedError,
  messagesIn,
} from "../../support/builders.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { MANIFEST_KEY, syncSetup } from "../../support/sync-setup.ts";

const FIRST = { isLast: false };
const LAST = { isLast: true };

function setup() {
  const parts = syncSetup();
  parts.source.put("prod/openai", "value-one");
  let runs = 0;
  const sync = (delivery = FIRST, key = MANIFEST_KEY) => {
    runs += 1;
    return syncManifest(parts.dependencies(`run-${runs}`), key, delivery);
  };
  const putAndSync = (manifest: unknown, delivery = FIRST, key = MANIFEST_KEY) => {
    parts.bucket.put(key, manifest);
    return sync(delivery, key);
  };
  const lookAgain = () => {
    runs += 1;
    return syncPending(parts.dependencies(`run-${runs}`));
  };
  const record = async (key = MANIFEST_KEY) => (await parts.ledger.read(MANIFESTS, key))?.value;
  const told = async () => (await messagesIn(parts.ledger)).map(({ id }) => id);
  return { ...parts, sync, putAndSync, lookAgain, record, told };
}

test("a manifest is applied, reported, recorded and told once", async () => {
  const { bucket, ledger, gateway, clock, putAndSync, record } = setup();

  const report = await putAndSync(aManifest());

  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  expect(report).toMatchObject({
    version: 1,
    run_id: "run-1",
    owner: "search",
    manifest: { key: MANIFEST_KEY, version_id: "object-version-1" },
    outcome: "applied",
    started_at: "2026-11-23T12:00:00.000Z",
    finished_at: "2026-11-23T12:00:00.000Z",
  });
  expect(report?.changes.map(({ action, key }) => `${action} ${key}`)).toEqual([
    "create secret/openai-prod",
    "create model_definition/gpt-4o",
    "create endpoint/chat",
    "create budget/chat-monthly",
  ]);
  expect(report?.outcomes.map(({ outcome }) => outcome)).toEqual(Array(4).fill("applied"));
  expect(bucket.reports).toEqual([report]);
  expect(await record()).toEqual({
    attempted_version: "object-version-1",
    applied_version: "object-version-1",
    status: "applied",
    report_key: "reports/1.json",
    at_ms: clock.nowMs(),
  });
  expect(await messagesIn(ledger)).toMatchObject([
    {
      topic: "operations",
      id: `manifest-applied:${MANIFEST_KEY}@object-version-1`,
      type: "mlflow-gateway-ops.manifest.applied",
      severity: "info",
      subject: `${MANIFEST_KEY}: applied`,
      attributes: { owner: "search", outcome: "applied", manifest: MANIFEST_KEY },
    },
  ]);
});

test("a second put of the same manifest writes nothing and is quiet", async () => {
  const { gateway, bucket, putAndSync, record, told } = setup();
  await putAndSync(aManifest());
  const before = { writes: gateway.writes(), told: await told() };

  const report = await putAndSync(aManifest());

  expect(report).toMatchObject({ outcome: "unchanged", changes: [], outcomes: [] });
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
    const { gateway, bucket, putAndSync, sync, told } = setup();
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
  const { bucket, sync, record } = setup();
  bucket.put(MANIFEST_KEY, aManifest());
  bucket.put(MANIFEST_KEY, aManifest({ budgets: [] }));

  const [first, second] = [await sync(), await sync()];

  expect(first?.manifest.version_id).toBe("object-version-2");
  expect(second).toBeUndefined();
  expect(await record()).toMatchObject({ applied_version: "object-version-2" });
});

test("an invalid manifest touches nothing, and leaves one report and one message", async () => {
  const { gateway, bucket, ledger, putAndSync, record } = setup();
  await putAndSync(aManifest());
  const before = [...gateway.requests];

  const report = await putAndSync("version: 1\nendpoint: []\nzzz: 1\n");

  expect(gateway.requests).toEqual(before);
  expect(report).toMatchObject({
    outcome: "rejected",
    error: {
      code: "invalid-manifest",
      message: expect.stringMatching(
        /^manifests\/search\/gateway\.yaml:2:1 endpoint .*\nmanifests\/search\/gateway\.yaml:3:1 zzz /,
      ),
    },
    issues: [
      { line: 2, column: 1 },
      { line: 3, column: 1 },
    ],
    changes: [],
  });
  expect(bucket.reports).toHaveLength(2);
  const [, rejected] = await messagesIn(ledger);
  expect(rejected).toMatchObject({
    id: `manifest-rejected:${MANIFEST_KEY}@object-version-2`,
    severity: "critical",
    subject: `${MANIFEST_KEY}: rejected (invalid-manifest)`,
    attributes: { code: "invalid-manifest" },
  });
  expect(await record()).toMatchObject({
    status: "rejected",
    attempted_version: "object-version-2",
    applied_version: "object-version-1",
  });
});

test("a corrected manifest is applied after a rejected one", async () => {
  const { putAndSync, told } = setup();
  await putAndSync("nonsense");

  expect(await putAndSync(aManifest())).toMatchObject({ outcome: "applied" });

  expect(await told()).toHaveLength(2);
});

test("sources that are missing in AWS are located, all at once, and nothing is written", async () => {
  const { gateway, source, putAndSync } = setup();
  source.putUntagged("prod/untagged", "value-untagged");
  const manifest = aManifest({
    secrets: [
      aSecret(),
      aSecret({ name: "missing", value_from: { secrets_manager: "prod/missing" } }),
      aSecret({ name: "untagged", value_from: { secrets_manager: "prod/untagged" } }),
    ],
  });

  const report = await putAndSync(JSON.stringify(manifest, null, 2));

  expect(report).toMatchObject({ outcome: "rejected", error: { code: "invalid-manifest" } });
  expect(report?.error?.message.split("\n")).toEqual([
    `${MANIFEST_KEY}:15:9 secrets[1].value_from.secrets_manager cannot be used: prod/missing: there is no such secret in AWS Secrets Manager (secret-source)`,
    expect.stringMatching(
      /:22:9 secrets\[2\]\.value_from\.secrets_manager cannot be used: prod\/untagged has no tag gateway-ops:owner: /,
    ),
  ]);
  expect(gateway.requests).toEqual([]);
  expect(source.fetched).toEqual([]);
});

test("a resource of another owner is refused and nothing is written", async () => {
  const { gateway, source, putAndSync } = setup();
  await putAndSync(aManifest());
  source.put("other/openai", "value-other", { owner: "other" });
  const before = gateway.writes();

  const report = await putAndSync(
    aManifest({ secrets: [aSecret({ value_from: { secrets_manager: "other/openai" } })] }),
    FIRST,
    "manifests/other/gateway.yaml",
  );

  expect(report).toMatchObject({ outcome: "rejected", error: { code: "plan-refused" } });
  expect(report?.error?.message).toContain(
    'secret/openai-prod belongs to the owner "search", not to "other"',
  );
  expect(gateway.writes()).toEqual(before);
});

test.each(["manifests/gateway.yaml", "manifests//gateway.yaml"])(
  "%s lies in no owner's folder and is rejected",
  async (key) => {
    const { gateway, putAndSync } = setup();

    const report = await putAndSync(aManifest(), FIRST, key);

    expect(report).toMatchObject({
      outcome: "rejected",
      owner: "",
      error: {
        message: `${key}:1:1 must lie in a folder named after its owner, such as manifests/default/gateway.yaml (owner)`,
      },
    });
    expect(gateway.requests).toEqual([]);
  },
);

test("a folder that somebody made in the S3 console is no manifest", async () => {
  const { gateway, bucket, ledger, putAndSync } = setup();

  expect(await putAndSync("", FIRST, "manifests/search/")).toBeUndefined();

  expect([gateway.requests, bucket.reports, ledger.written]).toEqual([[], [], []]);
});

test("folders below the owner's are the owner's too", async () => {
  const { putAndSync } = setup();

  const report = await putAndSync(aManifest(), FIRST, "manifests/search/eu/gateway.yaml");

  expect(report).toMatchObject({ outcome: "applied", owner: "search" });
});

test("while the gateway is down the event is delivered again, and nobody is told", async () => {
  const { gateway, bucket, putAndSync, sync, record, told } = setup();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry", "the gateway is down"));

  await expect(putAndSync(aManifest())).rejects.toThrow("the gateway is down");

  expect(bucket.reports).toMatchObject([
    { outcome: "retrying", error: { code: "expected", message: "the gateway is down" } },
  ]);
  expect(await record()).toMatchObject({ status: "retrying" });
  expect(await told()).toEqual([]);

  expect(await sync()).toMatchObject({ outcome: "applied" });
});

test("at the last delivery a manifest stays pending, and that is told once", async () => {
  const { bucket, gateway, putAndSync, lookAgain, record, ledger } = setup();
  for (const call of [1, 2]) {
    gateway.failOn("getCurrentUser", call, new ExpectedError("retry", "the gateway is down"));
  }

  const report = await putAndSync(aManifest(), LAST);
  const [again] = await lookAgain();

  expect(report).toMatchObject({ outcome: "pending" });
  expect(again).toMatchObject({ outcome: "pending" });
  expect(await record()).toMatchObject({ status: "pending" });
  expect((await record())?.applied_version).toBeUndefined();
  // Trying again for the same reason adds no report.
  expect(bucket.reports).toHaveLength(1);
  expect(await messagesIn(ledger)).toMatchObject([
    {
      id: `manifest-pending:${MANIFEST_KEY}@object-version-1`,
      severity: "warning",
      text: expect.stringContaining("the gateway is down\nIt stays pending and is tried again"),
    },
  ]);
});

test("what is pending is applied later, and that is told", async () => {
  const { gateway, putAndSync, lookAgain, record, told } = setup();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry"));
  await putAndSync(aManifest(), LAST);

  const reports = await lookAgain();

  expect(reports).toMatchObject([{ outcome: "applied" }]);
  expect(await record()).toMatchObject({
    status: "applied",
    applied_version: "object-version-1",
  });
  expect(await told()).toEqual([
    `manifest-applied:${MANIFEST_KEY}@object-version-1`,
    `manifest-pending:${MANIFEST_KEY}@object-version-1`,
  ]);
  expect(await lookAgain()).toEqual([]);
});

test("going on with what is pending touches no manifest that is settled", async () => {
  const { gateway, putAndSync, lookAgain } = setup();
  await putAndSync(aManifest());
  await putAndSync("nonsense", FIRST, "manifests/search/other.yaml");
  const before = [...gateway.requests];

  expect(await lookAgain()).toEqual([]);

  expect(gateway.requests).toEqual(before);
});

test("a manifest whose redeliveries were all lost is gone on with by the schedule", async () => {
  const { gateway, putAndSync, lookAgain } = setup();
  gateway.failOn("getCurrentUser", 1, new ExpectedError("retry"));
  await expect(putAndSync(aManifest())).rejects.toThrow();

  expect(await lookAgain()).toMatchObject([{ outcome: "applied" }]);
});

test("a change that failed is made good by the next delivery", async () => {
  const { gateway, bucket, putAndSync, sync, told } = setup();
  gateway.failOn("createEndpoint", 1, new ExpectedError("retry", "the gateway is down"));

  await expect(putAndSync(aManifest())).rejects.toMatchObject({ code: "apply-failed" });
  const report = await sync();

  expect(bucket.reports[0]).toMatchObject({
    outcome: "retrying",
    outcomes: [
      { outcome: "applied", key: "secret/openai-prod" },
      { outcome: "applied", key: "model_definition/gpt-4o" },
      { outcome: "failed", key: "endpoint/chat" },
      { outcome: "skipped", key: "budget/chat-monthly", because: "endpoint/chat" },
    ],
  });
  expect(report?.changes.map(({ key }) => key)).toEqual(["endpoint/chat", "budget/chat-monthly"]);
  expect(report).toMatchObject({ outcome: "applied" });
  expect(await told()).toEqual([`manifest-applied:${MANIFEST_KEY}@object-version-1`]);
});

test("a change that failed for good is told, with what became of the others", async () => {
  const { gateway, ledger, putAndSync, sync, record } = setup();
  gateway.failOn("createEndpoint", 1, new ExpectedError("reject", "no such experiment"));

  const report = await putAndSync(aManifest());

  expect(report).toMatchObject({ outcome: "failed", error: { code: "apply-failed" } });
  expect((await record())?.applied_version).toBeUndefined();
  const [message] = await messagesIn(ledger);
  expect(message).toMatchObject({ severity: "critical" });
  expect(message?.text.split("\n")).toEqual([
    `${MANIFEST_KEY} (version object-version-1): failed`,
    "Report: reports/1.json",
    "1 of 4 changes failed, 1 were skipped because of them",
    "endpoint/chat: no such experiment",
    "  applied       create secret/openai-prod, version version-1, effective by 2026-11-23T12:01:00.000Z",
    "  applied       create model_definition/gpt-4o",
    "  failed        create endpoint/chat: no such experiment",
    "  skipped       create budget/chat-monthly, because endpoint/chat was not applied",
    "Some changes were not made. Correct the cause and put the manifest again.",
  ]);
  expect(await sync()).toBeUndefined();
});

test("a run that was killed is gone on with and announced, though all its changes were made", async () => {
  const { gateway, bucket, ledger, putAndSync, lookAgain, told } = setup();
  await putAndSync(aManifest());
  bucket.put(MANIFEST_KEY, aManifest());
  const record = await ledger.read(MANIFESTS, MANIFEST_KEY);
  if (!record) throw new Error("the manifest has no record");
  await ledger.commit([
    put(
      MANIFESTS,
      MANIFEST_KEY,
      { ...record.value, attempted_version: "object-version-2", status: "running" },
      record,
    ),
  ]);
  const before = gateway.writes();

  const reports = await lookAgain();

  expect(reports).toMatchObject([{ outcome: "applied", changes: [] }]);
  expect(gateway.writes()).toEqual(before);
  expect(await told()).toContain(`manifest-applied:${MANIFEST_KEY}@object-version-2`);
});

test("what is read back and is not as declared is not called applied", async () => {
  const { gateway, bucket, ledger, putAndSync } = setup();
  const update = gateway.endpoints.update;
  gateway.endpoints.update = async ({ usage_tracking: _, ...request }) => update(request);
  await putAndSync(aManifest());

  const report = await putAndSync(
    aManifest({ endpoints: [anEndpoint({ usage_tracking: false })] }),
    LAST,
  );

  expect(report).toMatchObject({
    outcome: "pending",
    error: {
      code: "not-as-written",
      message: "read back after the apply, these are not as declared: endpoint/chat",
    },
  });
  expect(bucket.reports[1]?.outcomes).toMatchObject([{ outcome: "applied" }]);
  expect((await messagesIn(ledger)).map(({ severity }) => severity)).toEqual(["info", "warning"]);
});

test("a deleted file changes nothing on the gateway and is forgotten", async () => {
  const { gateway, bucket, putAndSync, sync, record } = setup();
  await putAndSync(aManifest());
  bucket.delete(MANIFEST_KEY);
  const before = [...gateway.requests];

  expect(await sync()).toBeUndefined();
  expect(await sync()).toBeUndefined();

  expect(await record()).toBeUndefined();
  expect(gateway.requests).toEqual(before);
});

test("of two runs at once only one works", async () => {
  const { putAndSync, sync } = setup();

  const results = await Promise.allSettled([putAndSync(aManifest()), sync()]);

  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "lease-held", disposition: "retry" },
  });
});

test("a sync gives its leases back, whatever became of it", async () => {
  const { gateway, ledger, putAndSync } = setup();
  gateway.failOn("createSecret", 1, new ExpectedError("retry"));
  await putAndSync(aManifest(), LAST);
  await putAndSync("nonsense");
  await putAndSync(aManifest());

  expect(await ledger.list({ name: "lease" })).toEqual([]);
});

test("two files of an owner are applied side by side", async () => {
  const { gateway, putAndSync } = setup();
  await putAndSync(aManifest({ endpoints: undefined, budgets: undefined }));
  const other: Manifest = {
    version: 1,
    secrets: [aSecret({ name: "other" })],
    model_definitions: [aModelDefinition({ name: "other", secret: "other" })],
  };

  const report = await putAndSync(other, FIRST, "manifests/search/other.yaml");

  expect(report).toMatchObject({ outcome: "applied" });
  expect(gateway.visible().definitions.map(({ name }) => name)).toEqual(["gpt-4o", "other"]);
});

test("a secret that was changed by an event is no change of the next sync", async () => {
  const { gateway, source, dependencies, putAndSync } = setup();
  await putAndSync(aManifest());
  const versionId = source.put("prod/openai", "value-two");
  const trigger = { sourceArn: arnOf("prod/openai"), versionId };
  await pushChanged(dependencies("push-1"), trigger, FIRST);

  const report = await putAndSync(aManifest());

  expect(report).toMatchObject({ outcome: "unchanged" });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
});

test("a manifest that picks another key of the same secret is a change", async () => {
  const { gateway, source, putAndSync } = setup();
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

test("no secret value is in any report, record or message", async () => {
  const { gateway, bucket, ledger, source, putAndSync, lookAgain } = setup();
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
  await lookAgain();

  expect(bucket.reports.map(({ outcome }) => outcome)).toEqual([
    "applied",
    "failed",
    "failed",
    "pending",
    "applied",
  ]);
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-four" });
  expectNoLeak(
    ["value-one", "value-two", "value-three", "value-four"],
    bucket.reports,
    ledger.written,
    await messagesIn(ledger),
  );
});
