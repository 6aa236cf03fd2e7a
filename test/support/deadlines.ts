import { type Deadline, NO_DEADLINE } from "#runtime/deadline.ts";

/** A deadline of which the time is over as soon as it is said to be. */
export function deadlineUntil(isOver: () => boolean): Deadline {
  return { ...NO_DEADLINE, leftMs: () => (isOver() ? 0 : Number.POSITIVE_INFINITY) };
}

/** A deadline of which the time is over when it was asked so often. */
export function deadlineAfter(questions: number): Deadline {
  let asked = 0;
  return deadlineUntil(() => {
    asked += 1;
    return asked > questions;
  });
}
