import { assert } from "./assert.ts";
import type { PlainClock } from "./clock.ts";

/** Awaited before each write to the gateway; resolves when it may go out, or when the signal aborts. */
export type Pace = (signal: AbortSignal) => Promise<void>;

const SECOND_MS = 1000;

/**
 * At most so many writes in each second, evenly spread: the server that takes them serves the
 * traffic of others at the same time. Several may wait at once; they go in the order in which they
 * came.
 */
export function paceOf(writesPerSecondMax: number, clock: PlainClock): Pace {
  assert(writesPerSecondMax > 0, `a pace must be above 0 a second, got ${writesPerSecondMax}`);
  const intervalMs = SECOND_MS / writesPerSecondMax;
  let nextMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const nowMs = clock.nowMs();
    const turnMs = Math.max(nowMs, nextMs);
    nextMs = turnMs + intervalMs;
    if (turnMs > nowMs) await clock.sleep(turnMs - nowMs, signal);
  };
}
