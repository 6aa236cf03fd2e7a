import { expect, test } from "@jest/globals";
import { detectDrift } from "#sync/drift.ts";
import { aManifest, anEndpoint, aSecret } from "../../../support/builders.ts";
import { syncRuns } from "../../../support/sync-setup.ts";

const OTHER = "manifests/other/gateway.yaml";

/** Two owners, whose manifests are applied. */
async function setup() {
  const runs = syncRuns();
  runs.source.put("other/key", "value-two", { owner: "other" });
  await runs.putAndSync(aManifest());
  const other = {
    version: 1,
    secrets: [aSecret({ name: "other", value_from: { secrets_manager: "other/key" } })],
  };
  await runs.putAndSync(other, { owner: "other" }, OTHER);
  return { ...runs, other };
}

test.each(["", "{", '{"version":1,"owned":3}'])(
  "a damaged snapshot makes its owner's files pending with one sentence, and stops nobody else: '%s'",
  async (text) => {
    const { bucket, gateway, other, putAndSync, record } = await setup();
    bucket.damageSnapshot("other", text);
    const before = gateway.writes().length;
    const changed = aManifest({ endpoints: [anEndpoint({ tags: { team: "ads" } })] });

    const hurt = await putAndSync(
      `${JSON.stringify(other)}\n`,
      { owner: "other", isLast: true },
      OTHER,
    );
    const writes = gateway.writes().length;
    const report = await putAndSync(changed);

    expect(hurt).toMatchObject({ outcome: "pending", error: { code: "damaged-snapshot" } });
    expect(writes).toBe(before);
    expect(await record(OTHER)).toMatchObject({ status: "pending" });
    expect(report).toMatchObject({ owner: "search", outcome: "applied" });
  },
);

test("drift of others is looked for beside a damaged snapshot, and once it is away all goes on", async () => {
  const { bucket, nextRun, putAndSync, other, lookAgain, sync } = await setup();
  bucket.damageSnapshot("other", "{");

  const drifts = await detectDrift(nextRun(), { heal: false, isLast: true });
  bucket.loseSnapshots();
  const adopted = await putAndSync(
    `${JSON.stringify(other)}\n`,
    { owner: "other", isLast: true },
    OTHER,
  );

  expect(drifts).toMatchObject([
    { owner: "other", error: { code: "damaged-snapshot" } },
    { owner: "search", resources: 0 },
  ]);
  expect(["applied", "unchanged"]).toContain(adopted?.outcome);
  expect(await lookAgain()).toBeUndefined();
  expect(await sync({ owner: "other" })).toBeUndefined();
});
