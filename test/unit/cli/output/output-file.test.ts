import { execFileSync, spawn } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { isStdout, saveFile } from "#cli/output/output-file.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const root = temporaryFolder();

function aPlace() {
  const folder = mkdtempSync(join(root, "output-"));
  const written = { stdout: "", stderr: "" };
  const outputOf = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
    isTTY: false,
  });
  const process = { stdout: outputOf("stdout"), stderr: outputOf("stderr") };
  return { folder, written, process };
}

test.each(["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])("%s is stdout", async (path) => {
  const place = aPlace();

  await saveFile(place, path, { version: 1 });

  expect(isStdout(path)).toBe(true);
  expect(JSON.parse(place.written.stdout)).toEqual({ version: 1 });
  expect(readdirSync(place.folder)).toEqual([]);
});

test("/dev/stderr is stderr, and other names are files", async () => {
  const place = aPlace();

  await saveFile(place, "/dev/stderr", "text");

  expect(place.written).toEqual({ stdout: "", stderr: "text\n" });
  expect([isStdout("out.json"), isStdout("constructor"), isStdout(undefined)]).toEqual([
    false,
    false,
    false,
  ]);
});

test("a pipe is written through, and stays a pipe", async () => {
  const place = aPlace();
  const pipe = join(place.folder, "pipe");
  execFileSync("bash", ["-c", "mkfifo pipe"], { cwd: place.folder });
  const reader = spawn("cat", [pipe]);
  const read: Buffer[] = [];
  reader.stdout.on("data", (chunk: Buffer) => read.push(chunk));
  const closed = new Promise((resolve) => reader.on("close", resolve));

  await saveFile(place, "pipe", "through");

  await closed;
  expect(Buffer.concat(read).toString()).toBe("through");
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});

test("a device is written through", async () => {
  const place = aPlace();
  symlinkSync("/dev/null", join(place.folder, "nothing"));

  await saveFile(place, "nothing", "text");
  await saveFile(place, "/dev/null", "text");

  expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
  expect(readlinkSync(join(place.folder, "nothing"))).toBe("/dev/null");
});

test.each([
  ["to a file", (folder: string) => writeFileSync(join(folder, "far/kept"), "old")],
  ["to nothing yet", () => undefined],
])("a link %s is followed", async (_, prepare) => {
  const place = aPlace();
  mkdirSync(join(place.folder, "far"));
  prepare(place.folder);
  symlinkSync("far/kept", join(place.folder, "near"));
  symlinkSync("near", join(place.folder, "nearer"));

  await saveFile(place, "nearer", "new");

  expect(readFileSync(join(place.folder, "far/kept"), "utf8")).toBe("new");
  expect(readlinkSync(join(place.folder, "near"))).toBe("far/kept");
  expect(readdirSync(join(place.folder, "far"))).toEqual(["kept"]);
});

test.each([
  ["a folder", (folder: string) => mkdirSync(join(folder, "out")), "it is a folder"],
  [
    "a link to itself",
    (folder: string) => symlinkSync("out", join(folder, "out")),
    "its links lead in a circle",
  ],
])("%s is refused in one sentence", async (_, prepare, why) => {
  const place = aPlace();
  prepare(place.folder);

  await expect(saveFile(place, "out", "x")).rejects.toThrow(`out cannot be written: ${why}`);
});
