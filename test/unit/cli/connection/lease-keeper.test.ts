import { expect, test } from "@jest/globals";
import type { Backend } from "#cli/backend.ts";
import { leaseKeeper } from "#cli/connection/lease-keeper.ts";
import { withSyncLease } from "#sync/sync.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryLedger } from "../../../support/memory-ledger.ts";

const MINUTE_MS = 60_000;

function dependenciesOf(runId: string, ledger: MemoryLedger, clock: FakeClock) {
  return { ledger, clock, runId } as unknown as Backend["dependencies"];
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("long work keeps its lease as long as it goes on", async () => {
  const [ledger, clock] = [new MemoryLedger(), new FakeClock()];
  const dependencies = dependenciesOf("run-1", ledger, clock);

  await withSyncLease(dependencies, async () => {
    const { keep, isLost } = leaseKeeper(dependencies);
    for (let minute = 0; minute < 20; minute += 1) {
      clock.advance(MINUTE_MS);
      keep();
      await settled();
    }

    expect(isLost()).toBe(false);
    const other = dependenciesOf("run-2", ledger, clock);
    await expect(withSyncLease(other, async () => undefined)).rejects.toThrow("run-1");
  });
});

test("work that did not go on for long finds its lease lost", async () => {
  const [ledger, clock] = [new MemoryLedger(), new FakeClock()];
  const dependencies = dependenciesOf("run-1", ledger, clock);

  await withSyncLease(dependencies, async () => {
    const { keep, isLost } = leaseKeeper(dependencies);
    clock.advance(10 * MINUTE_MS);
    await withSyncLease(dependenciesOf("run-2", ledger, clock), async () => {
      keep();
      await settled();
    });

    expect(isLost()).toBe(true);
  });
});

test("a ledger that cannot be written counts as lost", async () => {
  const [ledger, clock] = [new MemoryLedger(), new FakeClock()];
  const dependencies = dependenciesOf("run-1", ledger, clock);

  await withSyncLease(dependencies, async () => {
    const { keep, isLost } = leaseKeeper(dependencies);
    clock.advance(MINUTE_MS);
    ledger.refuseNext(1);
    keep();
    await settled();

    expect(isLost()).toBe(true);
  });
});
