import { expect, test } from "@jest/globals";
import { previewPlan } from "#sync/preview/preview.ts";
import {
  aManifest,
  anEndpoint,
  aSecret,
  ExpectedError,
  messagesIn,
} from "../../../support/builders.ts";
import { expectNoLeak } from "../../../support/leaks.ts";
import { MANIFEST_KEY, POLICY_KEY, syncRuns } from "../../../support/sync-setup.ts";

const KEY = "plans/search/gateway.yaml";
const RESULT = "plan-results/search/gateway.yaml";

function setup() {
  const runs = syncRuns();
  const { bucket, nextRun } = runs;
  const preview = (manifest: unknown, { key = KEY, isLast = false } = {}) => {
    bucket.put(key, manifest);
    return previewPlan(nextRun(), key, { isLast });
  };
  return { ...runs, preview };
}

test("a file is planned, and nothing but the result and a message is written", async () => {
  const { gateway, bucket, ledger, preview } = setup();

  const result = await preview(aManifest());

  expect(result).toMatchObject({
    version: 1,
    source: { key: KEY, version_id: "object-version-1" },
    owner: "search",
    outcome: "planned",
    manifests: [{ key: KEY, outcome: "planned" }],
    workspaces: [{ owner: "search", workspace: "default", refusals: [] }],
  });
  expect(result?.workspaces[0]?.changes.map(({ action }) => action)).toEqual(
    Array(4).fill("create"),
  );
  expect([...bucket.previews.keys()]).toEqual([RESULT]);
  expect(bucket.previews.get(RESULT)?.preview).toEqual(result);
  expect([gateway.writes(), bucket.reports, bucket.snapshots()]).toEqual([[], [], []]);
  expect(await messagesIn(ledger)).toMatchObject([
    {
      id: `preview:${KEY}@object-version-1:planned`,
      type: "mlflow-gateway-ops.plan.planned",
      severity: "info",
      subject: `${KEY}: planned`,
      text: expect.stringContaining(`Checksum of the plan: ${result?.workspaces[0]?.checksum}`),
      data: { result_key: `${RESULT}.json` },
      attributes: { owner: "search", outcome: "planned", manifest: KEY },
    },
  ]);
  expect(ledger.written.map((write) => JSON.parse(write).kind)).toEqual(["once", "outbox"]);
});

test("a preview takes the place of the manifest of its name, beside the owner's other manifests", async () => {
  const { bucket, putAndSync, preview } = setup();
  await putAndSync(aManifest());
  bucket.put("manifests/search/other.yaml", {
    version: 1,
    secrets: [aSecret({ name: "other" })],
  });

  const result = await preview(aManifest({ endpoints: [anEndpoint({ tags: { team: "new" } })] }));

  expect(result?.workspaces[0]?.changes).toMatchObject([
    { action: "create", key: expect.stringMatching(/\/other$/) },
    { action: "update", key: expect.stringMatching(/\/chat$/) },
  ]);
});

test("the plan of a preview is the one that putting the file would make: approvals fit", async () => {
  const { putAndSync, preview } = setup();
  const manifest = aManifest({ endpoints: [anEndpoint({ tags: { team: "new" } })] });
  await putAndSync(aManifest());

  const result = await preview(manifest);
  const report = await putAndSync(manifest);

  expect(report?.workspaces[0]?.checksum).toBe(result?.workspaces[0]?.checksum);
});

test("what the guards would refuse is in the result", async () => {
  const { bucket, putAndSync, nextRun } = setup();
  await putAndSync(aManifest());
  bucket.put(KEY, aManifest({ endpoints: [], budgets: [] }));
  const run = nextRun();
  const pruning = { ...run, planSettings: { ...run.planSettings, prune: true } };

  const result = await previewPlan(pruning, KEY, { isLast: false });

  expect(result?.workspaces[0]?.refusals.map(({ guard }) => guard)).toEqual([
    "delete-all",
    "delete-all",
  ]);
  expect(bucket.previews.get(RESULT)?.markdown).toContain("all 1 endpoints would be deleted");
});

test("an invalid file is told with positions under its own name, and leaves the manifest be", async () => {
  const { bucket, ledger, putAndSync, preview, record } = setup();
  await putAndSync(aManifest());

  const result = await preview("version: 1\nzzz: 1\n");

  expect(result).toMatchObject({
    outcome: "rejected",
    manifests: [{ key: KEY, outcome: "rejected", issues: [{ path: ["zzz"], line: 2 }] }],
  });
  expect(bucket.previews.get(RESULT)?.markdown).toContain(`${KEY}:2:1 zzz `);
  expect((await messagesIn(ledger))[0]).toMatchObject({
    severity: "warning",
    subject: `${KEY}: rejected`,
  });
  expect(await record()).toMatchObject({ status: "applied" });
});

test("another file that is invalid is named, but does not make the preview invalid", async () => {
  const { bucket, preview } = setup();
  bucket.put("manifests/search/other.yaml", "nonsense");

  const result = await preview(aManifest());

  expect(result).toMatchObject({
    outcome: "planned",
    manifests: [
      { key: "manifests/search/other.yaml", outcome: "rejected" },
      { key: KEY, outcome: "planned" },
    ],
  });
});

test.each([
  ["plans/gateway.yaml", "plan-results/_without-owner/gateway.yaml"],
  ["plans/no owner/gateway.yaml", "plan-results/_without-owner/no owner/gateway.yaml"],
])("the result for %s lies in no owner's folder: %s", async (key, resultKey) => {
  const { bucket, preview } = setup();

  await preview(aManifest(), { key });

  expect([...bucket.previews.keys()]).toEqual([resultKey]);
});

test("a file that lies in no owner's folder is invalid", async () => {
  const { gateway, preview } = setup();

  const result = await preview(aManifest(), { key: "plans/gateway.yaml" });

  expect(result).toMatchObject({
    outcome: "rejected",
    manifests: [{ key: "plans/gateway.yaml", issues: [{ rule: "owner" }] }],
  });
  expect(gateway.requests).toEqual([]);
});

test("the policy holds for previews, and an invalid one makes them fail", async () => {
  const { bucket, preview } = setup();
  bucket.put(POLICY_KEY, { version: 2, owners: {} });
  const denied = await preview(aManifest());
  bucket.put(POLICY_KEY, "nonsense");

  const failed = await preview(aManifest());

  expect(denied).toMatchObject({
    outcome: "rejected",
    manifests: [{ issues: [{ rule: "policy" }] }],
  });
  expect(failed).toMatchObject({ outcome: "failed", error: { code: "invalid-policy" } });
});

test("while the gateway is down a preview is delivered again, and fails at the last delivery", async () => {
  const { gateway, bucket, ledger, preview } = setup();
  const error = new ExpectedError("retry", "the gateway is down");
  gateway.failOn("getCurrentUser", 1, error);
  gateway.failOn("getCurrentUser", 2, error);

  await expect(preview(aManifest())).rejects.toThrow("the gateway is down");
  const untold = await messagesIn(ledger);
  const result = await preview(aManifest(), { isLast: true });

  expect(untold).toEqual([]);
  expect(result).toMatchObject({ outcome: "failed", error: { code: "expected" } });
  expect(bucket.previews.get(RESULT)?.markdown).toContain("the gateway is down");
});

test("the same version is told once, however often it is delivered", async () => {
  const { ledger, nextRun, preview } = setup();
  await preview(aManifest());

  await previewPlan(nextRun(), KEY, { isLast: false });

  expect(await messagesIn(ledger)).toHaveLength(1);
});

test("a file that is gone by now is not planned", async () => {
  const { nextRun, bucket } = setup();

  expect(await previewPlan(nextRun(), KEY, { isLast: false })).toBeUndefined();

  expect(bucket.previews.size).toBe(0);
});

test("nothing that a file says can break out of the Markdown around it", async () => {
  const { bucket, preview } = setup();

  await preview("version: 1\n'~~~\\n<script>': 1\n", { key: "plans/search/<b>|`.yaml" });

  const [{ markdown = "" } = {}] = [...bucket.previews.values()];
  expect(markdown).toContain("# plans/search/\\<b\\>\\|\\`.yaml");
  // A fence that opens, a fence that closes, and none between them.
  expect(markdown.match(/^~~~/gm)).toHaveLength(2);
});

test("no secret value is in a preview", async () => {
  const { bucket, ledger, preview } = setup();

  await preview(aManifest());

  expectNoLeak(["value-one"], [...bucket.previews.values()], ledger.written);
});

test("a preview of an applied manifest has nothing to do", async () => {
  const { putAndSync, preview, bucket } = setup();
  await putAndSync(aManifest());

  const result = await preview(aManifest());

  expect(result).toMatchObject({ outcome: "planned", workspaces: [{ changes: [] }] });
  expect(bucket.previews.get(RESULT)?.markdown).toContain("There is nothing to change.");
  expect(MANIFEST_KEY).not.toBe(KEY);
});

test.each([
  ["search", "x".repeat(1024 - "plans/search/.yaml".length)],
  ["search", `${"é".repeat(500)}`],
  ["no owner", "x".repeat(1024 - "plans/no owner/.yaml".length)],
])(
  "the result of a file with the longest key of S3 has a key that S3 takes: %s",
  async (...row) => {
    const [folder, name] = row;
    const { bucket, ledger, preview } = setup();
    const key = `plans/${folder}/${name}.yaml`;

    const result = await preview(aManifest(), { key });

    const [resultKey = ""] = [...bucket.previews.keys()];
    expect(result?.source.key).toBe(key);
    expect(Buffer.byteLength(`${resultKey}.json`)).toBeLessThanOrEqual(1024);
    const [message] = await messagesIn(ledger);
    expect(message?.data.result_key).toBe(`${resultKey}.json`);
  },
);
