import { EventEmitter } from "node:events";
import { expect, jest, test } from "@jest/globals";
import { interruption } from "#cli/input/interrupt.ts";

test.each(["SIGINT", "SIGTERM"])(
  "the first %s asks to stop, the second ends the process",
  (name) => {
    const process = new EventEmitter();
    const signal = interruption(process).onInterrupt();
    expect(signal.aborted).toBe(false);

    process.emit(name);

    expect(signal.aborted).toBe(true);
    expect(process.listenerCount(name)).toBe(0);
  },
);

test("a closed terminal asks to stop, however often it tells so", () => {
  const process = new EventEmitter();
  const signal = interruption(process).onInterrupt();

  process.emit("SIGHUP");
  process.emit("SIGHUP");

  expect(signal.aborted).toBe(true);
  expect(process.listenerCount("SIGHUP")).toBe(1);
});

test("what ended with the grace of 30 s is recorded for 10 s more, then every call ends", () => {
  jest.useFakeTimers();
  try {
    const process = new EventEmitter();
    const { recording, onInterrupt } = interruption(process);
    onInterrupt();
    jest.advanceTimersByTime(1_000_000);
    expect(recording.aborted).toBe(false);

    process.emit("SIGINT");
    jest.advanceTimersByTime(39_999);
    expect(recording.aborted).toBe(false);
    jest.advanceTimersByTime(1);

    expect(recording.aborted).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});
