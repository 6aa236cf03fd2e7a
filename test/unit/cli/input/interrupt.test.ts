import { EventEmitter } from "node:events";
import { expect, test } from "@jest/globals";
import { interruptOf } from "#cli/input/interrupt.ts";

test.each(["SIGINT", "SIGTERM"])(
  "the first %s asks to stop, the second ends the process",
  (name) => {
    const process = new EventEmitter();
    const signal = interruptOf(process);
    expect(signal.aborted).toBe(false);

    process.emit(name);

    expect(signal.aborted).toBe(true);
    expect(process.listenerCount(name)).toBe(0);
  },
);

test("a closed terminal asks to stop, however often it tells so", () => {
  const process = new EventEmitter();
  const signal = interruptOf(process);

  process.emit("SIGHUP");
  process.emit("SIGHUP");

  expect(signal.aborted).toBe(true);
  expect(process.listenerCount("SIGHUP")).toBe(1);
});
