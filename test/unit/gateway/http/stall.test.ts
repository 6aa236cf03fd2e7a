import { expect, test } from "@jest/globals";
import {
  isStalling,
  NO_HISTORY,
  type ReuseSample,
  remember,
  wantsProbe,
} from "#gateway/http/stall.ts";

const first = (answerMs: number, operation = "list"): ReuseSample => ({
  operation,
  answerMs,
  isReused: false,
});
const later = (answerMs: number, operation = "list"): ReuseSample => ({
  ...first(answerMs, operation),
  isReused: true,
});
const times = (count: number, sample: ReuseSample) => Array.from({ length: count }, () => sample);

const stalls = (...samples: ReuseSample[]) => isStalling(samples.reduce(remember, NO_HISTORY));

test.each([
  ["five later requests in a row are 45 ms late", [first(3), ...times(5, later(48))], true],
  ["only four are", [first(3), ...times(4, later(48))], false],
  [
    "one in between is not",
    [first(3), ...times(4, later(48)), later(3), ...times(4, later(48))],
    false,
  ],
  ["they were not late before", [first(3), ...times(50, later(3)), ...times(5, later(48))], true],
  ["they are 34 ms late", [first(3), ...times(9, later(37))], false],
  ["first requests are as slow", [first(80), first(90), ...times(9, later(95))], false],
  ["nothing is known about first requests", times(9, later(48)), false],
  [
    "the slow requests are of another operation",
    [first(3), first(70, "create"), ...times(9, later(75, "create"))],
    false,
  ],
  [
    "one first request was fast by chance",
    [first(3), first(90), first(90), ...times(9, later(95))],
    false,
  ],
])("when %s the stall is %s", (_, samples, expected) => {
  expect(stalls(...(samples as ReuseSample[]))).toBe(expected);
});

test("a first answer that was slow by chance is compared anew", () => {
  const slowStart = [first(100), ...times(5, later(48))].reduce(remember, NO_HISTORY);
  const fast = [first(3), ...times(50, later(4))].reduce(remember, NO_HISTORY);

  expect(isStalling(slowStart)).toBe(false);
  expect(wantsProbe(slowStart, "list")).toBe(true);
  expect(wantsProbe(slowStart, "create")).toBe(false);
  expect(wantsProbe(fast, "list")).toBe(false);
  expect(isStalling(remember(slowStart, first(3)))).toBe(true);
});

test("a server that is simply slow is seldom probed", () => {
  let history = remember(NO_HISTORY, first(80));
  let probes = 0;
  for (let request = 1; request <= 1000; request += 1) {
    const isProbe = wantsProbe(history, "list");
    if (isProbe) probes += 1;
    history = remember(history, isProbe ? first(80) : later(80));
  }

  expect(isStalling(history)).toBe(false);
  expect(probes).toBe(8);
});

test("what is remembered stays small", () => {
  const samples = [...times(1000, first(3)), ...times(1000, later(4))];

  const { operations } = samples.reduce(remember, NO_HISTORY);

  expect(operations.list?.firstMs).toHaveLength(8);
  expect(operations.list?.laterMs).toHaveLength(5);
});
