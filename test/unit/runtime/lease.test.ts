import { expect, test } from "@jest/globals";
import type { Clock } from "#runtime/clock.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import {
  heldLeases,
  isHeld,
  LEASES,
  type LeaseDependencies,
  type RunPlace,
  takeAway,
  withLease,
} from "#runtime/lease.ts";
import { type Ledger, type LedgerKind, put } from "#runtime/ledger.ts";
import { ExpectedError } from "../../support/builders.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";
import { A_PLACE } from "../../support/places.ts";

const LEASE_MS = 60_000;
const LOOK_MS = 5000;

function setup(place = A_PLACE) {
  const ledger = new MemoryLedger();
  const clock = new FakeClock();
  const run = (runId: string, changes: Partial<LeaseDependencies> = {}): LeaseDependencies => ({
    ledger,
    clock,
    deadline: NO_DEADLINE,
    runId,
    place,
    ...changes,
  });
  /** Time goes by, and what is done meanwhile is done. */
  const pass = async (durationMs: number) => {
    for (let ms = 0; ms < durationMs; ms += LOOK_MS) {
      clock.advance(Math.min(LOOK_MS, durationMs - ms));
      await settled();
    }
  };
  const held = async () => {
    const stored = await ledger.read(LEASES, "secret/a");
    return stored && isHeld(stored.value, clock.nowMs()) ? stored.value : undefined;
  };
  return { ledger, clock, run, pass, held };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const nothing = () => Promise.resolve();

test("work is done while the lease is held, and the lease is given back", async () => {
  const { clock, run, held } = setup();

  const result = await withLease("secret/a", run("run-1"), async () => {
    expect(await held()).toEqual({
      holder: { run_id: "run-1", by: "ada@laptop", host: "laptop", process_id: 4711 },
      since_ms: clock.nowMs(),
      expires_at_ms: clock.nowMs() + LEASE_MS,
    });
    return "done";
  });

  expect(result).toBe("done");
  expect(await held()).toBeUndefined();
});

test("a lease that is held is refused to others, who may try again", async () => {
  const { run } = setup();
  let isDone = false;

  await withLease("secret/a", run("run-1"), async () => {
    await expect(
      withLease("secret/a", run("run-2"), () => {
        isDone = true;
        return nothing();
      }),
    ).rejects.toMatchObject({
      code: "lease-held",
      disposition: "retry",
      message:
        "another run is writing: ada@laptop (run run-1, process 4711 on laptop) holds the lease " +
        "secret/a since 2026-11-23T12:00:00.000Z. Wait until it ends; if it was killed, its lease " +
        "runs out within 60 s, and gwops unlock takes it away at once",
      retryAfterMs: LEASE_MS,
    });
  });

  expect(isDone).toBe(false);
  await expect(withLease("secret/a", run("run-2"), nothing)).resolves.toBeUndefined();
});

test("leases of different names do not concern each other", async () => {
  const { run } = setup();

  await withLease("secret/a", run("run-1"), () => withLease("secret/b", run("run-2"), nothing));
});

test("a lease is given back when the work fails", async () => {
  const { run, held } = setup();
  const fail = () => Promise.reject(new Error("the work failed"));

  await expect(withLease("secret/a", run("run-1"), fail)).rejects.toThrow("the work failed");

  expect(await held()).toBeUndefined();
});

test("the lease of a holder that was killed runs out after a minute, not before", async () => {
  const { clock, run } = setup();
  const killed = withoutTimers(clock);
  const never = new Promise<void>(() => undefined);
  void withLease("secret/a", run("run-1", { clock: killed }), () => never);
  await settled();

  clock.advance(LEASE_MS - 1);
  await expect(withLease("secret/a", run("run-2"), nothing)).rejects.toThrow("run-1");
  clock.advance(1);

  await expect(withLease("secret/a", run("run-2"), nothing)).resolves.toBeUndefined();
});

test("the lease of a process that is gone is taken over at once, that of another is not", async () => {
  const { run, held } = setup();
  const isGone = ({ process_id }: RunPlace) => process_id === A_PLACE.process_id;
  const another = { ...A_PLACE, process_id: 4712 };
  const never = new Promise<void>(() => undefined);
  void withLease("secret/a", run("run-1"), () => never);
  void withLease("secret/b", run("run-1", { place: another }), () => never);
  await settled();

  await expect(withLease("secret/a", run("run-2", { isGone }), nothing)).resolves.toBeUndefined();
  await expect(withLease("secret/b", run("run-2", { isGone }), nothing)).rejects.toThrow("4712");
  expect(await held()).toBeUndefined();
});

test("long work keeps its lease, which is renewed every 15 s", async () => {
  const { ledger, run, pass, held } = setup();

  await withLease("secret/a", run("run-1"), async ({ deadline }) => {
    await pass(20 * LEASE_MS);

    expect(deadline.leftMs()).toBe(Number.POSITIVE_INFINITY);
    expect(await held()).toMatchObject({ holder: { run_id: "run-1" } });
    await expect(withLease("secret/a", run("run-2"), nothing)).rejects.toThrow("run-1");
  });

  // Taken, renewed four times a minute, given back.
  expect(ledger.written).toHaveLength(1 + 20 * 4 + 1);
  expect(await held()).toBeUndefined();
});

test("a renewal that fails is tried again, and only after 55 s the lease counts as lost", async () => {
  const { run, pass } = setup();
  const { ledger, fail } = failing();

  await withLease("secret/a", run("run-1", { ledger }), async ({ deadline }) => {
    await pass(2 * LEASE_MS);
    fail(true);
    await pass(45_000);
    fail(false);
    await pass(LOOK_MS);
    fail(true);
    await pass(50_000);
    expect(deadline.signal.aborted).toBe(false);
    await pass(LOOK_MS);

    expect(deadline.leftMs()).toBe(0);
    expect(deadline.signal.reason).toMatchObject({
      code: "lease-lost",
      disposition: "retry",
      message: "the lease secret/a was lost: it could not be renewed in time",
    });
  });
});

test("a lease that was taken away is lost with the next renewal, and is not taken back", async () => {
  const { ledger, clock, run, pass, held } = setup();

  await withLease("secret/a", run("run-1"), async ({ deadline }) => {
    const [stored] = await heldLeases(ledger, clock.nowMs());
    if (!stored) throw new Error("nothing is held");
    expect(await takeAway(ledger, clock, "secret/a", stored.value)).toBe(true);
    expect(await takeAway(ledger, clock, "secret/a", stored.value)).toBe(false);
    await withLease("secret/a", run("run-2"), async (second) => {
      await pass(15_000);

      expect(deadline.leftMs()).toBe(0);
      expect(deadline.signal.reason).toMatchObject({
        message: "the lease secret/a was lost: it was taken away",
      });
      expect(second.deadline.signal.aborted).toBe(false);
    });
  });

  expect(await held()).toBeUndefined();
});

test("a renewal of which the answer was lost is no loss of the lease", async () => {
  const { clock, run, pass } = setup();
  const { ledger, loseAnswers } = failing();

  await withLease("secret/a", run("run-1", { ledger }), async ({ deadline }) => {
    loseAnswers(true);
    await pass(15_000);
    loseAnswers(false);
    await pass(5 * LEASE_MS);

    expect(deadline.signal.aborted).toBe(false);
    expect((await ledger.read(LEASES, "secret/a"))?.value.expires_at_ms).toBeGreaterThan(
      clock.nowMs(),
    );
  });
});

test("a machine that slept begins nothing with a lease that ran out meanwhile", async () => {
  const { clock, run } = setup();
  const slept = withoutTimers(clock);

  await withLease("secret/a", run("run-1", { clock: slept }), async ({ deadline }) => {
    clock.advance(LEASE_MS - LOOK_MS);

    expect(deadline.leftMs()).toBe(0);
  });
});

const NOTES: LedgerKind<string> = { name: "note", version: 1 };

test.each(["ran out while the machine slept", "was taken away by somebody"])(
  "of a run whose lease %s nothing is written, before it knows and after",
  async (how) => {
    const { ledger, clock, run, pass } = setup();
    const holder = how.startsWith("ran out") ? withoutTimers(clock) : clock;

    await withLease("secret/a", run("run-1", { clock: holder }), async (held) => {
      expect(await held.ledger.commit([put(NOTES, "one", "first", undefined)])).toBe(true);
      if (holder !== clock) clock.advance(LEASE_MS);
      const [stored] = await heldLeases(ledger, clock.nowMs());
      if (stored) await takeAway(ledger, clock, "secret/a", stored.value);
      await withLease("secret/a", run("run-2"), async (second) => {
        const late = () => held.ledger.commit([put(NOTES, "two", "late", undefined)]);
        await expect(late()).rejects.toMatchObject({ code: "lease-lost", disposition: "retry" });
        await expect(held.ledger.commit([])).rejects.toMatchObject({ code: "lease-lost" });
        expect(await second.ledger.commit([put(NOTES, "three", "second", undefined)])).toBe(true);
        await pass(15_000);
        await expect(late()).rejects.toMatchObject({ code: "lease-lost" });
      });
    });

    expect((await ledger.list(NOTES)).map(({ id }) => id)).toEqual(["one", "three"]);
  },
);

test("a record that somebody else wrote is refused as ever, and the lease stays", async () => {
  const { ledger, run, held } = setup();
  await ledger.commit([put(NOTES, "one", "theirs", undefined)]);

  await withLease("secret/a", run("run-1"), async (dependencies) => {
    expect(await dependencies.ledger.commit([put(NOTES, "one", "ours", undefined)])).toBe(false);
    expect(await dependencies.ledger.commit([put(NOTES, "two", "ours", undefined)])).toBe(true);
    expect(await held()).toMatchObject({ holder: { run_id: "run-1" } });
  });
});

test("many commits at once, and renewals between them, are no hindrance to each other", async () => {
  const { ledger, run, pass } = setup();
  const ids = Array.from({ length: 20 }, (_, index) => `note-${index}`);

  await withLease("secret/a", run("run-1"), async (held) => {
    const commits: Promise<boolean>[] = [];
    for (const id of ids) {
      // A renewal is due on the way: the commit comes in the middle of it, or before.
      const passing = pass(15_000);
      commits.push(held.ledger.commit([put(NOTES, id, id, undefined)]));
      await passing;
    }
    expect(await Promise.all(commits)).toEqual(ids.map(() => true));
  });

  expect(await ledger.list(NOTES)).toHaveLength(ids.length);
});

test("a commit of which the answer was lost is no loss of the lease", async () => {
  const { run } = setup();
  const { ledger, loseAnswers } = failing();

  await withLease("secret/a", run("run-1", { ledger }), async (held) => {
    loseAnswers(true);
    const lost = held.ledger.commit([put(NOTES, "one", "first", undefined)]);
    await expect(lost).rejects.toMatchObject({ disposition: "retry" });
    loseAnswers(false);

    expect(await held.ledger.commit([put(NOTES, "two", "second", undefined)])).toBe(true);
  });

  expect((await ledger.list(NOTES)).map(({ id }) => id)).toEqual(["one", "two"]);
});

test("a lease within a lease goes with it: of neither anything is written any more", async () => {
  const { ledger, clock, run } = setup();

  await withLease("sync", run("run-1"), (outer) =>
    withLease("secret/a", outer, async (inner) => {
      const leases = await heldLeases(ledger, clock.nowMs());
      const sync = leases.find(({ id }) => id === "sync");
      if (sync) await takeAway(ledger, clock, "sync", sync.value);

      const late = inner.ledger.commit([put(NOTES, "one", "late", undefined)]);
      await expect(late).rejects.toMatchObject({ message: expect.stringContaining("sync") });
    }),
  );

  expect(await ledger.list(NOTES)).toEqual([]);
});

test("a lease that cannot be given back runs out, and does not spoil what was done", async () => {
  const { run } = setup();
  const { ledger, fail } = failing();

  const result = await withLease("secret/a", run("run-1", { ledger }), async () => {
    fail(true);
    return "done";
  });

  expect(result).toBe("done");
});

/** Of a process that does not get to do anything. */
function withoutTimers(clock: FakeClock): Clock {
  return {
    nowMs: () => clock.nowMs(),
    sleep: (durationMs) => clock.sleep(durationMs),
    every: () => () => undefined,
  };
}

/** A ledger that cannot be reached, or of which the answers get lost, when it is told so. */
function failing() {
  const memory = new MemoryLedger();
  const state = { isDown: false, isLosing: false };
  const ledger: Ledger = {
    read: async (kind, id) => {
      if (state.isDown) throw new ExpectedError("retry");
      return memory.read(kind, id);
    },
    list: (kind) => memory.list(kind),
    commit: async (writes) => {
      if (state.isDown) throw new ExpectedError("retry");
      const isDone = await memory.commit(writes);
      if (state.isLosing) throw new ExpectedError("retry");
      return isDone;
    },
  };
  return {
    ledger,
    fail: (isDown: boolean) => void Object.assign(state, { isDown }),
    loseAnswers: (isLosing: boolean) => void Object.assign(state, { isLosing }),
  };
}

test("of two runs that want a free lease at once only one does the work", async () => {
  const { run } = setup();
  let count = 0;
  const work = async () => {
    count += 1;
    await new Promise((resolve) => setImmediate(resolve));
  };

  const results = await Promise.allSettled([
    withLease("secret/a", run("run-1"), work),
    withLease("secret/a", run("run-2"), work),
  ]);

  expect(count).toBe(1);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

test.each([
  ["of ours", new ExpectedError("retry", "no ledger")],
  ["of the SDK", Object.assign(new Error("socket hang up"), { name: "TimeoutError" })],
  ["a defect", new TypeError("a defect")],
  ["no error at all", "thrown"],
])("a lease that cannot be given back is told and replaces no result: %s", async (_, failure) => {
  const { run } = setup();
  const told: unknown[][] = [];
  const ledger = new MemoryLedger();
  const commit = ledger.commit.bind(ledger);
  const during = (result: () => Promise<string>) => {
    const broken = Object.assign(ledger, { commit });
    const changes = { ledger: broken, onLeaseLeft: (...facts: unknown[]) => void told.push(facts) };
    return withLease(`secret/${told.length}`, run("run-1", changes), () => {
      broken.commit = () => Promise.reject(failure);
      return result();
    });
  };

  await expect(during(() => Promise.resolve("done"))).resolves.toBe("done");
  await expect(during(() => Promise.reject(new Error("the work failed")))).rejects.toThrow(
    "the work failed",
  );

  expect(told).toEqual([
    ["secret/0", failure],
    ["secret/1", failure],
  ]);
});
