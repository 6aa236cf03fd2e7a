import { expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { paceOf } from "#runtime/pace.ts";

const { signal } = NO_DEADLINE;

/** A clock that shows the time that it is told; sleeping is only noted. */
function clockWithSleeps() {
  const sleepsMs: number[] = [];
  const clock = {
    now: 1000,
    nowMs: () => clock.now,
    sleep: (durationMs: number) => {
      sleepsMs.push(durationMs);
      return Promise.resolve();
    },
  };
  return { clock, sleepsMs };
}

test("several that come at once go one interval after the other", async () => {
  const { clock, sleepsMs } = clockWithSleeps();
  const pace = paceOf(4, clock);

  await Promise.all([pace(signal), pace(signal), pace(signal), pace(signal)]);

  expect(sleepsMs).toEqual([250, 500, 750]);
});

test("one that comes late enough does not wait, and the time before it is not made up for", async () => {
  const { clock, sleepsMs } = clockWithSleeps();
  const pace = paceOf(10, clock);
  await pace(signal);
  clock.now += 5000;

  await pace(signal);
  clock.now += 40;
  await pace(signal);

  expect(sleepsMs).toEqual([60]);
});

test("a pace of nothing is a mistake of ours", () => {
  expect(() => paceOf(0, clockWithSleeps().clock)).toThrow("above 0");
});
