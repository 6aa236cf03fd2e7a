import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, jest, test } from "@jest/globals";
import { buildCli } from "../../../scripts/cli/build.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BROKEN, MANIFEST } from "./cli-setup.ts";

jest.setTimeout(30_000);

const root = temporaryFolder();
const gwops = join(root, "gwops.mjs");

beforeAll(() => buildCli(gwops), 60_000);

/** Runs a command of the shell, in which `gwops` is the command line as it is installed. */
async function shell(script: string) {
  const folder = mkdtempSync(join(root, "process-"));
  writeFileSync(join(folder, "good.yaml"), MANIFEST);
  writeFileSync(join(folder, "broken.yaml"), BROKEN);
  const env = { ...process.env, PATH: `${root}:${process.env.PATH}`, HOME: folder };
  const text = `set -o pipefail; gwops() { "${gwops}" "$@"; }; ${script}`;
  const child = spawn("bash", ["-c", text], { cwd: folder, env });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  return { status, output: output.trim() };
}

test.each([
  ["a reader of stderr that goes away", "gwops validate good.yaml 2> >(exec <&-; exit)", 0],
  ["a closed stderr", "gwops validate good.yaml 2>&-", 0],
  ["a closed stderr, of what is invalid", "gwops validate broken.yaml 2>&- >&-", 4],
  ["a reader of stdout that goes away", "gwops validate broken.yaml | (exec <&-; sleep 1)", 4],
  ["a closed stdout", "gwops validate broken.yaml >&-", 4],
])("%s changes no exit status", async (_, script, status) => {
  expect((await shell(script)).status).toBe(status);
});

test("what finds no place is no success", async () => {
  const { status, output } = await shell("gwops schema 2>&1 >/dev/full");

  expect(status).toBe(1);
  expect(output).toContain("gwops: stdout cannot be written: ENOSPC");
});

test("a closed terminal lets what is under way end, however often it is told", async () => {
  const script = join(root, "hang-up.mts");
  writeFileSync(
    script,
    `import { interruption } from ${JSON.stringify(join(import.meta.dirname, "../../../src/cli/input/interrupt.ts"))};
const stop = interruption(process).onInterrupt();
const alive = setInterval(() => undefined, 1000);
stop.addEventListener("abort", () => {
  console.log("stopping");
  setTimeout(() => { console.log("ended"); clearInterval(alive); }, 500);
});
console.log("ready");
`,
  );
  const child = spawn("node", ["--import", "tsx", script], { cwd: process.cwd() });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk;
    if (String(chunk).includes("ready")) {
      for (const delayMs of [0, 50, 100]) setTimeout(() => child.kill("SIGHUP"), delayMs);
    }
  });

  const end = await new Promise((resolve) => child.on("close", (...all) => resolve(all)));

  expect(end).toEqual([0, null]);
  expect(output).toBe("ready\nstopping\nended\n");
});
