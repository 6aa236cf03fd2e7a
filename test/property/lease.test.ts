import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Clock } from "#runtime/clock.ts";
import { type Deadline, NO_DEADLINE } from "#runtime/deadline.ts";
import { LeaseHeldError } from "#runtime/errors.ts";
import { withLease } from "#runtime/lease.ts";
import type { Ledger } from "#runtime/ledger.ts";
import { ExpectedError } from "../support/builders.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { MemoryLedger } from "../support/memory-ledger.ts";
import { A_PLACE } from "../support/places.ts";

const RUNS = 1000;

/** What happens in the world, in any order with what the runs ask and are answered. */
type Happening =
  | { readonly is: "time"; readonly ms: number }
  /** A timer that was due meanwhile comes later: all machines slept. */
  | { readonly is: "jump"; readonly ms: number }
  | { readonly is: "begin" | "end"; readonly run: number }
  /** A run gets to do nothing: its machine sleeps, or its function is frozen. */
  | { readonly is: "frozen"; readonly run: number; readonly isFrozen: boolean }
  /** What a run asks of the ledger fails, or gets through and its answer is lost. */
  | { readonly is: "ledger"; readonly run: number; readonly state: LedgerState };

type LedgerState = "up" | "down" | "losing answers";

const run = fc.constantFrom(0, 1);
const is = <T extends string>(...names: T[]) => fc.constantFrom(...names);

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ is: is("time"), ms: fc.integer({ min: 5000, max: 20_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ is: is("jump"), ms: fc.nat(90_000) }) },
  { weight: 4, arbitrary: fc.record({ is: is("begin"), run }) },
  { weight: 1, arbitrary: fc.record({ is: is("end"), run }) },
  { weight: 1, arbitrary: fc.record({ is: is("frozen"), run, isFrozen: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: is("ledger"),
      run,
      state: is<LedgerState>("up", "down", "losing answers"),
    }),
  },
);

test("over any interleaving of two runs at most one may write, and whoever lost the lease never again", async () => {
  let takenCount = 0;
  let lostCount = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(happening, { minLength: 20, maxLength: 80 }),
      async (s, all) => {
        const world = new World(s);
        s.scheduleSequence(all.map((one) => async () => world.happen(one)));
        await s.waitIdle();
        takenCount += world.takenCount;
        lostCount += world.lostCount;
        expect(world.problems).toEqual([]);
      },
    ),
    { numRuns: RUNS },
  );
  // Else nothing was shown.
  expect(takenCount).toBeGreaterThan(RUNS / 3);
  expect(lostCount).toBeGreaterThan(RUNS / 10);
});

/** Two runs that want the same lease again and again, over one ledger. */
class World {
  readonly problems: string[] = [];
  takenCount = 0;
  readonly #scheduler: fc.Scheduler;
  readonly #clock = new FakeClock();
  readonly #memory = new MemoryLedger();
  readonly #runs = [0, 1].map((number) => new Run(number));
  /** Deadlines of leases that were seen to be lost. */
  readonly #lost = new Set<Deadline>();
  #jumpedMs = 0;

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler;
  }

  get lostCount(): number {
    return this.#lost.size;
  }

  happen(one: Happening): void {
    if (one.is === "time") this.#clock.advance(one.ms);
    else if (one.is === "jump") this.#jumpedMs += one.ms;
    else {
      const actor = this.#runs[one.run];
      if (actor && one.is === "begin") void this.#begin(actor);
      else if (one.is === "end") actor?.end();
      else if (actor) Object.assign(actor, one);
    }
    this.#check();
  }

  async #begin(actor: Run): Promise<void> {
    if (actor.isBusy || actor.isFrozen) return;
    actor.isBusy = true;
    actor.begun += 1;
    const dependencies = {
      ledger: this.#ledgerOf(actor),
      clock: this.#clockOf(actor),
      deadline: NO_DEADLINE,
      runId: `run-${actor.number}-${actor.begun}`,
      place: { ...A_PLACE, process_id: actor.number },
    };
    try {
      await withLease("sync", dependencies, async ({ deadline }) => {
        actor.held = deadline;
        this.takenCount += 1;
        await new Promise<void>((resolve) => {
          actor.end = resolve;
        });
        actor.held = undefined;
      });
    } catch (error) {
      if (!(error instanceof LeaseHeldError || error instanceof ExpectedError)) throw error;
    }
    actor.isBusy = false;
  }

  #clockOf(actor: Run): Clock {
    return {
      nowMs: () => this.#clock.nowMs() + this.#jumpedMs,
      sleep: (durationMs) => this.#clock.sleep(durationMs),
      every: (ms, act) => this.#clock.every(ms, () => (actor.isFrozen ? undefined : act())),
    };
  }

  #ledgerOf(actor: Run): Ledger {
    const answered = async <T>(ask: () => Promise<T>): Promise<T> => {
      await this.#scheduler.schedule(Promise.resolve(), `run ${actor.number} asks`);
      if (actor.state === "down") throw new ExpectedError("retry");
      const answer = await ask();
      await this.#scheduler.schedule(Promise.resolve(), `run ${actor.number} is answered`);
      this.#check();
      if (actor.state === "losing answers") throw new ExpectedError("retry");
      return answer;
    };
    return {
      read: (kind, id) => answered(() => this.#memory.read(kind, id)),
      list: (kind) => this.#memory.list(kind),
      commit: (writes) => answered(() => this.#memory.commit(writes)),
    };
  }

  #check(): void {
    const deadlines = this.#runs.flatMap(({ held }) => held ?? []);
    const writers = deadlines.filter(({ leftMs, signal }) => leftMs() > 0 && !signal.aborted);
    if (writers.length > 1) this.problems.push("two runs may write");
    if (writers.some((deadline) => this.#lost.has(deadline))) this.problems.push("it came back");
    for (const deadline of deadlines) if (deadline.signal.aborted) this.#lost.add(deadline);
  }
}

class Run {
  readonly number: number;
  state: LedgerState = "up";
  isFrozen = false;
  isBusy = false;
  begun = 0;
  held: Deadline | undefined;
  end: () => void = () => undefined;

  constructor(number: number) {
    this.number = number;
  }
}
