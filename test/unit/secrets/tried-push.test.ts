import { expect, test } from "@jest/globals";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import type { TrialDependencies } from "#secrets/probe/try-value.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { applySetup } from "../../support/apply-setup.ts";
import { messagesIn } from "../../support/builders.ts";
import type { UpstreamCall } from "../../support/fake-gateway.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { definition, endpoint, secret } from "../../support/states.ts";

type Trial = Pick<TrialDependencies, "probesByDefault" | "skipsProbes">;

const MODELS = [definition(), endpoint()];

/** A secret that says `probe`, with a model that uses it, as config sync leaves them. */
async function setup(probe: boolean | undefined, { isApplied = true } = {}) {
  const parts = applySetup();
  const resources = [secret("openai-prod", { probe }), ...MODELS];
  parts.source.put("prod/openai", "value-one");
  if (isApplied) await parts.apply(resources);
  parts.gateway.calls.length = 0;
  /** A new value, and its event. */
  const change = (value: string, trial: Trial = {}) => {
    const versionId = parts.source.put("prod/openai", value);
    const trigger = { sourceArn: arnOf("prod/openai"), versionId };
    const run = { ...parts.dependencies, ...trial, runId: `push-${versionId}` };
    return pushChanged(run, trigger, { isLast: true });
  };
  const held = () => parts.gateway.storedValue("openai-prod")?.api_key;
  const record = async () =>
    (await parts.ledger.read(MANAGED_SECRETS, "default/openai-prod"))?.value;
  const told = () => messagesIn(parts.ledger);
  return { ...parts, resources, change, held, record, told };
}

function refusing(value: string) {
  return ({ values }: UpstreamCall) => (values.api_key === value ? 401 : 200);
}

test("a value that a model answers to replaces the old one", async () => {
  const { gateway, change, held, told } = await setup(true);

  const outcomes = await change("value-two");

  expect(outcomes).toMatchObject([{ outcome: "updated", probe: { verdict: "proven" } }]);
  expect(held()).toBe("value-two");
  expect(gateway.calls.map(({ values }) => values.api_key)).toEqual(["value-two"]);
  expect((await told()).map(({ severity }) => severity)).toEqual(["info"]);
});

test("a value that the provider refuses never replaces the old one, and is told once as critical", async () => {
  const { gateway, change, held, told, record } = await setup(true);
  gateway.upstream = refusing("key-that-nobody-takes");
  const before = (await record())?.pushed;

  const outcomes = await change("key-that-nobody-takes");

  expect(outcomes).toMatchObject([
    { outcome: "rejected", cause: { code: "secret-value-refused" } },
  ]);
  expect(held()).toBe("value-one");
  expect((await record())?.pushed).toEqual(before);
  const [message, ...others] = await told();
  expect(others).toEqual([]);
  expect(message).toMatchObject({ severity: "critical" });
  expect(message?.text).toContain(
    "the new value of the secret openai-prod was tried and is not pushed: openai answered 401 to a call of gpt-4o with it. Store a key that the provider accepts as a new version of its source",
  );
  expectNoLeak(["key-that-nobody-takes"], outcomes, await told(), await record());

  await change("value-three");
  expect(held()).toBe("value-three");
});

test.each([429, 500])(
  "a value of which nothing is known, after a %i, is pushed with a warning",
  async (status) => {
    const { gateway, change, held, told } = await setup(true);
    gateway.upstream = () => status;

    await change("value-two");

    expect(held()).toBe("value-two");
    const [message] = await told();
    expect(message?.severity).toBe("warning");
    expect(message?.text).toContain(
      `It was pushed without knowing whether the provider accepts it: a call of gpt-4o with it was answered with ${status}`,
    );
  },
);

test.each([
  ["the stack tries by default", undefined, { probesByDefault: true }, true],
  ["the manifest does not want it", false, { probesByDefault: true }, false],
  ["nobody speaks of it", undefined, {}, false],
  ["somebody leaves it out this time", true, { skipsProbes: true }, false],
] as const)("whether a value is tried: %s", async (_, probe, trial, isTried) => {
  const { gateway, change, held } = await setup(probe);

  await change("value-two", trial);

  expect(gateway.calls).toHaveLength(isTried ? 1 : 0);
  expect(held()).toBe("value-two");
});

test("a new secret is tried with the models and the settings of the same plan", async () => {
  const { gateway, apply, held } = await setup(true, { isApplied: false });
  const auth_config = { auth_mode: "api_key", api_base: "https://eu.example.com/v1" };

  await apply([secret("openai-prod", { probe: true, auth_config }), ...MODELS]);

  expect(gateway.calls).toMatchObject([{ model_name: "gpt-4o", auth_config }]);
  expect(held()).toBe("value-one");
});

test("a new secret whose value is refused is not made, and what needs it is skipped", async () => {
  const { gateway, failed, resources } = await setup(true, { isApplied: false });
  gateway.upstream = refusing("value-one");

  const { outcomes, disposition } = await failed(resources);

  expect(outcomes).toMatchObject([
    { key: "secret/openai-prod", outcome: "failed", code: "secret-value-refused" },
    { key: "model_definition/gpt-4o", outcome: "skipped" },
    { key: "endpoint/chat", outcome: "skipped" },
  ]);
  expect(disposition).toBe("reject");
  expect(gateway.visible()).toMatchObject({ secrets: [], definitions: [], endpoints: [] });
});

test("new settings are tried with the value that goes with them", async () => {
  const { gateway, failed, held } = await setup(true);
  const auth_config = { api_base: "https://typo.example.com/v1" };
  gateway.upstream = (call) => (call.auth_config.api_base === auth_config.api_base ? 401 : 200);

  await failed([secret("openai-prod", { probe: true, auth_config }), ...MODELS]);

  expect(gateway.visible().secrets[0]?.auth_config).toEqual({});
  expect(held()).toBe("value-one");
});

test("that values are tried is recorded without a write, and stays until the manifest says it", async () => {
  const { gateway, plan, apply, record, resources } = await setup(undefined);
  const writes = gateway.writes().length;
  const tried = [secret("openai-prod", { probe: true }), ...MODELS];

  expect((await plan(tried)).plan.changes).toMatchObject([
    { action: "update", changed_fields: [{ path: "probe", before: undefined, after: true }] },
  ]);
  await apply(tried);

  expect((await record())?.target.probe).toBe(true);
  expect(gateway.writes()).toHaveLength(writes);
  expect((await plan(tried)).plan.changes).toEqual([]);
  expect((await plan(resources)).plan.changes).toEqual([]);
  await apply([
    secret("openai-prod", { auth_config: { api_base: "https://a.example" } }),
    ...MODELS,
  ]);
  expect((await record())?.target.probe).toBe(true);
});
