/** Time as an argument: the core never asks the operating system. */
export interface PlainClock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Resolves after `durationMs`, or as soon as the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** For those that do something while others work. */
export interface Clock extends PlainClock {
  /** Calls `act` again and again until the function that it returns is called. */
  every(intervalMs: number, act: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, durationMs);
      if (signal?.aborted) end();
      else signal?.addEventListener("abort", end);
    }),
  every: (intervalMs, act) => {
    const timer = setInterval(act, intervalMs).unref();
    return () => clearInterval(timer);
  },
};
