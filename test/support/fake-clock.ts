import type { Clock } from "#runtime/clock.ts";

/** A clock that moves only when it is told to, or when somebody sleeps. */
export class FakeClock implements Clock {
  #nowMs: number;

  constructor(now = "2026-11-23T12:00:00Z") {
    this.#nowMs = Date.parse(now);
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(durationMs: number): Promise<void> {
    this.advance(durationMs);
    return Promise.resolve();
  }

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
  }
}
