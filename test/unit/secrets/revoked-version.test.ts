import { expect, test } from "@jest/globals";
import { MANAGED_SECRETS, type SecretTarget } from "#secrets/managed-secret.ts";
import { pushSecret } from "#secrets/push.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { applySetup } from "../../support/apply-setup.ts";
import { messagesIn } from "../../support/builders.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { revoke } from "../../support/revoke.ts";

const TARGET: SecretTarget = {
  workspace: "default",
  name: "openai-prod",
  owner: "search",
  provider: "openai",
  value_from: { secrets_manager: "prod/openai" },
};

async function setup() {
  const parts = applySetup();
  const { source, ledger, gateway, dependencies } = parts;
  const first = source.put("prod/openai", "value-one");
  const known = () =>
    gateway.visible().secrets.find(({ secret_name }) => secret_name === TARGET.name);
  const sync = () => pushSecret(dependencies, TARGET, known());
  await sync();
  let runs = 0;
  const event = (versionId: string) => {
    runs += 1;
    const trigger = { sourceArn: arnOf("prod/openai"), versionId };
    return pushChanged({ ...dependencies, runId: `push-${runs}` }, trigger, { isLast: true });
  };
  const held = () => gateway.storedValue(TARGET.name);
  const record = async () => (await ledger.read(MANAGED_SECRETS, "default/openai-prod"))?.value;
  return { ...parts, first, sync, event, held, record };
}

const REVOKED = { code: "secret-revoked", disposition: "reject" };

test("a version that was revoked before its event came is not read, and the former value stays", async () => {
  const { source, ledger, event, held } = await setup();
  const next = source.put("prod/openai", "value-two");
  await revoke(ledger, "prod/openai", next);
  const readBefore = source.fetched.length;

  const outcomes = await event(next);
  await event(next);

  expect(outcomes).toMatchObject([{ outcome: "rejected", cause: REVOKED }]);
  expect(held()).toEqual({ api_key: "value-one" });
  expect(source.fetched.length).toBe(readBefore);
  const messages = (await messagesIn(ledger)).filter(({ severity }) => severity === "critical");
  expect(messages).toHaveLength(1);
  expect(messages[0]?.text).toContain("in a log");
  expect(messages[0]?.text).toContain("The gateway goes on with the former value");
  expectNoLeak(["value-one", "value-two"], messages);
});

test("a version that is revoked while it is fetched is not written", async () => {
  const { source, ledger, sync, held } = await setup();
  const next = source.put("prod/openai", "value-two");
  const { fetch } = source;
  source.fetch = async (arn, versionId) => {
    const value = await fetch.call(source, arn, versionId);
    await revoke(ledger, "prod/openai", next);
    return value;
  };

  await expect(sync()).rejects.toMatchObject(REVOKED);

  expect(held()).toEqual({ api_key: "value-one" });
});

test("a label that is moved back to a revoked version is not obeyed", async () => {
  const { source, ledger, first, sync, held } = await setup();
  source.put("prod/openai", "value-two");
  await sync();
  await revoke(ledger, "prod/openai", first);
  source.moveBack("prod/openai", first);

  await expect(sync()).rejects.toMatchObject(REVOKED);

  expect(held()).toEqual({ api_key: "value-two" });
});

test("as long as the gateway holds the revoked version, that is what the message says", async () => {
  const { ledger, first, event, sync } = await setup();
  await revoke(ledger, "prod/openai", first);

  await event(first);

  const [message] = await messagesIn(ledger);
  expect(message).toMatchObject({ severity: "critical" });
  expect(message?.text).toContain("THE GATEWAY STILL HOLDS THIS VERSION");
  await expect(sync()).rejects.toMatchObject(REVOKED);
});

test("the version that follows a revoked one is pushed", async () => {
  const { source, ledger, first, event, held, record } = await setup();
  await revoke(ledger, "prod/openai", first);
  const next = source.put("prod/openai", "value-two");

  expect(await event(next)).toMatchObject([{ outcome: "updated", version_id: next }]);

  expect(held()).toEqual({ api_key: "value-two" });
  expect(await record()).toMatchObject({ pushed: { version_id: next } });
});

test("only that version of that secret is revoked", async () => {
  const { source, ledger, first, sync, held } = await setup();
  await revoke(ledger, "prod/other", first);
  await revoke(ledger, "prod/openai", "another-version");
  source.put("prod/openai", "value-two");

  await sync();

  expect(held()).toEqual({ api_key: "value-two" });
});
