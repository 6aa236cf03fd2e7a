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
