import { PassThrough } from "node:stream";
import { expect, test } from "@jest/globals";
import { tolerateLoss } from "#cli/output/lost-output.ts";

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test.each(["EPIPE", "EIO"])("a reader that went away (%s) is nobody's loss", (code) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const lost = tolerateLoss({ stdout, stderr });

  stdout.emit("error", failure(code));
  stderr.emit("error", failure(code));

  expect(lost()).toEqual([]);
});

test("text that found no place is told, once", () => {
  const stdout = new PassThrough();
  const lost = tolerateLoss({ stdout });

  stdout.emit("error", failure("ENOSPC"));
  stdout.emit("error", failure("ENOSPC"));

  expect(lost()).toEqual(["stdout cannot be written: ENOSPC"]);
});
