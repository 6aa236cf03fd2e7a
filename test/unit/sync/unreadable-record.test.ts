import { expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import type { LedgerKind } from "#runtime/ledger.ts";
import { detectDrift } from "#sync/drift.ts";
import { aManifest, aSecret } from "../../support/builders.ts";
import { syncRuns } from "../../support/sync-setup.ts";

const OTHER = "manifests/other/gateway.yaml";

/** Two owners with manifests, of which nothing is applied yet. */
function setup() {
  const runs = syncRuns();
  runs.source.put("other/key", "value-two", { owner: "other" });
  const other = {
    version: 1,
    secrets: [aSecret({ name: "other", value_from: { secrets_manager: "other/key" } })],
  };
  return { ...runs, other };
}

function kind(name: string): LedgerKind<unknown> {
  return { name, version: 1 };
}

const OF_OTHERS: [string, string][] = [
  ["manifest", OTHER],
  ["applied", "default/other"],
  ["intent", "default/other/0"],
  ["intent", "elsewhere/search/0"],
  ["secret", "elsewhere/openai-prod"],
  ["experiment", "elsewhere/traces"],
  ["budget", "bp-of-another"],
];

test.each(OF_OTHERS)(
  "a record %s of others that cannot be read stops nobody else: %s",
  async (...record) => {
    const [name, id] = record;
    const { ledger, putAndSync, lookAgain } = setup();
    ledger.scribble(kind(name), id, "{");

    const report = await putAndSync(aManifest());

    expect(report).toMatchObject({ owner: "search", outcome: "applied" });
    expect(await lookAgain()).toBeUndefined();
  },
);

test.each([
  ["manifest", OTHER],
  ["applied", "default/other"],
  ["intent", "default/other/0"],
])("a record %s of one's own that cannot be read is named: %s", async (name, id) => {
  const { ledger, other, putAndSync, gateway } = setup();
  ledger.scribble(kind(name), id, "{");

  const result = putAndSync(other, { owner: "other" }, OTHER);

  await expect(result).rejects.toMatchObject({
    code: "unreadable-record",
    message: expect.stringContaining(`${name} ${id}`),
  });
  expect(gateway.writes()).toEqual([]);
});

test("drift is looked for beside a record that cannot be read, which is told of", async () => {
  const { ledger, nextRun, putAndSync } = setup();
  await putAndSync(aManifest());
  ledger.scribble(kind("applied"), "default/other", "{");
  const run = { ...nextRun(), deadline: NO_DEADLINE };

  const drifts = await detectDrift(run, { heal: false, isLast: true });

  expect(drifts).toMatchObject([
    { owner: "other", error: { code: "unreadable-record" } },
    { owner: "search", resources: 0 },
  ]);
  await expect(detectDrift(run, { heal: false, isLast: false })).rejects.toThrow("default/other");
});
