import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { readOrMakeKey } from "#local/secret-key.ts";
import { LocalSecretSources } from "#local/secret-sources.ts";
import { systemClock } from "#runtime/clock.ts";
import { describeFor } from "#secrets/describe-for.ts";
import { arnOf, FakeSecretSource } from "../../support/fake-secret-source.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const SIGNAL = new AbortController().signal;

const VALUE = "sk-very-secret";
const folder = temporaryFolder();

function sourcesOf({
  env = {},
  keyFile = "key",
}: {
  env?: NodeJS.ProcessEnv;
  keyFile?: string;
} = {}) {
  const aws = new FakeSecretSource();
  const sources = new LocalSecretSources({
    owner: "team-a",
    env,
    folder,
    key: () => readOrMakeKey(join(folder, keyFile), systemClock),
    secretsManager: async () => aws,
  });
  return { sources, aws };
}

async function fetched(sources: LocalSecretSources, id: string): Promise<string> {
  const { arn, currentVersionId } = await describeFor(
    "team-a",
    { source: sources, ledger: new MemoryLedger() },
    id,
    SIGNAL,
  );
  return (await sources.fetch(arn, currentVersionId, SIGNAL)).reveal();
}

test("a value comes from the environment, for the owner of the manifests", async () => {
  const { sources } = sourcesOf({ env: { OPENAI: VALUE } });

  expect(await fetched(sources, "env:OPENAI")).toBe(VALUE);
});

test.each([
  ["", VALUE],
  ["\n", VALUE],
  ["\r\n", VALUE],
  ["\n\n", `${VALUE}\n`],
  [" ", `${VALUE} `],
])("of a file with %j behind the value one line end is taken away", async (end, expected) => {
  writeFileSync(join(folder, "value"), `${VALUE}${end}`);

  expect(await fetched(sourcesOf().sources, "file:value")).toBe(expected);
  expect(await fetched(sourcesOf().sources, `file:${join(folder, "value")}`)).toBe(expected);
});

test("every other name is one of Secrets Manager", async () => {
  const { sources, aws } = sourcesOf();
  aws.put("prod/openai", VALUE, { owner: "team-a" });

  expect((await sources.describe("prod/openai", SIGNAL)).arn).toBe(arnOf("prod/openai"));
  expect(await fetched(sources, "prod/openai")).toBe(VALUE);
});

test("a version is the same for the same value, and tells nothing about it", async () => {
  const versionOf = async (value: string, keyFile?: string) => {
    const { sources } = sourcesOf({ env: { KEY: value }, ...(keyFile ? { keyFile } : {}) });
    return (await sources.describe("env:KEY", SIGNAL)).currentVersionId;
  };

  const version = await versionOf(VALUE);

  expect(version).toMatch(/^hmac:[0-9a-f]{64}$/);
  expect(await versionOf(VALUE)).toBe(version);
  expect(await versionOf(`${VALUE}2`)).not.toBe(version);
  expect(await versionOf(VALUE, "other-key")).not.toBe(version);
});

test("a value that changed since it was described is not handed out", async () => {
  const env: NodeJS.ProcessEnv = { KEY: VALUE };
  const { sources } = sourcesOf({ env });
  const { arn, currentVersionId } = await sources.describe("env:KEY", SIGNAL);
  env.KEY = "another";

  await expect(sources.fetch(arn, currentVersionId, SIGNAL)).rejects.toThrow("env:KEY changed");
});

test.each([
  ["env:MISSING", "the environment variable MISSING is not set"],
  ["env:EMPTY", "the environment variable EMPTY is empty"],
  ["file:missing", "there is no such file"],
  ["file:.", "it is a folder"],
  ["file:binary", "is not UTF-8 text"],
  ["file:large", "is larger than 65536 bytes"],
  ["file:blank", "is empty"],
])("%s is refused: %s", async (id, problem) => {
  writeFileSync(join(folder, "binary"), Buffer.from([0x73, 0x6b, 0xff, 0xfe]));
  writeFileSync(join(folder, "large"), "x".repeat(65_537));
  writeFileSync(join(folder, "blank"), "\n");

  await expect(sourcesOf({ env: { EMPTY: "" } }).sources.describe(id, SIGNAL)).rejects.toThrow(
    problem,
  );
});

test("the key is 32 random bytes for the user alone, made once", async () => {
  const path = join(folder, "made", "key");
  const keys = await Promise.all([1, 2, 3].map(() => readOrMakeKey(path, systemClock)));

  expect(new Set(keys.map((key) => key.reveal().toString("hex"))).size).toBe(1);
  expect(keys[0]?.reveal()).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a key that others can read is refused", async () => {
  const path = join(folder, "open-key");
  await readOrMakeKey(path, systemClock);
  chmodSync(path, 0o640);

  await expect(readOrMakeKey(path, systemClock)).rejects.toThrow(`run "chmod 600 ${path}"`);
});

test("a broken key is refused, and not replaced", async () => {
  mkdirSync(join(folder, "broken"));
  const path = join(folder, "broken", "key");
  writeFileSync(path, "abc", { mode: 0o600 });

  await expect(readOrMakeKey(path, systemClock)).rejects.toThrow("must hold 32 bytes");
  expect(readFileSync(path, "utf8")).toBe("abc");
});
