import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 250;

/** Asks again until there is an answer; throws with `what` when there is none in time. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadlineMs) throw new Error(`not seen within ${timeoutMs / 1000} s: ${what}`);
    await sleep(POLL_MS);
  }
}

/** One check behind one line of the story. */
export function check(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(`this should hold and does not: ${what}`);
}
