import { expect, test } from "@jest/globals";
import { systemClock } from "#runtime/clock.ts";

const HOUR_MS = 3_600_000;

test("a sleep ends when its time is over, or as soon as the signal aborts", async () => {
  const stop = new AbortController();
  const long = systemClock.sleep(HOUR_MS, stop.signal);

  await systemClock.sleep(1);
  stop.abort();
  await long;

  await systemClock.sleep(HOUR_MS, stop.signal);
});

test("what is done again and again ends when it is told to", async () => {
  let count = 0;
  await new Promise<void>((resolve) => {
    const stop = systemClock.every(1, () => {
      count += 1;
      if (count < 3) return;
      stop();
      resolve();
    });
    // The timer alone keeps no process alive.
    setTimeout(resolve, 5000).unref();
    setImmediate(function wait() {
      if (count < 3) setImmediate(wait);
    });
  });

  await systemClock.sleep(10);
  expect(count).toBe(3);
});
