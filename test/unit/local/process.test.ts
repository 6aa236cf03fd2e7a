import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { isGone, thisProcess } from "#local/process.ts";

test("a process that runs is not gone", () => {
  expect(isGone(thisProcess())).toBe(false);
});

test("a process that ended is gone", () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);

  expect(isGone({ ...thisProcess(), process_id: pid })).toBe(true);
});

test("a process is not taken for a later one of the same number", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
  const process_id = child.pid ?? 0;

  // This process began before the child did.
  expect(isGone({ ...thisProcess(), process_id })).toBe(process.platform === "linux");

  child.kill();
  await once(child, "exit");
});

test.each([
  ["another machine", { host: "elsewhere" }],
  ["a machine of the same name", { process_start: "another-boot pid:[1]/12345" }],
])("nobody knows here what became of a process of %s", (_, changes) => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);

  expect(isGone({ ...thisProcess(), process_id: pid, ...changes })).toBe(false);
});
