import { expect, test } from "@jest/globals";
import type { Manifest } from "#manifest/types.ts";
import type { Clock } from "#runtime/clock.ts";
import { heldLeases, takeAway } from "#runtime/lease.ts";
import { detectDrift } from "#sync/drift.ts";
import type { RunReport } from "#sync/report/report.ts";
import { syncOwner, withSyncLease } from "#sync/sync.ts";
import { aBudget, aModelDefinition, anEndpoint, aSecret } from "../../support/builders.ts";
import type { FakeClock } from "../../support/fake-clock.ts";
import { MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

const MANIFEST: Manifest = {
  version: 1,
  secrets: [aSecret()],
  model_definitions: [aModelDefinition()],
  endpoints: [anEndpoint()],
  budgets: [aBudget()],
};

/** What a run writes for itself alone: everything that a later run reads. */
const KINDS = ["applied", "intent", "manifest", "budget", "secret", "run", "drift"] as const;

type Loss = "its machine slept" | "somebody took it away";
type Group = "endpoints" | "budgets" | "modelDefinitions";

/** Everything applied once; then a run that loses its lease in the middle of a call. */
async function setup() {
  const runs = syncRuns({ prune: true });
  expect((await runs.putAndSync(MANIFEST))?.outcome).toBe("applied");
  const { gateway, ledger, bucket, clock, nextRun, sync, drift } = runs;
  const kept = async () => {
    const records = await Promise.all(KINDS.map((name) => ledger.list({ name, version: 1 })));
    const lists = await ledger.list<{ snapshots: { reference: string }[] }>({
      name: "applied",
      version: 1,
    });
    const references = lists.flatMap(({ value }) => value.snapshots.map((one) => one.reference));
    const snapshots = await Promise.all(references.map((one) => bucket.readSnapshot(one)));
    return JSON.stringify({ records, snapshots }, undefined, 1);
  };
  const lose = async (how: Loss) => {
    if (how === "its machine slept") return clock.advance(10 * 60_000);
    for (const { id, value } of await heldLeases(ledger, clock.nowMs())) {
      await takeAway(ledger, clock, id, value);
    }
  };
  /** During the first such call the lease is lost, and `meanwhile` is what others do then. */
  const losing = async (
    how: Loss,
    [group, operation]: readonly [Group, string],
    meanwhile: () => Promise<unknown>,
    work: "sync" | "heal" | "drift" = "sync",
  ) => {
    const calls = gateway[group] as unknown as Record<string, (given: unknown) => Promise<unknown>>;
    const call = calls[operation];
    if (!call) throw new Error(`there is no ${operation}`);
    let after = "";
    calls[operation] = async (given) => {
      calls[operation] = call;
      await lose(how);
      await meanwhile();
      after = await kept();
      return call(given);
    };
    const run = { ...nextRun(), clock: how === "its machine slept" ? asleep(clock) : clock };
    const end =
      work === "sync"
        ? syncOwner(run, "search", { trigger: { kind: "manifest" }, isLast: false })
        : withSyncLease(run, (held) => detectDrift(held, { heal: work === "heal", isLast: false }));
    await expect(end).rejects.toMatchObject({ code: "lease-lost", disposition: "retry" });
    expect(after).not.toBe("");
    return after;
  };
  const put = (manifest: unknown) => bucket.put(MANIFEST_KEY, manifest);
  return { ...runs, kept, losing, put, sync, drift };
}

/** Of a process that does not get to do anything. */
function asleep(clock: FakeClock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    sleep: (durationMs) => clock.sleep(durationMs),
    every: () => () => undefined,
  };
}

function changesIn(report: RunReport | undefined): string[] {
  return (report?.workspaces ?? []).flatMap((plan) =>
    plan.changes.map(({ action, key }) => `${action} ${key}`),
  );
}

const OTHER = anEndpoint({ name: "other" });
const LOSSES: readonly Loss[] = ["its machine slept", "somebody took it away"];

test.each(LOSSES)(
  "a run that lost its lease (%s) overwrites nothing of a newer version",
  async (how) => {
    const { losing, put, sync, kept, drift, lookAgain } = await setup();
    put({ ...MANIFEST, endpoints: [anEndpoint(), OTHER] });

    const after = await losing(how, ["endpoints", "create"], async () => {
      put({ ...MANIFEST, endpoints: [anEndpoint({ tags: { team: "new" } })] });
      expect((await sync())?.outcome).toBe("applied");
    });

    expect(await kept()).toBe(after);
    // Its message comes again: all is settled.
    expect(await sync()).toBeUndefined();
    expect(await lookAgain()).toBeUndefined();
    expect(await drift()).toMatchObject({ resources: 0 });
  },
);

test.each(LOSSES)("nor of one that went back to what was before (%s)", async (how) => {
  const { losing, put, sync, kept } = await setup();
  put({ ...MANIFEST, endpoints: [anEndpoint(), OTHER] });

  const after = await losing(how, ["endpoints", "create"], async () => {
    put({ ...MANIFEST });
    await sync();
  });

  expect(await kept()).toBe(after);
});

test.each(LOSSES)("nor of one that did the same work to its end (%s)", async (how) => {
  const { losing, put, sync, kept, gateway } = await setup();
  put({ ...MANIFEST, budgets: [aBudget({ budget_amount: 7, alerts: { thresholds: [0.3] } })] });

  const after = await losing(how, ["budgets", "update"], async () => {
    await sync();
    put({ ...MANIFEST, budgets: [aBudget({ budget_amount: 9, alerts: { thresholds: [0.9] } })] });
    await sync();
  });

  expect(await kept()).toBe(after);
  expect(gateway.visible().budgets).toHaveLength(1);
});

test.each(LOSSES)("nor of a drift that another run healed (%s)", async (how) => {
  const { losing, kept, gateway, drift } = await setup();
  const endpoint_id = gateway.visible().endpoints[0]?.endpoint_id ?? "";
  for (const { budget_policy_id } of gateway.visible().budgets) {
    await gateway.budgets.delete({ budget_policy_id });
  }
  await gateway.endpoints.delete({ endpoint_id });

  const heal = () => drift({ heal: true });
  const after = await losing(how, ["endpoints", "create"], heal, "heal");

  expect(await kept()).toBe(after);
});

test.each(LOSSES)("nor does it tell anything, if it was planning (%s)", async (how) => {
  const { losing, put, sync, bucket, kept } = await setup();
  put({ ...MANIFEST, endpoints: [anEndpoint(), OTHER] });

  const after = await losing(how, ["endpoints", "list"], () => sync());

  expect(await kept()).toBe(after);
  expect(bucket.reports.at(-1)).toMatchObject({ outcome: "applied" });
});

test.each(LOSSES)("nor is drift told that another run healed meanwhile (%s)", async (how) => {
  const { losing, gateway, bucket, drift, kept } = await setup();
  for (const { budget_policy_id } of gateway.visible().budgets) {
    await gateway.budgets.delete({ budget_policy_id });
  }

  const heal = () => drift({ heal: true });
  const after = await losing(how, ["endpoints", "list"], heal, "drift");

  expect(await kept()).toBe(after);
  expect(bucket.reports.at(-1)).toMatchObject({ outcome: "applied" });
});

test.each(LOSSES)("what it made is found by the next run, and not made twice (%s)", async (how) => {
  const { losing, put, sync, gateway } = await setup();
  put({ ...MANIFEST, endpoints: [anEndpoint(), OTHER] });

  await losing(how, ["endpoints", "create"], async () => undefined);
  const report = await sync();

  expect(report?.outcome).toBe("applied");
  expect(changesIn(report)).not.toContain("create endpoint/other");
  expect(
    gateway
      .visible()
      .endpoints.map(({ name }) => name)
      .sort(),
  ).toEqual(["chat", "other"]);
});
