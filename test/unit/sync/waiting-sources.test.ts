import { expect, test } from "@jest/globals";
import { SecretSourceError } from "#secrets/source.ts";
import { aManifest, aSecret, messagesIn } from "../../support/builders.ts";
import type { FakeSecretSource } from "../../support/fake-secret-source.ts";
import { LAST, MANIFEST_KEY, syncRuns } from "../../support/sync-setup.ts";

const HOUR_MS = 3_600_000;
const LATER = "prod/later";

/** Declares the secret of {@link LATER} too. */
function aWaitingManifest(keys?: Record<string, string>) {
  const value_from = { secrets_manager: LATER, ...(keys ? { keys } : {}) };
  return aManifest({ secrets: [aSecret(), aSecret({ name: "later", value_from })] });
}

/** Why a source cannot be used although no manifest is wrong, and how somebody mends that. */
const CAUSES: [string, (source: FakeSecretSource) => void, (source: FakeSecretSource) => void][] = [
  ["is missing", () => undefined, (source) => source.put(LATER, "value-later")],
  [
    "has no tag",
    (source) => source.putUntagged(LATER, "value-later"),
    (source) => source.tag(LATER, "search"),
  ],
  [
    "belongs to another owner",
    (source) => source.put(LATER, "value-later", { owner: "billing" }),
    (source) => source.tag(LATER, "search"),
  ],
  [
    "may be described and not read",
    (source) => {
      source.put(LATER, "value-later");
      const { fetch } = source;
      source.fetch = (arn, version) =>
        arn.includes(LATER)
          ? Promise.reject(new SecretSourceError(`${LATER}: KMS denied the key`))
          : fetch.call(source, arn, version);
    },
    (source) => Reflect.deleteProperty(source, "fetch"),
  ],
];

test.each(CAUSES)(
  "while a source %s nothing of its file is applied; told once, and applied by itself when it is mended",
  async (_, spoil, mend) => {
    const { gateway, source, clock, putAndSync, lookAgain, told, record } = syncRuns();
    spoil(source);

    const report = await putAndSync(aWaitingManifest());
    const messages = await told();
    for (let hours = 0; hours < 5; hours += 1) {
      clock.advance(HOUR_MS);
      await lookAgain();
    }

    expect(report).toMatchObject({
      outcome: "pending",
      manifests: [{ issues: [{ rule: "secret-source", line: expect.any(Number) }] }],
    });
    expect(messages).toEqual([`${MANIFEST_KEY}: pending (secret-source)`]);
    expect(await told()).toEqual(messages);
    expect(gateway.writes()).toEqual([]);
    expect(await record()).toMatchObject({ status: "pending", pending_code: "secret-source" });

    mend(source);
    clock.advance(HOUR_MS);
    await lookAgain();

    expect(await record()).toMatchObject({ status: "applied" });
    expect(gateway.storedValue("later")).toEqual({ api_key: "value-later" });
    expect(await told()).toEqual([...messages, `${MANIFEST_KEY}: applied`]);
  },
);

test("a file that waits for its source holds up no other file", async () => {
  const { gateway, bucket, putAndSync } = syncRuns();
  bucket.put("manifests/search/waiting.yaml", {
    version: 1,
    secrets: [aSecret({ name: "later", value_from: { secrets_manager: LATER } })],
  });

  const report = await putAndSync(aManifest());

  expect(report?.manifests.map(({ key, outcome }) => [key, outcome])).toEqual([
    [MANIFEST_KEY, "applied"],
    ["manifests/search/waiting.yaml", "pending"],
  ]);
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
});

test("what waits is looked at ever more rarely, and at once when its file is put again", async () => {
  const { source, clock, putAndSync, lookAgain, record } = syncRuns();
  await putAndSync(aWaitingManifest(), LAST);
  await lookAgain();
  const attempts = (await record())?.attempts;

  clock.advance(30_000);
  await lookAgain();
  expect((await record())?.attempts).toBe(attempts);

  source.put(LATER, "value-later");
  await expect(putAndSync(aWaitingManifest())).resolves.toMatchObject({ outcome: "applied" });
});

test("another cause is told anew, and so is the same one when it comes back", async () => {
  const { source, clock, putAndSync, lookAgain, told } = syncRuns();
  const look = async () => {
    clock.advance(HOUR_MS);
    await lookAgain();
  };
  await putAndSync(aWaitingManifest());
  source.putUntagged(LATER, "value-later");
  await look();
  source.tag(LATER, "search");
  await look();
  source.tag(LATER, undefined);
  await putAndSync({ ...aWaitingManifest(), budgets: [] });

  expect(await told()).toEqual([
    `${MANIFEST_KEY}: pending (secret-source)`,
    `${MANIFEST_KEY}: pending (secret-source)`,
    `${MANIFEST_KEY}: applied`,
    `${MANIFEST_KEY}: pending (secret-source)`,
  ]);
});

test("it is critical only where a key that calls use now depends on the source", async () => {
  const { source, ledger, putAndSync } = syncRuns();
  await putAndSync(aWaitingManifest());
  source.put(LATER, "value-later");
  await putAndSync(aWaitingManifest());
  source.tag("prod/openai", undefined);
  await putAndSync({ ...aWaitingManifest(), budgets: [] });

  const severities = (await messagesIn(ledger))
    .filter(({ type }) => type.endsWith(".pending"))
    .map(({ severity }) => severity);
  expect(severities.sort()).toEqual(["critical", "warning"]);
});

test.each<[string, string, Record<string, string> | undefined]>([
  ["is empty", "", undefined],
  ["lacks the key that the manifest picks", '{"OTHER":"x"}', { api_key: "KEY" }],
  ["is no JSON object where keys are picked", '["x"]', { api_key: "KEY" }],
])(
  "a value that %s rejects its file until the source has another version",
  async (_, wrong, keys) => {
    const { gateway, source, clock, putAndSync, lookAgain, told, record } = syncRuns();
    source.put(LATER, wrong);

    const report = await putAndSync(aWaitingManifest(keys));
    clock.advance(HOUR_MS);
    await lookAgain();

    expect(report).toMatchObject({ outcome: "rejected", manifests: [{ issues: [{ line: 1 }] }] });
    expect(gateway.writes()).toEqual([]);
    expect(await told()).toEqual([`${MANIFEST_KEY}: rejected (invalid-manifest)`]);

    // Still wrong, and another version: somebody must know that it did not help.
    source.put(LATER, wrong);
    await lookAgain();
    expect(await told()).toHaveLength(2);

    source.put(LATER, keys ? '{"KEY":"value-right"}' : "value-right");
    await lookAgain();
    expect(await record()).toMatchObject({ status: "applied" });
    expect((await record())?.unusable_versions).toBeUndefined();
    expect(gateway.storedValue("later")).toEqual({ api_key: "value-right" });
    expect(await told()).toHaveLength(3);
  },
);

test("a rejected value of a working key leaves the key, and the file is applied with the next version", async () => {
  const { gateway, source, putAndSync, lookAgain, record } = syncRuns();
  await putAndSync(aManifest());
  source.put("prod/openai", "");
  await putAndSync(aManifest({ budgets: [] }));

  expect(await record()).toMatchObject({ status: "rejected" });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });

  source.put("prod/openai", "value-two");
  await lookAgain();

  expect(await record()).toMatchObject({ status: "applied" });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
});
