import { expect, test } from "@jest/globals";
import { progressOf } from "#cli/output/progress.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function progressAt({ isTTY }: { isTTY: boolean }) {
  const written: string[] = [];
  const clock = new FakeClock();
  const stderr = { write: (text: string) => void written.push(text), isTTY };
  const { onOutcome, end } = progressOf({ process: { stdout: stderr, stderr }, clock });
  const applied = { key: "secret/a", outcome: "applied", id: "id-1", duration_ms: 1 } as const;
  const failed = {
    ...applied,
    outcome: "failed",
    code: "x",
    message: "x",
    disposition: "retry",
  } as const;
  return { written, clock, onOutcome, end, applied, failed };
}

test("long work is told every few seconds", () => {
  const { written, clock, onOutcome, end, applied, failed } = progressAt({ isTTY: false });

  for (let done = 1; done <= 12; done += 1) {
    clock.advance(1000);
    onOutcome(done === 3 ? failed : applied, done, 12);
  }
  end();

  expect(written).toEqual([
    "5 of 12 changes done, 1 failed\n",
    "10 of 12 changes done, 1 failed\n",
  ]);
});

test("short work says nothing", () => {
  const { written, onOutcome, end, applied } = progressAt({ isTTY: false });

  for (let done = 1; done <= 12; done += 1) onOutcome(applied, done, 12);
  end();

  expect(written).toEqual([]);
});

test("at a terminal one line is written over and over, and taken away", () => {
  const { written, clock, onOutcome, end, applied } = progressAt({ isTTY: true });

  clock.advance(100);
  onOutcome(applied, 1, 3);
  clock.advance(100);
  onOutcome(applied, 2, 3);
  onOutcome(applied, 3, 3);
  end();

  expect(written).toEqual([
    "\r\u001b[K1 of 3 changes done",
    "\r\u001b[K2 of 3 changes done",
    "\r\u001b[K",
  ]);
});
