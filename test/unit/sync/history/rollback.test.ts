import { expect, test } from "@jest/globals";
import { OPEN } from "#manifest/access.ts";
import { earlierSnapshot, snapshotRuns } from "#sync/history/rollback.ts";
import { planOwner } from "#sync/owner/plan-owner.ts";
import { aBudget, aManifest, anEndpoint, ExpectedError } from "../../../support/builders.ts";
import { expectNoLeak } from "../../../support/leaks.ts";
import { MANIFEST_KEY, syncRuns } from "../../../support/sync-setup.ts";

function setup() {
  const runs = syncRuns();
  const { nextRun, bucket, sync } = runs;
  const earlier = (runId?: string) => earlierSnapshot(nextRun(), "search", "default", runId);
  /** Puts what a snapshot holds, as a rollback does. */
  const goBack = async (runId?: string) => {
    const { files } = await earlier(runId);
    for (const { name, text } of files) bucket.put(name, text);
    return sync();
  };
  const kept = () => snapshotRuns(nextRun(), "search", "default");
  return { ...runs, earlier, goBack, kept };
}

const amount = (budget_amount: number) => aManifest({ budgets: [aBudget({ budget_amount })] });

test("the state before the last one can be planned and applied again", async () => {
  const { gateway, putAndSync, goBack } = setup();
  await putAndSync(amount(1));
  await putAndSync(amount(2));

  const report = await goBack();

  expect(report?.workspaces[0]?.changes).toMatchObject([
    {
      key: "budget/chat-monthly",
      changed_fields: [{ path: "budget_amount", before: 2, after: 1 }],
    },
  ]);
  expect(gateway.visible().budgets).toMatchObject([{ budget_amount: 1 }]);
});

test("the state of any run that is kept can be gone back to", async () => {
  const { putAndSync, earlier, kept } = setup();
  for (const value of [1, 2, 3]) await putAndSync(amount(value));

  expect((await kept()).map(({ run_id }) => run_id)).toEqual(["run-3", "run-2", "run-1"]);
  expect((await earlier("run-1")).files[0]?.text).toContain('"budget_amount":1');
  expect((await earlier()).run_id).toBe("run-2");
});

test("a snapshot holds the files, what they declare, what is owned and what is protected", async () => {
  const { bucket, putAndSync } = setup();
  await putAndSync(aManifest({ endpoints: [anEndpoint({ protected: true })] }));

  const [json = ""] = bucket.snapshots();

  const keys = [
    "budget/chat-monthly",
    "endpoint/chat",
    "model_definition/gpt-4o",
    "secret/openai-prod",
  ];
  expect(JSON.parse(json)).toEqual({
    version: 1,
    run_id: "run-1",
    owner: "search",
    workspace: "default",
    applied_at: "2026-11-23T12:00:00.000Z",
    files: [
      {
        name: MANIFEST_KEY,
        version_id: "object-version-1",
        text: expect.stringContaining('"protected":true'),
        declares: expect.arrayContaining(keys),
      },
    ],
    owned: [
      { kind: "budget", name: "chat-monthly", id: expect.stringMatching(/^bp-/) },
      { kind: "endpoint", name: "chat", id: expect.stringMatching(/^e-/) },
      { kind: "model_definition", name: "gpt-4o", id: expect.stringMatching(/^d-/) },
      { kind: "secret", name: "openai-prod", id: expect.stringMatching(/^s-/) },
    ],
    protected: ["endpoint/chat"],
    providers: { "openai-prod": "openai" },
  });
  expectNoLeak(["value-one"], json);
});

test("a run after which nothing differs keeps no snapshot, be the file a new version", async () => {
  const { putAndSync, kept } = setup();
  await putAndSync(amount(1));
  await putAndSync(amount(2));

  await putAndSync(amount(2));

  expect((await kept()).map(({ run_id }) => run_id)).toEqual(["run-2", "run-1"]);
});

test("the last ten states are kept", async () => {
  const { putAndSync, kept, earlier } = setup();
  for (let value = 1; value <= 12; value += 1) await putAndSync(amount(value));

  const runs = await kept();

  expect(runs).toHaveLength(10);
  expect(runs.at(-1)?.run_id).toBe("run-3");
  await expect(earlier("run-2")).rejects.toThrow('there is no snapshot of the run "run-2"');
});

test.each([
  ["never", 0, "there is none at all"],
  ["once", 1, "there is run-1 (2026-11-23T12:00:00.000Z)"],
])("without an earlier state there is a sentence: applied %s", async (_, count, ending) => {
  const { putAndSync, earlier } = setup();
  if (count > 0) await putAndSync(amount(1));

  await expect(earlier()).rejects.toMatchObject({
    code: "no-snapshot",
    disposition: "reject",
    message: `there is no snapshot of an earlier state for search in workspace default; ${ending}`,
  });
});

test("a refused or rejected manifest leaves the state as it was", async () => {
  const { putAndSync, kept } = setup();
  await putAndSync(amount(1));

  await putAndSync("nonsense");

  expect(await kept()).toHaveLength(1);
});

test("after a failure in part, the state has the files that were applied and no other", async () => {
  const { gateway, bucket, sync, putAndSync, earlier, kept } = setup();
  const other = "manifests/search/other.yaml";
  bucket.put(other, { version: 1, budgets: [aBudget({ name: "other", budget_amount: 1 })] });
  bucket.put(MANIFEST_KEY, aManifest({ budgets: undefined }));
  await sync();
  gateway.failOn("updateBudget", 1, new ExpectedError("reject", "not allowed"));
  bucket.put(other, { version: 1, budgets: [aBudget({ name: "other", budget_amount: 2 })] });
  await putAndSync(
    aManifest({ endpoints: [anEndpoint({ usage_tracking: false })], budgets: undefined }),
  );

  const [newest] = await kept();
  const { files } = await earlier(newest?.run_id);

  expect(files.map(({ name, version_id }) => [name, version_id])).toEqual([
    [MANIFEST_KEY, "object-version-4"],
    [other, "object-version-1"],
  ]);
});

test("what a snapshot of an earlier state lacks is not deleted by going back, without prune", async () => {
  const { gateway, putAndSync, earlier, nextRun } = setup();
  await putAndSync(aManifest({ budgets: [] }));
  await putAndSync(aManifest());
  const { files } = await earlier();

  const run = nextRun();
  const { workspaces } = await planOwner(run, {
    owner: "search",
    access: OPEN,
    files: files.map(({ name, version_id, text }) => ({ name, version_id, content: text })),
    ...run.planSettings,
  });

  expect(workspaces[0]?.plan).toMatchObject({
    changes: [],
    notices: [{ code: "not-pruned", key: "budget/chat-monthly" }],
  });
  expect(gateway.visible().budgets).toHaveLength(1);
});
