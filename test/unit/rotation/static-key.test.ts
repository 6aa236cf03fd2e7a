import { expect, test } from "@jest/globals";
import { versionWith } from "#rotation/versioned-secrets.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { put } from "#runtime/ledger.ts";
import { MANAGED_SECRETS, type ManagedSecret } from "#secrets/managed-secret.ts";
import { madeUpKey } from "../../../scripts/story/actions.ts";
import { messagesIn } from "../../support/builders.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { revoke as revokeVersion } from "../../support/revoke.ts";
import { GRACE_MS, KEY_SECRET, ROTATIONS, rotationSetup } from "../../support/rotation-setup.ts";

const CANDIDATE = "GATEWAY_OPS_CANDIDATE";

function setup(on_inconclusive: "fail" | "proceed" = "fail") {
  const rotations = [...ROTATIONS, { secret: KEY_SECRET, strategy: "static", on_inconclusive }];
  const parts = rotationSetup({
    rotations: rotations.slice(on_inconclusive === "fail" ? 0 : 2) as typeof ROTATIONS,
  });
  const value = JSON.stringify({ api_key: madeUpKey("second") });
  const offer = () => parts.secrets.put(KEY_SECRET, value, [CANDIDATE]);
  const labelled = (label: string) => parts.secrets.valuesWith(KEY_SECRET, label);
  /** As the push leaves it. */
  const fed = async (changes: Partial<ManagedSecret>) => {
    const id = "default/openai";
    const record = await parts.ledger.read(MANAGED_SECRETS, id);
    const target = { workspace: "default", name: "openai", owner: "search", provider: "openai" };
    const managed = { target, source_arn: arnOf(KEY_SECRET), ...changes };
    await parts.ledger.commit([put(MANAGED_SECRETS, id, managed, record)]);
  };
  const pushed = (version_id: string, at_ms: number) =>
    fed({ pushed: { version_id, at_ms, secret_id: "s-1", gateway_updated_at_ms: at_ms } });
  return { ...parts, value, offer, labelled, fed, pushed };
}

test("what a person stored as the candidate is tried, becomes current, and leaves no label", async () => {
  const { driver, offer, labelled, value, provider } = setup();
  offer();

  const { error } = await driver().rotate(KEY_SECRET);

  expect(error).toBeUndefined();
  expect(labelled("AWSCURRENT")).toEqual([value]);
  expect([labelled(CANDIDATE), labelled("AWSPENDING")]).toEqual([[], []]);
  expect(provider.tried).toBe(1);
});

test("without a candidate, and with the one that is in use, the rotation says what to store", async () => {
  const { driver, secrets, labelled } = setup();
  const [current = ""] = labelled("AWSCURRENT");

  const without = await driver().rotate(KEY_SECRET);
  await secrets.dropPending(arnOf(KEY_SECRET), without.token);
  secrets.put(KEY_SECRET, current, [CANDIDATE]);
  const same = await driver().rotate(KEY_SECRET);

  expect(String(without.error)).toContain(`store the new value under it`);
  expect(String(same.error)).toContain("is the one that is in use: store another");
  expect(labelled("AWSCURRENT")).toEqual([current]);
});

test("a key that the provider refuses never becomes current, and is not tried twice", async () => {
  const { driver, offer, labelled, value, provider, ledger } = setup();
  const [before] = labelled("AWSCURRENT");
  offer();
  provider.verdict = "refused";

  const { error } = await driver().rotate(KEY_SECRET);

  expect(error).toMatchObject({ code: "rotation-refused" });
  expect(labelled("AWSCURRENT")).toEqual([before]);
  expect(labelled("GATEWAY_OPS_REJECTED")).toEqual([value]);
  expect([labelled(CANDIDATE), labelled("AWSPENDING")]).toEqual([[], []]);
  expect(provider.tried).toBe(1);
  const told = (await messagesIn(ledger)).filter(({ data }) => data.code === "rotation-refused");
  expect(told.every(({ severity }) => severity === "critical")).toBe(true);
  expect(told[0]?.text).toContain("401 of the provider");
});

test("a value that was refused is not taken as a candidate again", async () => {
  const { driver, offer, provider } = setup();
  provider.verdict = "refused";
  offer();
  await driver().rotate(KEY_SECRET);
  offer();

  const { error } = await driver().rotate(KEY_SECRET);

  expect(String(error)).toContain("was refused before: store another");
  expect(provider.tried).toBe(1);
});

test("a candidate that the gateway could not use is not even made pending", async () => {
  const { driver, offer, provider, secrets } = setup();
  offer();
  class UselessError extends GatewayOpsError {
    readonly code = "secret-mapping";
    readonly disposition = "reject";
  }
  provider.check = () => {
    throw new UselessError("it has no key api_key");
  };

  const { error, token } = await driver().rotate(KEY_SECRET);

  expect(error).toMatchObject({ code: "secret-mapping" });
  expect(await secrets.valueOf(arnOf(KEY_SECRET), token)).toBeUndefined();
});

test("whether a key works that nobody can tell about is a matter of the setting", async () => {
  const strict = setup("fail");
  const lenient = setup("proceed");
  for (const { provider, offer } of [strict, lenient]) {
    provider.verdict = "inconclusive";
    offer();
  }

  const failed = await strict.driver().rotate(KEY_SECRET);
  const passed = await lenient.driver().rotate(KEY_SECRET);

  expect(failed.error).toMatchObject({ code: "rotation-unproven" });
  expect(strict.labelled("GATEWAY_OPS_REJECTED")).toEqual([]);
  expect(strict.provider.tried).toBe(3);
  expect(passed.error).toBeUndefined();
  expect(lenient.labelled("AWSCURRENT")).toEqual([lenient.value]);
});

test("a candidate that was stored meanwhile stays for the next rotation", async () => {
  const { driver, offer, labelled, provider, secrets } = setup();
  offer();
  const next = JSON.stringify({ api_key: madeUpKey("third") });
  let isStored = false;
  provider.check = () => {
    if (labelled("AWSPENDING")[0] === undefined || isStored) return;
    isStored = true;
    secrets.put(KEY_SECRET, next, [CANDIDATE]);
  };

  await driver().rotate(KEY_SECRET);

  expect(labelled(CANDIDATE)).toEqual([next]);
});

test("a person is asked to revoke the former key once every gateway secret has the new one", async () => {
  const { driver, offer, pushed, clock, revoke, ledger } = setup();
  await pushed("an-older-version", clock.nowMs());
  offer();
  const { token } = await driver().rotate(KEY_SECRET);
  clock.advance(GRACE_MS);
  const behind = await revoke();
  await pushed(token, clock.nowMs());
  const young = await revoke();
  clock.advance(GRACE_MS);
  const due = await revoke();

  expect([behind, young, due].flat().map(({ outcome }) => outcome)).toEqual([
    "postponed",
    "waiting",
    "unused",
  ]);
  const texts = (await messagesIn(ledger)).map(({ text }) => text).join("\n");
  expect(texts).toContain("is not on the gateway yet: default/openai");
  expect(texts).toContain("revoke it at the provider now");
});

test("a version that cannot be pushed at all gives AWSCURRENT back, and is never pushed", async () => {
  const { driver, offer, labelled, value, fed, clock, revoke, ledger } = setup();
  const [before] = labelled("AWSCURRENT");
  offer();
  const { token } = await driver().rotate(KEY_SECRET);
  await fed({
    rejected: { version_id: token, at_ms: 0, code: "secret-mapping", reason: "no key" },
  });
  clock.advance(GRACE_MS);

  const outcomes = [...(await revoke()), ...(await revoke())];

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["moved-back"]);
  expect(labelled("AWSCURRENT")).toEqual([before]);
  expect(labelled("GATEWAY_OPS_REJECTED")).toEqual([value]);
  const [critical] = (await messagesIn(ledger)).filter(({ severity }) => severity === "critical");
  expect(critical?.text).toContain("could not be pushed to the gateway secret openai");
});

test("testSecret alone tries the key that is in use, and refuses no version for it", async () => {
  const { driver, provider, labelled } = setup();

  const works = await driver().testAlone(KEY_SECRET);
  provider.verdict = "refused";
  const fails = await driver().testAlone(KEY_SECRET);

  expect(works.error).toBeUndefined();
  expect(fails.error).toMatchObject({ code: "rotation-refused" });
  expect(labelled("GATEWAY_OPS_REJECTED")).toEqual([]);
});

test("a version that somebody revoked is no candidate, and AWSCURRENT never goes back to one", async () => {
  const { driver, offer, labelled, value, fed, clock, revoke, ledger, secrets } = setup();
  const arn = arnOf(KEY_SECRET);
  const former = versionWith(await secrets.describe(arn), "AWSCURRENT") ?? "";
  const offered = offer();
  await revokeVersion(ledger, KEY_SECRET, offered);

  const { error, token } = await driver().rotate(KEY_SECRET);

  expect(error).toMatchObject({ code: "secret-revoked" });
  await secrets.dropPending(arn, token);
  secrets.put(KEY_SECRET, value, [CANDIDATE]);
  const second = await driver().rotate(KEY_SECRET);
  await revokeVersion(ledger, KEY_SECRET, former);
  await fed({
    rejected: { version_id: second.token, at_ms: 0, code: "secret-mapping", reason: "no key" },
  });
  clock.advance(GRACE_MS);
  expect((await revoke()).map(({ outcome }) => outcome)).toEqual(["postponed"]);
  expect(labelled("AWSCURRENT")).toEqual([value]);
});
