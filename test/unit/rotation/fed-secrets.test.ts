import { expect, test } from "@jest/globals";
import { FedSecrets, type Trial } from "#rotation/fed-secrets.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { put } from "#runtime/ledger.ts";
import { Redacted } from "#runtime/redacted.ts";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { madeUpKey } from "../../../scripts/story/actions.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

const ARN = arnOf("prod/openai");

/** Gateway secrets that a stored secret feeds, and what their providers say. */
async function setup(verdicts: Readonly<Record<string, Trial["verdict"]>>) {
  const ledger = new MemoryLedger();
  for (const name of [...Object.keys(verdicts), "foreign"]) {
    const target = {
      workspace: "default",
      name,
      owner: "search",
      provider: "openai",
      value_from: { secrets_manager: "prod/openai" },
    };
    const source_arn = name === "foreign" ? arnOf("other") : ARN;
    await ledger.commit([put(MANAGED_SECRETS, name, { target, source_arn }, undefined)]);
  }
  const tried: string[] = [];
  const fed = new FedSecrets(async ({ name }, value) => {
    tried.push(`${name}: ${Object.keys(value)}`);
    return { verdict: verdicts[name] ?? "proven", reason: name };
  });
  const value = new Redacted(madeUpKey("new"));
  return { tried, attempt: () => fed.try(ledger, ARN, value, NO_DEADLINE), fed, ledger };
}

test("a value is tried for each gateway secret that it feeds, and for no other", async () => {
  const { attempt, tried } = await setup({ a: "proven", b: "proven" });

  expect(await attempt()).toMatchObject({ verdict: "proven" });
  expect(tried).toEqual(["a: api_key", "b: api_key"]);
});

test.each([
  [
    { a: "proven", b: "inconclusive", c: "proven" },
    { verdict: "inconclusive", reason: "b" },
  ],
  [
    { a: "inconclusive", b: "refused", c: "proven" },
    { verdict: "refused", reason: "b" },
  ],
  [{}, { verdict: "inconclusive", reason: "no gateway secret is fed by it yet" }],
] as const)("%j is together %j", async (verdicts, expected) => {
  const { attempt } = await setup(verdicts);

  expect(await attempt()).toEqual(expected);
});

test("a value that one of them could not use is refused before it is tried", async () => {
  const { fed, ledger, tried } = await setup({ a: "proven" });

  await expect(fed.check(ledger, ARN, new Redacted(" "))).rejects.toMatchObject({
    code: "secret-mapping",
  });
  expect(tried).toEqual([]);
});
