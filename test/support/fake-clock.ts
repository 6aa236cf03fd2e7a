import type { Clock } from "#runtime/clock.ts";

interface Timer {
  readonly intervalMs: number;
  readonly act: () => void;
  dueMs: number;
}

/** A clock that moves only when it is told to, or when somebody sleeps. */
export class FakeClock implements Clock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(now = "2026-11-23T12:00:00Z") {
    this.#nowMs = Date.parse(now);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    if (!signal?.aborted) this.advance(durationMs);
    return Promise.resolve();
  }

  every(intervalMs: number, act: () => void): () => void {
    const timer: Timer = { intervalMs, act, dueMs: this.#nowMs + intervalMs };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** What is due on the way is called, at its time. */
  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (let next = this.#next(endMs); next; next = this.#next(endMs)) {
      this.#nowMs = next.dueMs;
      next.dueMs += next.intervalMs;
      next.act();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs);
    return due.sort((left, right) => left.dueMs - right.dueMs)[0];
  }
}
