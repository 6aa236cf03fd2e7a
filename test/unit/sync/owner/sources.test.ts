import { expect, test } from "@jest/globals";
import type { SecretSource } from "#secrets/source.ts";
import { lookUpSources, type SourceFault, type SourceUse } from "#sync/owner/sources.ts";
import { ExpectedError } from "../../../support/builders.ts";
import { arnOf, FakeSecretSource } from "../../../support/fake-secret-source.ts";
import { MemoryLedger } from "../../../support/memory-ledger.ts";
import { revoke } from "../../../support/revoke.ts";

function aUse(changes: Partial<SourceUse> = {}): SourceUse {
  return {
    file: "a.yaml",
    index: 0,
    workspace: "default",
    name: "openai-prod",
    value_from: { secrets_manager: "prod/openai" },
    ...changes,
  };
}

/** A source that counts how often it is asked. */
function setup() {
  const source = new FakeSecretSource();
  const version = source.put("prod/openai", "value-one");
  const asked: string[] = [];
  const describe = source.describe.bind(source);
  source.describe = (id) => {
    asked.push(id);
    return describe(id);
  };
  return { source, version, asked };
}

function look(source: SecretSource, uses: readonly SourceUse[]) {
  const ledger = new MemoryLedger();
  return lookUpSources("search", { source, ledger }, uses, new AbortController().signal);
}

function findingsOf(faults: readonly SourceFault[], file: string) {
  return faults.filter(({ use }) => use.file === file).map(({ finding }) => finding);
}

test("the current version is found for every secret, by workspace and name", async () => {
  const { source, version } = setup();
  const other = source.put("prod/other", "value-two");

  const { versions, faults } = await look(source, [
    aUse(),
    aUse({ name: "other", value_from: { secrets_manager: "prod/other" } }),
    aUse({ workspace: "team-b" }),
  ]);

  expect(versions).toEqual(
    new Map([
      [
        "default",
        new Map([
          ["openai-prod", version],
          ["other", other],
        ]),
      ],
      ["team-b", new Map([["openai-prod", version]])],
    ]),
  );
  expect(faults).toEqual([]);
  expect(source.fetched).toEqual([]);
});

test("a source that several secrets share is asked once", async () => {
  const { source, asked } = setup();
  const keys = { api_key: "KEY" };

  await look(source, [
    aUse(),
    aUse({ name: "second", value_from: { secrets_manager: "prod/openai", keys } }),
  ]);

  expect(asked).toEqual(["prod/openai"]);
});

test("what is missing or somebody else's is a finding at every place that names it", async () => {
  const { source } = setup();
  source.put("other/openai", "value-two", { owner: "other" });
  const keys = { api_key: "KEY" };

  const { versions, faults } = await look(source, [
    aUse(),
    aUse({ index: 1, value_from: { keys, secrets_manager: "prod/missing" } }),
    aUse({ index: 4, value_from: { secrets_manager: "other/openai" } }),
    aUse({ file: "b.yaml", value_from: { secrets_manager: "prod/missing" } }),
  ]);

  expect(versions.get("default")?.size).toBe(1);
  expect(findingsOf(faults, "a.yaml")).toEqual([
    {
      rule: "secret-source",
      path: ["secrets", 1, "value_from", "secrets_manager"],
      message: expect.stringMatching(/^cannot be used: prod\/missing: there is no such secret/),
    },
    {
      rule: "secret-source",
      path: ["secrets", 4, "value_from", "secrets_manager"],
      message: expect.stringContaining('belongs to the owner "other", not to "search"'),
    },
  ]);
  expect(findingsOf(faults, "b.yaml")).toMatchObject([
    { path: ["secrets", 0, "value_from", "secrets_manager"] },
  ]);
});

test("a source of the command line is located by its own field", async () => {
  const { source } = setup();

  const { faults } = await look(source, [aUse({ value_from: { env: "OPENAI_API_KEY" } })]);

  expect(findingsOf(faults, "a.yaml")).toMatchObject([
    { path: ["secrets", 0, "value_from", "env"] },
  ]);
});

test("a failure to ask is no finding: it may pass", async () => {
  const { source } = setup();
  source.describe = () => Promise.reject(new ExpectedError("retry", "AWS is slow"));

  await expect(look(source, [aUse()])).rejects.toThrow("AWS is slow");
});

test("what is looked up ends with the signal", async () => {
  const stop = new AbortController();
  const source: SecretSource = {
    describe: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    fetch: () => Promise.reject(new Error("no value is read")),
  };

  const looking = lookUpSources(
    "search",
    { source, ledger: new MemoryLedger() },
    [aUse()],
    stop.signal,
  );
  stop.abort(new Error("stopped"));

  await expect(looking).rejects.toThrow("stopped");
});

test("a version that was revoked is told where the manifest names its source", async () => {
  const { source, version } = setup();
  const ledger = new MemoryLedger();
  await revoke(ledger, "prod/openai", version);

  const { versions, faults } = await lookUpSources(
    "search",
    { source, ledger },
    [aUse()],
    new AbortController().signal,
  );

  expect(versions.size).toBe(0);
  expect(findingsOf(faults, "a.yaml")).toEqual([
    {
      rule: "secret-revoked",
      path: ["secrets", 0, "value_from", "secrets_manager"],
      message: `cannot be used: version ${version} of ${arnOf("prod/openai")} was revoked at 1970-01-01T00:00:00.000Z by ada@laptop: in a log. It is pushed nowhere: store a new value`,
    },
  ]);
});
