import { randomUUID } from "node:crypto";
import { expect, test } from "@jest/globals";
import { CURRENT, PENDING } from "#rotation/versioned-secrets.ts";
import { Redacted } from "#runtime/redacted.ts";
import { madeUpKey } from "../../../scripts/story/actions.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { FakeSecretsManager } from "../../support/fake-secrets-manager.ts";
import { versionsBehaviour } from "../../support/versions-behaviour.ts";

const secrets = new FakeSecretsManager();
let names = 0;

versionsBehaviour(() => ({
  secrets,
  backend: secrets,
  create: async (value) => {
    names += 1;
    secrets.create(`secret-${names}`, value, { owner: "search", strategy: "static" });
    return `secret-${names}`;
  },
}));

// Where the local AWS is kinder than AWS: PutSecretValue's documentation.
test("a token stands for one value, and a label for one version", async () => {
  const first = secrets.create("strict", madeUpKey("one"));
  const arn = arnOf("strict");
  const id = randomUUID();
  const store = (value: string, labels: string[]) =>
    secrets.store(arn, { id, value: new Redacted(value), labels });
  const value = madeUpKey("two");

  expect(await store(value, [PENDING])).toBe(true);
  expect(await store(madeUpKey("three"), [PENDING])).toBe(false);
  expect((await secrets.read(arn, id))?.reveal()).toBe(value);
  await secrets.moveLabel(arn, { label: "ONE", to: first });
  await store(value, ["ONE"]);
  expect((await secrets.describe(arn)).versions.get(first)).toEqual([CURRENT]);
});
