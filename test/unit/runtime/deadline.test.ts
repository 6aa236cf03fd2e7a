import { expect, test } from "@jest/globals";
import { deadlineOf, endedBy, NO_DEADLINE, untilStopped } from "#runtime/deadline.ts";

const aborted = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

const left = (ms: number) => ({ getRemainingTimeInMillis: () => ms });

test("without an end the time is infinite", () => {
  expect(NO_DEADLINE.leftMs()).toBe(Number.POSITIVE_INFINITY);
  expect(NO_DEADLINE.signal.aborted).toBe(false);
});

test("the time of a function ends before AWS ends it, and is never negative", () => {
  expect(deadlineOf(left(60_000), { endMs: 10_000 }).leftMs()).toBe(50_000);
  expect(deadlineOf(left(10_000), { endMs: 10_000 }).leftMs()).toBe(0);
  expect(deadlineOf(left(-5), { endMs: 10_000 }).leftMs()).toBe(0);
});

test("nothing is begun for a while before what is under way must end", async () => {
  const deadline = deadlineOf(left(10_050), { endMs: 10_000, beginMs: 60_000 });

  expect(deadline.leftMs()).toBe(0);
  expect(deadline.signal.aborted).toBe(false);
  expect(await aborted(deadline.signal)).toMatchObject({ name: "TimeoutError" });
});

test("the time that is left goes down as the function's does", () => {
  let ms = 60_000;
  const deadline = deadlineOf({ getRemainingTimeInMillis: () => ms }, { endMs: 10_000 });

  ms = 12_000;

  expect(deadline.leftMs()).toBe(2000);
});

test("a command that is stopped begins nothing more, and cuts off what does not end soon", async () => {
  const stop = new AbortController();
  const deadline = untilStopped(stop.signal, 20);
  expect(deadline.leftMs()).toBe(Number.POSITIVE_INFINITY);

  stop.abort("Ctrl-C");

  expect(deadline.leftMs()).toBe(0);
  expect(deadline.signal.aborted).toBe(false);
  expect(await aborted(deadline.signal)).toBe("Ctrl-C");
});

test("a command that was stopped before it began has only the grace", async () => {
  const deadline = untilStopped(AbortSignal.abort("Ctrl-C"), 0);

  expect(deadline.leftMs()).toBe(0);
  expect(await aborted(deadline.signal)).toBe("Ctrl-C");
});

test("a deadline that something else can end is over as soon as either is", () => {
  const [lost, stop] = [new AbortController(), new AbortController()];
  const one = endedBy(untilStopped(stop.signal, 1000), lost.signal);
  const other = endedBy(deadlineOf(left(0), { endMs: 0 }), new AbortController().signal);

  expect(one.leftMs()).toBe(Number.POSITIVE_INFINITY);
  expect(other.leftMs()).toBe(0);
  lost.abort("lost");

  expect(one.leftMs()).toBe(0);
  expect(one.signal.reason).toBe("lost");
});
