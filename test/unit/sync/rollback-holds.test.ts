import { expect, test } from "@jest/globals";
import { OPEN } from "#manifest/access.ts";
import { goBack } from "#sync/go-back.ts";
import { endHolds, HOLDS } from "#sync/history/hold.ts";
import { earlierSnapshot, filesOfState, snapshotRuns } from "#sync/history/rollback.ts";
import { readSnapshots } from "#sync/history/snapshot-history.ts";
import type { ManifestShelf } from "#sync/manifest-source.ts";
import { planOwner } from "#sync/owner/plan-owner.ts";
import { previewPlan } from "#sync/preview/preview.ts";
import { syncOwner } from "#sync/sync.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  ExpectedError,
  messagesIn,
} from "../../support/builders.ts";
import { MANIFEST_KEY, POLICY_KEY, syncRuns } from "../../support/sync-setup.ts";

const OTHER_KEY = "manifests/search/other.yaml";
const amount = (budget_amount: number) => aManifest({ budgets: [aBudget({ budget_amount })] });
const other = (budget_amount: number) => ({
  version: 1,
  budgets: [aBudget({ name: "other", budget_amount })],
});
const GOOD = amount(1);
const BAD = amount(2);

/** The process that goes back is killed: nothing of ours catches it. */
class Killed extends Error {}

function setup() {
  const runs = syncRuns();
  const { nextRun, bucket, gateway, ledger } = runs;
  /** As `gwops rollback --stack` does. */
  const rollback = async (manifests: ManifestShelf = bucket) => {
    const run = nextRun();
    const state = await earlierSnapshot(run, "search", "default");
    const { snapshots } = await readSnapshots(run, "search");
    const request = {
      ...{ owner: "search", workspace: "default", access: OPEN, goingBackTo: state },
      files: filesOfState(state, snapshots.get("default"), { prune: false }),
      ...run.planSettings,
    };
    const planned = await planOwner(run, request);
    return goBack({ ...run, manifests }, { state, by: "ada", request, planned }, {});
  };
  const textOf = async (key = MANIFEST_KEY) =>
    (await bucket.readNewest(key))?.content as string | undefined;
  return {
    ...runs,
    rollback,
    textOf,
    holds: () => ledger.list(HOLDS),
    budget: (name = "") =>
      gateway.visible().budgets.find(({ created_by }) => created_by?.endsWith(name))?.budget_amount,
  };
}

/** The bucket, some of which is otherwise. */
function shelf(bucket: ManifestShelf, otherwise: Partial<ManifestShelf>): ManifestShelf {
  return {
    listManifests: () => bucket.listManifests(),
    listTop: () => bucket.listTop(),
    readNewest: (key) => bucket.readNewest(key),
    hadManifest: (key) => bucket.hadManifest(key),
    replaceManifest: (...args) => bucket.replaceManifest(...args),
    removeManifest: (...args) => bucket.removeManifest(...args),
    ...otherwise,
  };
}

async function rolledBack() {
  const runs = setup();
  await runs.putAndSync(GOOD);
  await runs.putAndSync(BAD);
  const { putBack } = await runs.rollback();
  expect(putBack).toEqual([{ key: MANIFEST_KEY, done: "put-back" }]);
  expect(runs.budget()).toBe(1);
  return runs;
}

test("bucket and gateway agree, and the event of the put changes nothing", async () => {
  const { sync, textOf, told, budget, record } = await rolledBack();
  const before = await told();

  const report = await sync();

  expect(JSON.parse((await textOf()) ?? "")).toEqual(GOOD);
  expect(report).toMatchObject({ outcome: "unchanged", holds: [{ by: "ada" }] });
  expect(await record()).toMatchObject({ status: "unchanged" });
  expect(await told()).toEqual(before);
  expect(budget()).toBe(1);
});

test("that an owner went back is told once, with what is held off and how it ends", async () => {
  const { ledger } = await rolledBack();

  const messages = (await messagesIn(ledger)).filter(({ type }) => type.endsWith(".held"));

  expect(messages).toMatchObject([{ severity: "warning", subject: "Rolled back: search" }]);
  expect(messages[0]?.text).toContain(`went back in ${MANIFEST_KEY} to what run `);
  expect(messages[0]?.text).toContain("gwops resume --owner search");
});

test("what was rolled back is put again with every build: it is told once, and not applied", async () => {
  const { putAndSync, told, budget, record } = await rolledBack();

  const first = await putAndSync(BAD);
  const subjects = await told();
  const second = await putAndSync(`# of another build\n${JSON.stringify(BAD, null, 2)}`);

  expect([first?.outcome, second?.manifests[0]?.outcome]).toEqual(["held", "held"]);
  expect(subjects.at(-1)).toBe(`${MANIFEST_KEY}: held`);
  expect(await told()).toEqual(subjects);
  expect(await record()).toMatchObject({ status: "held", applied_version: "object-version-2" });
  expect(budget()).toBe(1);
});

test.each([
  ["the schedule", async ({ lookAgain }: ReturnType<typeof setup>) => lookAgain()],
  [
    "another policy",
    async ({ bucket, sync }: ReturnType<typeof setup>) => {
      bucket.put(POLICY_KEY, {
        version: 2,
        owners: { search: { kinds: ["secret", "model_definition", "endpoint", "budget"] } },
      });
      return sync({ trigger: { kind: "policy" } });
    },
  ],
])("nothing is applied again by %s", async (_, happens) => {
  const runs = await rolledBack();
  await runs.putAndSync(BAD);

  await happens(runs);

  expect(runs.budget()).toBe(1);
  expect((await runs.drift())?.resources).toBe(0);
});

test("a file that declares something else is applied, and its report says that the hold is over", async () => {
  const { putAndSync, budget, holds, lookAgain, record } = await rolledBack();

  const report = await putAndSync(amount(3));

  expect(report).toMatchObject({ outcome: "applied", holds: [{ is_over: true }] });
  expect(budget()).toBe(3);
  expect(await holds()).toEqual([]);
  expect(await lookAgain()).toBeUndefined();
  expect((await record())?.hold).toBeUndefined();
});

test("after resume the schedule applies what lies in the bucket", async () => {
  const { putAndSync, ledger, lookAgain, budget, told } = await rolledBack();
  await putAndSync(BAD);

  await endHolds(ledger, "search", { by: "bob", nowMs: 1 }, true);
  await lookAgain();

  expect(budget()).toBe(2);
  expect(await told()).toContain("Resumed: search");
});

test("a file that came since is removed from the bucket, and what it made stays", async () => {
  const { bucket, putAndSync, rollback, sync, textOf, gateway, budget, lookAgain } = setup();
  await putAndSync(GOOD);
  bucket.put(OTHER_KEY, other(7));
  await sync();

  const { putBack } = await rollback();
  await lookAgain();

  expect(putBack).toEqual([{ key: OTHER_KEY, done: "removed" }]);
  expect(await textOf(OTHER_KEY)).toBeUndefined();
  expect(gateway.visible().budgets).toHaveLength(2);
  const again = await putAndSync(other(7), {}, OTHER_KEY);
  expect(again?.manifests).toMatchObject([
    { key: MANIFEST_KEY, outcome: "unchanged" },
    { key: OTHER_KEY, outcome: "held" },
  ]);
  expect((await lookAgain())?.outcome).toBeUndefined();
  expect((await putAndSync(other(8), {}, OTHER_KEY))?.outcome).toBe("applied");
  expect(budget("other")).toBe(8);
});

test("a file that was deleted since is put back", async () => {
  const { bucket, putAndSync, rollback, sync, textOf } = setup();
  bucket.put(OTHER_KEY, other(7));
  await putAndSync(GOOD);
  bucket.delete(OTHER_KEY);
  await putAndSync(BAD);

  const { putBack } = await rollback();

  expect(putBack).toEqual([
    { key: MANIFEST_KEY, done: "put-back" },
    { key: OTHER_KEY, done: "put-back" },
  ]);
  expect(JSON.parse((await textOf(OTHER_KEY)) ?? "")).toEqual(other(7));
  expect((await sync())?.outcome).toBe("unchanged");
});

test("what was never in the bucket, as it was applied otherwise, is not put there", async () => {
  const { bucket, putAndSync, rollback, nextRun } = setup();
  await putAndSync(GOOD);
  await putAndSync(BAD);
  bucket.delete(MANIFEST_KEY);
  const elsewhere = shelf(bucket, { hadManifest: async () => false });

  const { putBack } = await rollback(elsewhere);

  expect(putBack).toEqual([]);
  expect(await bucket.readNewest(MANIFEST_KEY)).toBeUndefined();
  expect(nextRun().runId).toBe("run-4");
});

test("a file that is put during a rollback is left, and counts", async () => {
  const { bucket, putAndSync, rollback, sync, budget } = setup();
  await putAndSync(GOOD);
  await putAndSync(BAD);
  const meanwhile = shelf(bucket, {
    replaceManifest: (...args: Parameters<ManifestShelf["replaceManifest"]>) => {
      bucket.put(MANIFEST_KEY, amount(5));
      return bucket.replaceManifest(...args);
    },
  });

  const { putBack } = await rollback(meanwhile);
  const report = await sync();

  expect(putBack).toEqual([{ key: MANIFEST_KEY, done: "left" }]);
  expect(report?.outcome).toBe("applied");
  expect(budget()).toBe(5);
});

test("where the bucket cannot be written the gateway is back all the same, and held", async () => {
  const { bucket, putAndSync, rollback, lookAgain, budget } = setup();
  await putAndSync(GOOD);
  await putAndSync(BAD);
  const closed = shelf(bucket, {
    replaceManifest: async () => {
      throw new ExpectedError("retry", "AccessDenied");
    },
  });

  const { putBack } = await rollback(closed);
  const report = await lookAgain();

  expect(putBack).toEqual([{ key: MANIFEST_KEY, done: "failed", message: "AccessDenied" }]);
  expect(report?.manifests).toMatchObject([{ outcome: "held" }]);
  expect(budget()).toBe(1);
});

test("a rollback that is killed is brought to its end by the next look", async () => {
  const { gateway, putAndSync, rollback, lookAgain, budget, drift } = setup();
  await putAndSync(GOOD);
  await putAndSync(BAD);
  gateway.failOn("updateBudget", 1, new Killed());
  await expect(rollback()).rejects.toThrow(Killed);
  expect(budget()).toBe(2);

  const report = await lookAgain();

  expect(report?.manifests).toMatchObject([{ key: MANIFEST_KEY, outcome: "held" }]);
  expect(budget()).toBe(1);
  expect((await drift())?.resources).toBe(0);
});

test("a killed rollback of a rename is brought to its end by renaming back", async () => {
  const { gateway, putAndSync, rollback, lookAgain } = setup();
  await putAndSync(aManifest());
  await putAndSync(
    aManifest({ endpoints: [anEndpoint({ name: "talk", previous_name: "chat" })], budgets: [] }),
  );
  const [before] = gateway.visible().endpoints;
  gateway.failOn("updateEndpoint", 1, new Killed());
  await expect(rollback()).rejects.toThrow(Killed);

  await lookAgain();

  expect(gateway.visible().endpoints).toMatchObject([
    { name: "chat", endpoint_id: before?.endpoint_id },
  ]);
});

test("a rollback of a renamed model definition renames it back by its id", async () => {
  const { gateway, putAndSync, rollback, lookAgain } = setup();
  await putAndSync(aManifest());
  const [before] = gateway.visible().definitions;
  await putAndSync(
    aManifest({
      model_definitions: [aModelDefinition({ name: "large", previous_name: before?.name })],
      endpoints: [
        anEndpoint({
          models: [{ model_definition: "large", linkage_type: "PRIMARY", weight: 1 }],
        }),
      ],
    }),
  );

  expect(gateway.visible().definitions).toMatchObject([{ name: "large" }]);

  await rollback();
  await lookAgain();

  expect(gateway.visible().definitions).toMatchObject([
    { name: before?.name, model_definition_id: before?.model_definition_id },
  ]);
});

test("a put that waits is held off too: it was there when somebody went back", async () => {
  const { gateway, bucket, putAndSync, rollback, sync, budget } = setup();
  await putAndSync(GOOD);
  await putAndSync(BAD);
  gateway.failOn("updateBudget", 1, new ExpectedError("retry", "down"));
  await putAndSync(amount(3), { isLast: true });

  await rollback();
  bucket.put(MANIFEST_KEY, amount(3));
  const report = await sync();

  expect(report?.outcome).toBe("held");
  expect(budget()).not.toBe(3);
});

test("what a preview plans is what a put would do: it is held", async () => {
  const { bucket, nextRun } = await rolledBack();
  bucket.put("plans/search/gateway.yaml", BAD);

  const preview = await previewPlan(nextRun(), "plans/search/gateway.yaml", { isLast: false });

  expect(preview?.manifests).toMatchObject([{ outcome: "held" }]);
  expect(preview?.workspaces[0]?.changes).toEqual([]);
});

test("an owner whose state to go back to is lost stays as it is", async () => {
  const { bucket, putAndSync, budget } = await rolledBack();
  bucket.loseSnapshots();

  const report = await putAndSync(BAD);

  expect(report?.manifests).toMatchObject([{ outcome: "held" }]);
  expect(budget()).toBe(1);
});

test("what is held stays known when its state is no longer kept", async () => {
  const { nextRun, putAndSync, budget } = await rolledBack();
  for (let value = 11; value < 23; value += 1) await putAndSync(other(value), {}, OTHER_KEY);

  const report = await putAndSync(BAD);

  const kept = await snapshotRuns(nextRun(), "search", "default");
  expect(kept.map(({ run_id }) => run_id)).not.toContain("run-1");
  expect(report?.manifests).toMatchObject([{ outcome: "held" }, { outcome: "unchanged" }]);
  expect(budget("monthly")).toBe(1);
});

test("of another owner nothing is held", async () => {
  const { bucket, nextRun } = await rolledBack();
  bucket.put("manifests/ranking/gateway.yaml", {
    version: 1,
    budgets: [aBudget({ name: "all", target_scope: "GLOBAL", target_value: undefined })],
  });

  const report = await syncOwner(nextRun(), "ranking", {
    trigger: { kind: "manifest" },
    isLast: false,
  });

  expect(report).toMatchObject({ outcome: "applied" });
  expect(report?.holds).toBeUndefined();
});
