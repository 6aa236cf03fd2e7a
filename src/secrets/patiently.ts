import type { PlainClock } from "#runtime/clock.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { LeaseHeldError } from "#runtime/errors.ts";

interface Waiting {
  readonly clock: PlainClock;
  readonly deadline: Deadline;
}

const POLL_MS = 1_000;
/** A lease that nobody renews runs out within a minute. */
const WAIT_MS_MAX = 70_000;

/** Does work that needs a lease, after whoever holds it: a push takes seconds. */
export async function patiently<R>(
  { clock, deadline }: Waiting,
  work: () => Promise<R>,
): Promise<R> {
  const endMs = clock.nowMs() + WAIT_MS_MAX;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LeaseHeldError)) throw error;
      if (clock.nowMs() >= endMs || deadline.leftMs() === 0) throw error;
      await clock.sleep(POLL_MS, deadline.signal);
    }
  }
}
