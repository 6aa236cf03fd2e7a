import { spawnSync } from "node:child_process";
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { FileLedger } from "#local/file-ledger.ts";
import { thisProcess } from "#local/process.ts";
import { systemClock } from "#runtime/clock.ts";
import { type LedgerKind, put } from "#runtime/ledger.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { ledgerBehaviour } from "../../support/ledger-behaviour.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const folder = temporaryFolder();
const NOTES: LedgerKind<{ text: string }> = { name: "note", version: 1 };
let ledgers = 0;

function aPath(): string {
  ledgers += 1;
  return join(folder, `${ledgers}`, "ledger.json");
}

function aLedger(path = aPath(), { gateway = "localhost:5000", clock = systemClock } = {}) {
  return new FileLedger({ path, gateway, clock });
}

ledgerBehaviour(() => aLedger());

test("the file and its folder are for the user alone", async () => {
  const path = aPath();

  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);

  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
});

test("a commit leaves nothing but the file behind", async () => {
  const path = aPath();

  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);

  expect(readdirSync(join(path, ".."))).toEqual(["ledger.json"]);
});

test("what one process wrote another one reads", async () => {
  const path = aPath();
  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);

  expect(await aLedger(path).read(NOTES, "a")).toEqual({
    id: "a",
    value: { text: "one" },
    revision: 1,
  });
});

test("of many writers at once nobody's write is lost", async () => {
  const path = aPath();
  const ids = Array.from({ length: 20 }, (_, index) => `id-${index + 10}`);

  await Promise.all(
    ids.map((id) => aLedger(path).commit([put(NOTES, id, { text: id }, undefined)])),
  );

  expect((await aLedger(path).list(NOTES)).map(({ id }) => id)).toEqual(ids);
});

test.each(["__proto__", "constructor", "toString"])("%s is an id like any other", async (id) => {
  const ledger = aLedger();

  expect(await ledger.read(NOTES, id)).toBeUndefined();
  await ledger.commit([put(NOTES, id, { text: "one" }, undefined)]);

  expect((await ledger.read(NOTES, id))?.value.text).toBe("one");
});

test("a record is forgotten with the first write after its time", async () => {
  const clock = new FakeClock();
  const ledger = aLedger(aPath(), { clock });
  const expiresAtMs = clock.nowMs() + 1000;
  await ledger.commit([put(NOTES, "a", { text: "one" }, undefined, { expiresAtMs })]);

  clock.advance(1001);
  await ledger.commit([put(NOTES, "b", { text: "two" }, undefined)]);

  expect((await ledger.list(NOTES)).map(({ id }) => id)).toEqual(["b"]);
});

test.each([
  ["no JSON", "{", /is not a ledger .*--ledger.* move it away to begin anew with --take-over/],
  [
    "another file",
    '{"name": "something else"}',
    /is not a ledger .*--ledger.* move it away to begin anew with --take-over/,
  ],
  [
    "a ledger of a later release",
    '{"version": 2, "gateway": "localhost:5000", "records": []}',
    /the ledger .*ledger.json has version 2, and this release .* knows versions up to 1/,
  ],
])("%s is refused, and stays as it is", async (_, text, sentence) => {
  const path = aPath();
  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);
  writeFileSync(path, text);

  const commit = aLedger(path).commit([put(NOTES, "b", { text: "two" }, undefined)]);

  await expect(commit).rejects.toThrow(sentence);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("the ledger of another server is refused", async () => {
  const path = aPath();
  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);

  await expect(aLedger(path, { gateway: "mlflow.example.com:443" }).list(NOTES)).rejects.toThrow(
    /is about localhost:5000, not about mlflow.example.com:443/,
  );
});

test("the lock of a process that died is no hindrance", async () => {
  const path = aPath();
  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(`${path}.lock`, JSON.stringify({ ...thisProcess(), process_id: pid, id: "x" }));

  expect(await aLedger(path).commit([put(NOTES, "b", { text: "two" }, undefined)])).toBe(true);
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test("a lock that was left behind long ago is no hindrance, wherever it came from", async () => {
  const path = aPath();
  await aLedger(path).commit([put(NOTES, "a", { text: "one" }, undefined)]);
  const lock = `${path}.lock`;
  writeFileSync(lock, JSON.stringify({ process_id: 1, host: "elsewhere", id: "x" }));
  const longAgo = new Date(Date.now() - 61_000);
  utimesSync(lock, longAgo, longAgo);

  expect(await aLedger(path).commit([put(NOTES, "b", { text: "two" }, undefined)])).toBe(true);
});

test("a lock that is held is waited for, and named when the wait is over", async () => {
  const path = aPath();
  const ledger = aLedger(path, { clock: new FakeClock() });
  await ledger.commit([put(NOTES, "a", { text: "one" }, undefined)]);
  writeFileSync(`${path}.lock`, JSON.stringify({ ...thisProcess(), id: "x" }));

  const commit = ledger.commit([put(NOTES, "b", { text: "two" }, undefined)]);

  await expect(commit).rejects.toThrow(
    /ledger\.json\.lock is held by another process: .*"process_id"/,
  );
  expect((await ledger.list(NOTES)).map(({ id }) => id)).toEqual(["a"]);
});

test("a wait for a lock that is held ends when the command is to end", async () => {
  const path = aPath();
  const stop = new AbortController();
  const gateway = "localhost:5000";
  const ledger = new FileLedger({ path, gateway, clock: systemClock, signal: stop.signal });
  await ledger.commit([put(NOTES, "a", { text: "one" }, undefined)]);
  writeFileSync(`${path}.lock`, JSON.stringify({ ...thisProcess(), id: "x" }));
  setTimeout(() => stop.abort(), 50);
  const startedMs = Date.now();

  const commit = ledger.commit([put(NOTES, "b", { text: "two" }, undefined)]);

  await expect(commit).rejects.toThrow(/ledger\.json\.lock is held by another process/);
  expect(Date.now() - startedMs).toBeLessThan(5_000);
  rmSync(`${path}.lock`);
  // What is left to be recorded finds it free, and needs no wait.
  expect(await ledger.commit([put(NOTES, "b", { text: "one" }, undefined)])).toBe(true);
});

test("a write after one that failed is carried out", async () => {
  const path = aPath();
  const ledger = aLedger(path);
  await ledger.commit([put(NOTES, "a", { text: "one" }, undefined)]);
  const good = readFileSync(path, "utf8");
  writeFileSync(path, "{");
  await expect(ledger.commit([put(NOTES, "b", { text: "two" }, undefined)])).rejects.toThrow();
  writeFileSync(path, good);

  expect(await ledger.commit([put(NOTES, "b", { text: "two" }, undefined)])).toBe(true);
});
