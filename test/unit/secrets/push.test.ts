import { expect, test } from "@jest/globals";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { heldLeases } from "#runtime/lease.ts";
import { put } from "#runtime/ledger.ts";
import { isUntouched, MANAGED_SECRETS, type SecretTarget } from "#secrets/managed-secret.ts";
import { deleteSecret, pushRecordedSecret, pushSecret } from "#secrets/push.ts";
import { applySetup, CACHE_TTL_MS } from "../../support/apply-setup.ts";
import { aMessage, ExpectedError, messagesIn } from "../../support/builders.ts";
import { FakeGateway } from "../../support/fake-gateway.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";

const TARGET: SecretTarget = {
  workspace: "default",
  name: "openai-prod",
  owner: "search",
  provider: "openai",
  auth_config: { auth_mode: "api_key" },
  value_from: { secrets_manager: "prod/openai" },
};

function setup() {
  const parts = applySetup();
  const versionId = parts.source.put("prod/openai", "value-one");
  /** As a plan does that has just looked. */
  const push = async (target = TARGET, runId = "run-1") => {
    const { secrets } = parts.gateway.visible();
    const known = secrets.find(({ secret_name }) => secret_name === target.name);
    return pushSecret({ ...parts.dependencies, runId }, target, known);
  };
  const record = () => parts.ledger.read(MANAGED_SECRETS, "default/openai-prod");
  const secret = async () => (await parts.gateway.secrets.list())[0];
  return { ...parts, versionId, push, record, secret };
}

test("a secret that the gateway does not have is created with value, settings and mark", async () => {
  const { gateway, clock, push, secret, record, versionId } = setup();

  const result = await push();

  expect(result).toEqual({
    name: "openai-prod",
    secret_id: (await secret())?.secret_id,
    outcome: "created",
    version_id: versionId,
    previous_version_id: undefined,
    pushed_at_ms: clock.nowMs(),
    effective_by_ms: clock.nowMs() + CACHE_TTL_MS,
  });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  expect(await secret()).toMatchObject({
    provider: "openai",
    auth_config: { auth_mode: "api_key" },
    created_by: "gwops:search",
  });
  expect((await record())?.value).toEqual({
    target: TARGET,
    source_arn: arnOf("prod/openai"),
    pushed: {
      value_from: TARGET.value_from,
      version_id: versionId,
      at_ms: clock.nowMs(),
      secret_id: (await secret())?.secret_id,
      auth_config: TARGET.auth_config,
      gateway_updated_at_ms: (await secret())?.last_updated_at,
    },
  });
});

test("a new version replaces the value in place", async () => {
  const { gateway, source, push, secret, versionId } = setup();
  const { secret_id } = await push();
  const next = source.put("prod/openai", "value-two");

  const result = await push();

  expect(result).toMatchObject({
    outcome: "updated",
    secret_id,
    version_id: next,
    previous_version_id: versionId,
  });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
  expect(await secret()).toMatchObject({ last_updated_by: "gwops:search" });
});

test("a version that the gateway holds already is not even read", async () => {
  const { gateway, source, clock, push, versionId } = setup();
  const first = await push();
  clock.advance(1000);

  const result = await push(TARGET, "run-2");

  expect(result).toEqual({
    ...first,
    outcome: "unchanged",
    previous_version_id: versionId,
  });
  expect(source.fetched).toEqual([versionId]);
  expect(gateway.writes()).toEqual(["createSecret"]);
});

test.each<[string, (parts: ReturnType<typeof setup>) => Promise<unknown>]>([
  [
    "somebody wrote it by hand",
    async ({ gateway, secret }) =>
      gateway.secrets.update({
        secret_id: (await secret())?.secret_id ?? "",
        secret_value: { api_key: "value-by-hand" },
      }),
  ],
  [
    "somebody deleted it and made it anew",
    async ({ gateway }) => {
      gateway.deleteSecret("openai-prod");
      await gateway.secrets.create({
        secret_name: "openai-prod",
        secret_value: { api_key: "value-by-hand" },
      });
    },
  ],
  [
    "the manifest changed its settings",
    ({ push }) => push({ ...TARGET, auth_config: { auth_mode: "other" } }),
  ],
])("the value is pushed again when %s", async (_, change) => {
  const parts = setup();
  await parts.push();
  await change(parts);
  await parts.push();

  expect(parts.gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  expect((await parts.secret())?.auth_config).toEqual({ auth_mode: "api_key" });
  expect(await parts.push()).toMatchObject({ outcome: "unchanged" });
});

test("a secret is untouched only if it is the same one, last written when we wrote it", async () => {
  const { push, record, secret } = setup();
  await push();
  const [pushed, actual] = [(await record())?.value.pushed, await secret()];
  if (!pushed || !actual) throw new Error("nothing was pushed");

  expect(isUntouched(pushed, actual)).toBe(true);
  expect(isUntouched(pushed, { ...actual, secret_id: "s-another" })).toBe(false);
  expect(isUntouched(pushed, { ...actual, last_updated_at: actual.last_updated_at + 1 })).toBe(
    false,
  );
});

test("a manifest that picks another key of the same version gets the other value", async () => {
  const { gateway, source, push } = setup();
  source.put("prod/openai", JSON.stringify({ OLD: "value-one", NEW: "value-two" }));
  const picking = (key: string) => ({
    ...TARGET,
    value_from: { secrets_manager: "prod/openai", keys: { api_key: key } },
  });
  await push(picking("OLD"));

  const result = await push(picking("NEW"));

  expect(result.outcome).toBe("updated");
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
});

test("settings that the manifest does not state travel with the value as they are", async () => {
  const { gateway, source, push, secret } = setup();
  const { secret_id } = await push();
  const auth_config = { auth_mode: "api_key", api_base: "https://example.com" };
  await gateway.secrets.update({ secret_id, auth_config });
  source.put("prod/openai", "value-two");

  const sent: (object | undefined)[] = [];
  const update = gateway.secrets.update;
  gateway.secrets.update = (request) => {
    sent.push(request.auth_config);
    return update(request);
  };
  const { auth_config: _, ...withoutSettings } = TARGET;
  await push(withoutSettings);

  // In the same request: a new key must never meet an address that was set between two.
  expect(sent).toEqual([auth_config]);
  expect((await secret())?.auth_config).toEqual(auth_config);
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
});

test("a version that becomes current during the push is pushed too", async () => {
  const { gateway, source, push, record } = setup();
  let moves = 2;
  source.afterFetch = () => {
    if (moves > 0) source.put("prod/openai", `value-after-${moves}-moves`);
    moves -= 1;
  };

  const result = await push();

  expect(result.version_id).toBe("version-3");
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-after-1-moves" });
  expect((await record())?.value.pushed?.version_id).toBe("version-3");
});

test("a secret that never stops changing is left for later, and its lease given back", async () => {
  const { gateway, source, ledger, clock, push } = setup();
  source.afterFetch = () => void source.put("prod/openai", "value-of-a-moment");

  await expect(push()).rejects.toMatchObject({ code: "source-unsteady", disposition: "retry" });

  expect(gateway.writes()).toHaveLength(5);
  expect(await heldLeases(ledger, clock.nowMs())).toEqual([]);
});

test("a secret of another owner is neither read nor pushed", async () => {
  const { gateway, source, push } = setup();
  source.put("prod/other", "value-of-others", { owner: "other-team" });

  await expect(
    push({ ...TARGET, value_from: { secrets_manager: "prod/other" } }),
  ).rejects.toMatchObject({
    code: "secret-source",
    disposition: "retry",
    message:
      'prod/other belongs to the owner "other-team", not to "search" (tag gateway-ops:owner)',
  });

  expect(source.fetched).toEqual([]);
  expect(gateway.requests).toEqual([]);
});

test("a secret without a tag is not pushed, and the message says which tag it needs", async () => {
  const { source, gateway, push } = setup();
  source.putUntagged("prod/untagged", "value-untagged");

  await expect(
    push({ ...TARGET, value_from: { secrets_manager: "prod/untagged" } }),
  ).rejects.toThrow(
    'prod/untagged has no tag gateway-ops:owner: tag it with gateway-ops:owner=search to let the manifests of "search" use it',
  );

  expect(source.fetched).toEqual([]);
  expect(gateway.requests).toEqual([]);
});

test("two runs at once do not push the same secret", async () => {
  const { gateway, source, push } = setup();
  let second: Promise<unknown> = Promise.resolve();
  source.afterFetch = () => {
    source.afterFetch = () => undefined;
    second = push(TARGET, "run-2");
    second.catch(() => undefined);
  };

  await push();

  await expect(second).rejects.toMatchObject({
    code: "lease-held",
    message: expect.stringMatching(/run-1.* holds the lease secret\/default\/openai-prod/),
  });
  expect(gateway.writes()).toEqual(["createSecret"]);
});

test("the target is remembered before the value is read, so that a later event finds it", async () => {
  const { source, push, record } = setup();
  source.put("prod/openai", "");

  await expect(push()).rejects.toMatchObject({ code: "secret-mapping" });

  expect((await record())?.value).toEqual({
    target: TARGET,
    source_arn: arnOf("prod/openai"),
  });
});

test("a push whose answer was lost is made good by the next one", async () => {
  const { gateway, push } = setup();
  gateway.loseAnswer("createSecret", 1, new ExpectedError("retry"));

  await expect(push()).rejects.toMatchObject({ code: "expected" });
  const result = await push(TARGET, "run-2");

  expect(result.outcome).toBe("updated");
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
});

test("a record that was written by another run meanwhile is not overwritten", async () => {
  const { ledger, source, push, record } = setup();
  source.afterFetch = () => {
    source.afterFetch = () => undefined;
    void record().then((before) =>
      ledger.commit([
        put(
          MANAGED_SECRETS,
          "default/openai-prod",
          { target: TARGET, source_arn: "arn:of-another-run" },
          before,
        ),
      ]),
    );
  };

  await expect(push()).rejects.toMatchObject({ code: "ledger-conflict", disposition: "retry" });

  expect((await record())?.value.source_arn).toBe("arn:of-another-run");
});

test("the message of a push is written with its record, and only when something was pushed", async () => {
  const { ledger, source, dependencies, push } = setup();
  await push();
  source.put("prod/openai", "value-two");

  for (const id of ["told", "told-again"]) {
    await pushRecordedSecret(dependencies, "default/openai-prod", {
      announce: () => aMessage({ id }),
    });
  }

  expect((await messagesIn(ledger)).map(({ id }) => id)).toEqual(["told"]);
});

test("no value is ever in the ledger, in a result or in a message", async () => {
  const { ledger, source, gateway, push, secret } = setup();
  const results = [await push()];
  source.put("prod/openai", JSON.stringify({ api_key: "value-two", second: "value-three" }));
  const keys = { api_key: "api_key", second: "second" };
  results.push(await push({ ...TARGET, value_from: { secrets_manager: "prod/openai", keys } }));

  expect(gateway.storedValue("openai-prod")).toEqual({
    api_key: "value-two",
    second: "value-three",
  });
  expectNoLeak(
    ["value-one", "value-two", "value-three"],
    ledger.written,
    results,
    await messagesIn(ledger),
    await secret(),
  );
});

const KEYLESS: SecretTarget = {
  workspace: "default",
  name: "aws",
  owner: "search",
  provider: "bedrock",
  auth_config: { auth_mode: "default_chain" },
};

test("a secret without a source is written with its settings only, and looked up nowhere", async () => {
  const { gateway, ledger, source, push } = setup();

  const created = await push(KEYLESS);
  const again = await push(KEYLESS);
  const changed = await push({
    ...KEYLESS,
    auth_config: { auth_mode: "default_chain", aws_region_name: "eu-central-1" },
  });

  expect([created, again, changed]).toMatchObject([
    { outcome: "created", version_id: undefined },
    { outcome: "unchanged" },
    { outcome: "updated" },
  ]);
  expect(gateway.visible().secrets).toMatchObject([
    {
      secret_name: "aws",
      masked_values: {},
      auth_config: { auth_mode: "default_chain", aws_region_name: "eu-central-1" },
    },
  ]);
  expect(source.fetched).toEqual([]);
  const record = await ledger.read(MANAGED_SECRETS, "default/aws");
  expect(record?.value).not.toHaveProperty("source_arn");
});

test("new settings never meet a value that was stored for others", async () => {
  const { gateway, push } = setup();
  await push();

  await expect(push({ ...KEYLESS, name: "openai-prod" })).rejects.toMatchObject({
    code: "secret-value-left",
    disposition: "reject",
  });

  expect(gateway.count("updateSecret")).toBe(0);
});

test("a secret is pushed to the gateway of its workspace", async () => {
  const { dependencies } = setup();
  const other = new FakeGateway();
  const gatewayOf = (workspace: string) =>
    workspace === "team-a" ? other : dependencies.gatewayOf(workspace, NO_DEADLINE);

  await pushSecret({ ...dependencies, gatewayOf }, { ...TARGET, workspace: "team-a" }, undefined);
  await pushSecret({ ...dependencies, gatewayOf }, TARGET, undefined);

  expect(other.storedValue("openai-prod")).toEqual({ api_key: "value-one" });
  expect(other.writes()).toEqual(["createSecret"]);
});

test("a secret is deleted with its record, and again without complaint", async () => {
  const { gateway, ledger, clock, dependencies, push } = setup();
  const { secret_id } = await push();
  const secret = { workspace: "default", name: "openai-prod", secret_id };

  await deleteSecret(dependencies, secret);
  await deleteSecret(dependencies, secret);

  expect(gateway.visible().secrets).toEqual([]);
  expect(await ledger.list(MANAGED_SECRETS)).toEqual([]);
  expect(await heldLeases(ledger, clock.nowMs())).toEqual([]);
});

test("a secret is not deleted while it is being pushed", async () => {
  const { gateway, source, dependencies, push } = setup();
  const { secret_id } = await push();
  source.put("prod/openai", "value-two");
  let deleted: Promise<unknown> = Promise.resolve();
  source.afterFetch = () => {
    const secret = { workspace: "default", name: "openai-prod", secret_id };
    deleted = deleteSecret({ ...dependencies, runId: "run-2" }, secret);
    deleted.catch(() => undefined);
  };

  await push();

  await expect(deleted).rejects.toMatchObject({ code: "lease-held" });
  expect(gateway.storedValue("openai-prod")).toEqual({ api_key: "value-two" });
});

test("a secret with the longest name that MLflow takes is pushed once, and again by an event", async () => {
  const { ledger, gateway, source, push, dependencies } = setup();
  const target = { ...TARGET, name: "😀".repeat(255) };

  await push(target);
  const again = await push(target);
  const [record] = await ledger.list(MANAGED_SECRETS);
  source.put("prod/openai", "value-two");
  const pushed = await pushRecordedSecret(dependencies, record?.id ?? "", {
    announce: () => aMessage({ id: `secret-pushed:${record?.id}@${"v".repeat(64)}@1` }),
  });

  expect([again.outcome, pushed?.outcome]).toEqual(["unchanged", "updated"]);
  expect(gateway.storedValue(target.name)).toEqual({ api_key: "value-two" });
  expect(await ledger.list(MANAGED_SECRETS)).toHaveLength(1);
});
