import { expect, test } from "@jest/globals";
import { renewLease, withLease } from "#runtime/lease.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

const LEASES = { name: "lease", version: 1 };
const DURATION_MS = 60_000;

function setup() {
  const ledger = new MemoryLedger();
  const clock = new FakeClock();
  const options = (holder: string) => ({ ledger, clock, holder, durationMs: DURATION_MS });
  return { ledger, clock, options };
}

const nothing = () => Promise.resolve();

test("work is done while the lease is held, and the lease is given back", async () => {
  const { ledger, clock, options } = setup();

  const result = await withLease("secret/a", options("run-1"), async () => {
    const held = await ledger.read(LEASES, "secret/a");
    expect(held?.value).toEqual({ holder: "run-1", expiresAtMs: clock.nowMs() + DURATION_MS });
    return "done";
  });

  expect(result).toBe("done");
  expect(await ledger.list(LEASES)).toEqual([]);
});

test("a lease that is held is refused to others, who may try again", async () => {
  const { options } = setup();
  let isDone = false;

  await withLease("secret/a", options("run-1"), async () => {
    await expect(
      withLease("secret/a", options("run-2"), () => {
        isDone = true;
        return nothing();
      }),
    ).rejects.toMatchObject({
      code: "lease-held",
      disposition: "retry",
      message: "secret/a is being written by run-1",
    });
  });

  expect(isDone).toBe(false);
  await expect(withLease("secret/a", options("run-2"), nothing)).resolves.toBeUndefined();
});

test("leases of different names do not concern each other", async () => {
  const { options } = setup();

  await withLease("secret/a", options("run-1"), () =>
    withLease("secret/b", options("run-2"), nothing),
  );
});

test("a lease is given back when the work fails", async () => {
  const { ledger, options } = setup();
  const fail = () => Promise.reject(new Error("the work failed"));

  await expect(withLease("secret/a", options("run-1"), fail)).rejects.toThrow("the work failed");

  expect(await ledger.list(LEASES)).toEqual([]);
});

test("the lease of a holder that was killed lapses after its duration, not before", async () => {
  const { clock, options } = setup();
  const killed = withLease("secret/a", options("run-1"), () => new Promise<void>(() => undefined));
  killed.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));

  clock.advance(DURATION_MS - 1);
  await expect(withLease("secret/a", options("run-2"), nothing)).rejects.toThrow("run-1");
  clock.advance(1);

  await expect(withLease("secret/a", options("run-2"), nothing)).resolves.toBeUndefined();
});

test("a holder whose lease lapsed does not give back the lease of its successor", async () => {
  const { ledger, clock, options } = setup();
  const first = gate();
  const second = gate();
  const firstRun = withLease("secret/a", options("run-1"), () => first.opened);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(DURATION_MS);
  const secondRun = withLease("secret/a", options("run-2"), () => second.opened);
  await new Promise((resolve) => setImmediate(resolve));

  first.open();
  await firstRun;

  expect((await ledger.read(LEASES, "secret/a"))?.value).toMatchObject({ holder: "run-2" });
  second.open();
  await secondRun;
  expect(await ledger.list(LEASES)).toEqual([]);
});

test("of two runs that want a free lease at once only one does the work", async () => {
  const { options } = setup();
  let count = 0;
  const work = async () => {
    count += 1;
    await new Promise((resolve) => setImmediate(resolve));
  };

  const results = await Promise.allSettled([
    withLease("secret/a", options("run-1"), work),
    withLease("secret/a", options("run-2"), work),
  ]);

  expect(count).toBe(1);
  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
});

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

test("a lease can be renewed by who holds it, and by nobody else", async () => {
  const { ledger, clock, options } = setup();

  await withLease("secret/a", options("run-1"), async () => {
    clock.advance(DURATION_MS - 1);
    expect(await renewLease("secret/a", options("run-2"))).toBe(false);
    expect(await renewLease("secret/a", options("run-1"))).toBe(true);
    const held = await ledger.read(LEASES, "secret/a");
    expect(held?.value).toEqual({ holder: "run-1", expiresAtMs: clock.nowMs() + DURATION_MS });
  });

  expect(await renewLease("secret/a", options("run-1"))).toBe(false);
});
