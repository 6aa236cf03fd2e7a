import { expect, test } from "@jest/globals";
import { put } from "#runtime/ledger.ts";
import { endPause, startPause } from "#runtime/start-pause.ts";
import { MANAGED_SECRETS, type ManagedSecret, type SecretTarget } from "#secrets/managed-secret.ts";
import { deleteSecret, pushSecret } from "#secrets/push.ts";
import { type PushTrigger, pushChanged } from "#secrets/push-changed.ts";
import type { SecretSource } from "#secrets/source.ts";
import { applySetup, CACHE_TTL_MS } from "../../support/apply-setup.ts";
import { ExpectedError, messagesIn } from "../../support/builders.ts";
import { deadlineUntil } from "../../support/deadlines.ts";
import { arnOf } from "../../support/fake-secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";

const FIRST = { isLast: false };
const LAST = { isLast: true };
const LOOK_AGAIN: PushTrigger = { look: "pending" };

function targetOf(name: string, changes: Partial<SecretTarget> = {}): SecretTarget {
  return {
    workspace: "default",
    name,
    owner: "search",
    provider: "openai",
    value_from: { secrets_manager: "prod/openai", keys: { api_key: "A" } },
    ...changes,
  };
}

/** Gateway secrets as config sync leaves them: pushed once, and remembered. */
async function setup(...targets: readonly SecretTarget[]) {
  const parts = applySetup();
  parts.source.put("prod/openai", '{"A": "value-one", "B": "value-two"}');
  parts.source.put("prod/other", "value-other");
  for (const target of targets) await pushSecret(parts.dependencies, target, undefined);
  let runs = 0;
  const push = (trigger: PushTrigger, delivery = FIRST) => {
    runs += 1;
    return pushChanged({ ...parts.dependencies, runId: `push-${runs}` }, trigger, delivery);
  };
  const rotate = (value: string): PushTrigger => ({
    sourceArn: arnOf("prod/openai"),
    versionId: parts.source.put("prod/openai", value),
  });
  const pending = async (name: string) =>
    (await parts.ledger.read(MANAGED_SECRETS, `default/${name}`))?.value.pending;
  const told = async () => (await messagesIn(parts.ledger)).map(({ id }) => id);
  const idOf = (name: string) =>
    parts.gateway.visible().secrets.find(({ secret_name }) => secret_name === name)?.secret_id ??
    "none";
  return { ...parts, push, rotate, pending, told, idOf };
}

test("every gateway secret that one AWS secret feeds gets its new version, and no other", async () => {
  const { gateway, push, rotate } = await setup(
    targetOf("first", { value_from: { secrets_manager: "prod/openai", keys: { api_key: "A" } } }),
    targetOf("second", { value_from: { secrets_manager: "prod/openai", keys: { api_key: "B" } } }),
    targetOf("unrelated", { value_from: { secrets_manager: "prod/other" } }),
  );

  const outcomes = await push(rotate('{"A": "value-three", "B": "value-four"}'));

  expect(outcomes).toMatchObject([
    { name: "first", outcome: "updated" },
    { name: "second", outcome: "updated" },
  ]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-three" });
  expect(gateway.storedValue("second")).toEqual({ api_key: "value-four" });
  expect(gateway.count("updateSecret")).toBe(2);
});

test("a push is told once, with what it means", async () => {
  const { ledger, clock, push, rotate } = await setup(targetOf("first"));
  clock.advance(5000);

  await push(rotate('{"A": "value-three"}'));

  expect(await messagesIn(ledger)).toEqual([
    {
      topic: "operations",
      id: `secret-pushed:default/first@version-3@${clock.nowMs()}`,
      type: "mlflow-gateway-ops.secret.pushed",
      severity: "info",
      timeMs: clock.nowMs(),
      subject: "Gateway secret first was updated",
      text: `The gateway secret first holds version version-3 (before: version-1) of prod/openai.\nEvery gateway process uses it by ${new Date(clock.nowMs() + CACHE_TTL_MS).toISOString()} at the latest.`,
      data: expect.objectContaining({
        name: "first",
        workspace: "default",
        outcome: "updated",
        owner: "search",
        source_arn: arnOf("prod/openai"),
      }),
      attributes: { owner: "search", outcome: "updated", secret: "first" },
    },
  ]);
});

test("the same event again writes nothing and tells nothing", async () => {
  const { gateway, source, push, rotate, told } = await setup(targetOf("first"));
  const trigger = rotate('{"A": "value-three"}');
  await push(trigger);
  const before = { writes: gateway.writes(), fetched: [...source.fetched], told: await told() };

  const outcomes = await push(trigger);

  expect(outcomes).toMatchObject([{ name: "first", outcome: "unchanged" }]);
  expect({ writes: gateway.writes(), fetched: source.fetched, told: await told() }).toEqual(before);
});

test("an event of an older version pushes the newest", async () => {
  const { gateway, push, rotate } = await setup(targetOf("first"));
  const older = rotate('{"A": "value-three"}');
  rotate('{"A": "value-four"}');

  await push(older);

  expect(gateway.storedValue("first")).toEqual({ api_key: "value-four" });
});

test("an event of a secret that no manifest uses is nothing to do", async () => {
  const { gateway, push } = await setup();

  expect(await push({ sourceArn: arnOf("prod/openai"), versionId: "version-1" })).toEqual([]);

  expect(gateway.requests).toEqual([]);
});

test("a secret that is rejected does not stop the others, and is told once", async () => {
  const keys = { api_key: "A" };
  const { gateway, ledger, push, rotate, pending } = await setup(
    targetOf("first", { value_from: { secrets_manager: "prod/openai", keys } }),
    targetOf("second", { value_from: { secrets_manager: "prod/openai", keys: { api_key: "B" } } }),
  );
  const trigger = rotate('{"B": "value-three"}');

  const outcomes = await push(trigger);
  await push(trigger);

  expect(outcomes).toMatchObject([
    { name: "first", outcome: "rejected", cause: { code: "secret-mapping" } },
    { name: "second", outcome: "updated" },
  ]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-one" });
  expect(gateway.storedValue("second")).toEqual({ api_key: "value-three" });
  expect(await pending("first")).toBeUndefined();
  expect((await ledger.read(MANAGED_SECRETS, "default/first"))?.value.rejected).toMatchObject({
    version_id: Object(trigger).versionId,
    code: "secret-mapping",
  });
  const [rejected, ...others] = (await messagesIn(ledger)).filter(
    ({ severity }) => severity === "critical",
  );
  expect(others).toEqual([]);
  expect(rejected).toMatchObject({
    id: "secret-push-rejected:default/first@version-3",
    type: "mlflow-gateway-ops.secret.push-rejected",
    subject: "Gateway secret first could not be updated (secret-mapping)",
    text: 'prod/openai has no key "A" for api_key; it has 1 key\nThe gateway goes on with the former value until this is corrected.',
    attributes: { owner: "search", outcome: "rejected", secret: "first", code: "secret-mapping" },
  });
});

test("a value that cannot work leaves the working one, and is told once with its remedy", async () => {
  const { gateway, push, rotate, ledger } = await setup(
    targetOf("first", { value_from: { secrets_manager: "prod/other" } }),
    targetOf("whole", { value_from: { secrets_manager: "prod/openai", keys: { api_key: "/A" } } }),
  );

  const outcomes = await push(rotate('{"OPENAI_API_KEY": "value-three"}'));

  expect(outcomes).toMatchObject([{ name: "whole", outcome: "rejected" }]);
  expect(gateway.storedValue("whole")).toEqual({ api_key: "value-one" });
  expect(await messagesIn(ledger)).toMatchObject([
    {
      severity: "critical",
      text: expect.stringContaining('prod/openai has no key "A" for api_key; it has 1 key'),
    },
  ]);
});

test("what a manifest lets pass reaches the push, which has no manifest", async () => {
  const { gateway, push, rotate } = await setup(
    targetOf("strict"),
    targetOf("lenient", { as_stored: true }),
  );

  const outcomes = await push(rotate('{"A": "Bearer value-three"}'));

  expect(outcomes).toMatchObject([
    { name: "lenient", outcome: "updated" },
    { name: "strict", outcome: "rejected" },
  ]);
  expect(gateway.storedValue("lenient")).toEqual({ api_key: "Bearer value-three" });
  expect(gateway.storedValue("strict")).toEqual({ api_key: "value-one" });
});

test("names that are left out are told with the push", async () => {
  const { push, rotate, ledger } = await setup(
    targetOf("whole", { value_from: { secrets_manager: "prod/openai", keys: { api_key: "A" } } }),
  );
  const record = await ledger.read(MANAGED_SECRETS, "default/whole");
  if (!record) throw new Error("nothing was recorded");
  const target = { ...record.value.target, value_from: { secrets_manager: "prod/openai" } };
  await ledger.commit([put(MANAGED_SECRETS, record.id, { ...record.value, target }, record)]);

  await push(rotate('{"api_key": "value-three", "owner": "x"}'));

  expect(await messagesIn(ledger)).toMatchObject([
    {
      text: expect.stringContaining(
        "left out of prod/openai, as openai is not known to take it: owner",
      ),
    },
  ]);
});

test("a failure that may pass is thrown after all were tried, and told by nobody yet", async () => {
  const { gateway, push, rotate, told, pending } = await setup(
    targetOf("first"),
    targetOf("second"),
  );
  gateway.failOn("updateSecret", 1, new ExpectedError("retry", "the gateway is down"));
  const trigger = rotate('{"A": "value-three"}');

  await expect(push(trigger)).rejects.toThrow("the gateway is down");

  expect(gateway.storedValue("first")).toEqual({ api_key: "value-one" });
  expect(gateway.storedValue("second")).toEqual({ api_key: "value-three" });
  expect(await pending("first")).toBeUndefined();
  expect(await told()).toEqual([expect.stringContaining("secret-pushed:default/second")]);

  expect(await push(trigger)).toMatchObject([{ outcome: "updated" }, { outcome: "unchanged" }]);
});

test("at the last delivery a failure that may pass is kept as pending, with one message", async () => {
  const { gateway, ledger, clock, push, rotate, pending } = await setup(targetOf("first"));
  const trigger = rotate('{"A": "value-three"}');
  const sinceMs = clock.nowMs();
  for (const call of [1, 2]) gateway.failOn("updateSecret", call, new ExpectedError("retry"));

  const outcomes = await push(trigger, LAST);
  clock.advance(60_000);
  await push(trigger, LAST);

  expect(outcomes).toMatchObject([
    { name: "first", outcome: "pending", cause: { code: "expected" } },
  ]);
  expect(await pending("first")).toEqual({ since_ms: sinceMs, cause: "expected" });
  expect(await messagesIn(ledger)).toMatchObject([
    {
      id: "secret-push-pending:default/first@version-3",
      severity: "warning",
      text: "so the test wants it\nIt is tried again on a schedule; the gateway goes on with the former value.",
    },
  ]);
});

test("looking again pushes what is pending and nothing else, and is done with it", async () => {
  const { gateway, push, rotate, pending, told } = await setup(
    targetOf("first"),
    targetOf("second", { value_from: { secrets_manager: "prod/other" } }),
  );
  gateway.failOn("updateSecret", 1, new ExpectedError("retry"));
  await push(rotate('{"A": "value-three"}'), LAST);

  const outcomes = await push(LOOK_AGAIN);

  expect(outcomes).toMatchObject([{ name: "first", outcome: "updated" }]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-three" });
  expect(await pending("first")).toBeUndefined();
  expect(await told()).toEqual([
    "secret-push-pending:default/first@version-3",
    expect.stringContaining("secret-pushed:default/first@version-3"),
  ]);
  expect(await push(LOOK_AGAIN)).toEqual([]);
});

test("a pending secret that turns out to be current is no longer pending", async () => {
  const { gateway, source, push, rotate, pending } = await setup(targetOf("first"));
  const trigger = rotate('{"A": "value-three"}');
  await push(trigger);
  gateway.failOn("listSecrets", 1, new ExpectedError("retry"));
  await push(trigger, LAST);
  expect(await pending("first")).toBeDefined();
  const fetched = [...source.fetched];

  expect(await push(LOOK_AGAIN)).toMatchObject([{ outcome: "unchanged" }]);

  expect(await pending("first")).toBeUndefined();
  expect(source.fetched).toEqual(fetched);
});

test("looking again in vain keeps the first time and tells nothing more", async () => {
  const { gateway, clock, push, rotate, pending, told } = await setup(targetOf("first"));
  for (const call of [1, 2, 3]) gateway.failOn("updateSecret", call, new ExpectedError("retry"));
  const sinceMs = clock.nowMs();
  await push(rotate('{"A": "value-three"}'), LAST);

  clock.advance(60_000);
  await expect(push(LOOK_AGAIN)).rejects.toMatchObject({ code: "expected" });
  clock.advance(60_000);
  await push(LOOK_AGAIN, LAST);

  expect(await pending("first")).toEqual({ since_ms: sinceMs, cause: "expected" });
  expect(await told()).toEqual(["secret-push-pending:default/first@version-3"]);
});

test("a pending secret that is rejected in the end is told as rejected and left alone", async () => {
  const keys = { api_key: "A" };
  const { gateway, push, rotate, pending, told } = await setup(
    targetOf("first", { value_from: { secrets_manager: "prod/openai", keys } }),
  );
  gateway.failOn("listSecrets", 1, new ExpectedError("retry"));
  await push(rotate('{"B": "value-three"}'), LAST);

  expect(await push(LOOK_AGAIN)).toMatchObject([{ outcome: "rejected" }]);

  expect(await pending("first")).toBeUndefined();
  expect((await told()).map((id) => id.split(":")[0])).toEqual([
    "secret-push-pending",
    "secret-push-rejected",
  ]);
  expect(await push(LOOK_AGAIN)).toEqual([]);
});

test("a bug of ours is not taken for a failure of the secret", async () => {
  const { gateway, push, rotate, told } = await setup(targetOf("first"));
  gateway.failOn("listSecrets", 1, new TypeError("a bug"));

  await expect(push(rotate('{"A": "value-three"}'), LAST)).rejects.toThrow(TypeError);

  expect(await told()).toEqual([]);
});

test("no value is in an outcome, in the ledger or in a message, whatever became of the push", async () => {
  const { gateway, ledger, push, rotate } = await setup(targetOf("first"), targetOf("second"));
  gateway.failOn("updateSecret", 1, new ExpectedError("retry"));
  const outcomes = [
    await push(rotate('{"A": "value-three"}'), LAST),
    await push(rotate('{"A": ["value-four"]}'), LAST),
    await push(LOOK_AGAIN, LAST),
  ];

  expectNoLeak(
    ["value-one", "value-two", "value-three", "value-four"],
    outcomes,
    ledger.written,
    await messagesIn(ledger),
  );
});

test("a secret that was deleted meanwhile is no concern any more", async () => {
  const { gateway, dependencies, source, rotate } = await setup(
    targetOf("first"),
    targetOf("second"),
  );
  const second = (await gateway.secrets.list()).find(({ secret_name }) => secret_name === "second");
  const secret = { workspace: "default", name: "second", secret_id: second?.secret_id ?? "" };
  const deleting: SecretSource = {
    describe: (name) => source.describe(name),
    async fetch(arn, versionId) {
      await deleteSecret(dependencies, secret);
      return source.fetch(arn, versionId);
    },
  };

  const run = { ...dependencies, source: deleting };
  const outcomes = await pushChanged(run, rotate('{"A": "value-three"}'), FIRST);

  expect(outcomes).toMatchObject([{ name: "first", outcome: "updated" }]);
  expect(gateway.storedValue("second")).toBeUndefined();
});

test("while it is paused a new version is noted, and pushed once it is resumed", async () => {
  const { gateway, ledger, clock, push, rotate, pending, told } = await setup(
    targetOf("first", { value_from: { secrets_manager: "prod/openai", keys: { api_key: "A" } } }),
  );
  const pause = { worker: "secrets", since_ms: clock.nowMs(), by: "ada@laptop" } as const;
  await startPause(ledger, pause, false);

  for (const value of ["one", "two", "three"]) {
    expect(await push(rotate(`{"A": "value-${value}"}`))).toMatchObject([
      { name: "first", outcome: "pending", cause: { code: "paused" } },
    ]);
  }
  await push(LOOK_AGAIN, LAST);
  expect(gateway.count("updateSecret")).toBe(0);
  expect(await pending("first")).toMatchObject({ cause: "paused" });
  expect(await told()).toEqual([]);

  await endPause(ledger, pause, { by: "ada@laptop", nowMs: clock.nowMs() }, false);
  expect(await push(LOOK_AGAIN, LAST)).toMatchObject([{ name: "first", outcome: "updated" }]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-three" });
  expect(await pending("first")).toBeUndefined();
});

test("a pause of one owner holds up the secrets of no other", async () => {
  const { gateway, ledger, clock, push, rotate } = await setup(
    targetOf("first"),
    targetOf("second", { name: "second" }),
  );
  const pause = { owner: "ads", since_ms: clock.nowMs(), by: "ada@laptop" } as const;
  await startPause(ledger, pause, false);

  const outcomes = await push(rotate('{"A": "value-three"}'));

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(["updated", "updated"]);
  expect(gateway.count("updateSecret")).toBe(2);
});

test("a push that fails after it was paused is told", async () => {
  const { gateway, ledger, clock, push, rotate, pending, told } = await setup(targetOf("first"));
  const pause = { since_ms: clock.nowMs(), by: "ada@laptop" } as const;
  await startPause(ledger, pause, false);
  await push(rotate('{"A": "value-three"}'));
  await endPause(ledger, {}, { by: "ada@laptop", nowMs: clock.nowMs() }, false);

  gateway.failOn("updateSecret", 1, new ExpectedError("retry"));
  await push(LOOK_AGAIN, LAST);

  expect(await pending("first")).toMatchObject({ cause: "expected" });
  expect(await told()).toHaveLength(1);
});

test("a ledger that cannot say what is paused lets nothing be written", async () => {
  const { gateway, ledger, push, rotate } = await setup(targetOf("first"));
  const list = ledger.list.bind(ledger);
  ledger.list = (kind, options) =>
    kind.name === "pause" ? Promise.reject(new ExpectedError("retry")) : list(kind, options);

  await expect(push(rotate('{"A": "value-three"}'))).rejects.toMatchObject({ code: "expected" });

  expect(gateway.count("updateSecret")).toBe(0);
});

type Parts = Awaited<ReturnType<typeof setup>>;

/** Somebody else's, under the name of one that was ours. */
async function makeAgain({ gateway }: Parts, name: string, auth_config = {}): Promise<void> {
  gateway.deleteSecret(name);
  const secret = { secret_name: name, provider: "openai", auth_config, created_by: "alice" };
  await gateway.secrets.create({ ...secret, secret_value: { api_key: "value-by-hand" } });
}

const TO_APPLY =
  "Put its manifest again, or run gwops apply: the plan shows what is there now, and takes it over";

test("a secret that was made again by hand is left alone, and told once with both ids", async () => {
  const parts = await setup(targetOf("first"), targetOf("second"));
  const { gateway, ledger, push, rotate, idOf, source } = parts;
  const ours = idOf("first");
  await makeAgain(parts, "first");
  const trigger = rotate('{"A": "value-three"}');
  const fetched = source.fetched.length;

  const outcomes = await push(trigger);
  await push(trigger, LAST);

  expect(outcomes).toMatchObject([
    { name: "first", outcome: "rejected", cause: { code: "secret-changed" } },
    { name: "second", outcome: "updated" },
  ]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-by-hand" });
  // For the other one: what may not be written is not even read.
  expect(source.fetched).toHaveLength(fetched + 1);
  const told = (await messagesIn(ledger)).filter(({ severity }) => severity === "critical");
  expect(told.map(({ text }) => text)).toEqual([
    `the gateway secret first is ${idOf("first")} now, which somebody made in place of ${ours}: it is not overwritten. ${TO_APPLY}\nThe gateway goes on with the former value until this is corrected.`,
  ]);
});

test("also by the look of the schedule, and until config sync takes it over", async () => {
  const parts = await setup(targetOf("first"));
  const { gateway, dependencies, push, rotate, pending, idOf } = parts;
  gateway.failOn("updateSecret", 1, new ExpectedError("retry"));
  await push(rotate('{"A": "value-three"}'), LAST);
  await makeAgain(parts, "first");

  expect(await push(LOOK_AGAIN, LAST)).toMatchObject([{ outcome: "rejected" }]);
  expect(await pending("first")).toBeUndefined();
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-by-hand" });

  await pushSecret(dependencies, targetOf("first"), { secret_id: idOf("first") });
  expect(await push(rotate('{"A": "value-four"}'))).toMatchObject([{ outcome: "updated" }]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-four" });
});

test("a secret that was deleted by hand is not made again by an event", async () => {
  const { gateway, push, rotate } = await setup(targetOf("first"));
  gateway.deleteSecret("first");

  expect(await push(rotate('{"A": "value-three"}'))).toMatchObject([
    {
      outcome: "rejected",
      cause: { message: expect.stringMatching(/^the gateway secret first \(s-\d+\) is gone/) },
    },
  ]);

  expect(gateway.visible().secrets).toEqual([]);
});

test.each([
  ["there is none of its name", false],
  ["somebody has made one of its name", true],
])("what config sync never wrote is written by no event, when %s", async (_, isThere) => {
  const parts = await setup();
  const { gateway, dependencies, source, push, rotate } = parts;
  source.put("prod/openai", "");
  await expect(pushSecret(dependencies, targetOf("first"), undefined)).rejects.toMatchObject({
    code: "secret-mapping",
  });
  if (isThere) await makeAgain(parts, "first");
  const before = gateway.visible().secrets;

  expect(await push(rotate("value-three"), LAST)).toMatchObject([
    { name: "first", outcome: "rejected", cause: { code: "secret-changed" } },
  ]);

  expect(gateway.visible().secrets).toEqual(before);
});

test("a value that somebody stored by hand is replaced: the secret is the same, and declared", async () => {
  const { gateway, ledger, push, rotate, idOf } = await setup(targetOf("first"));
  const secret_value = { api_key: "value-by-hand" };
  await gateway.secrets.update({ secret_id: idOf("first"), secret_value });

  // Also by an event of the version that was pushed before.
  await push({ sourceArn: arnOf("prod/openai"), versionId: "version-1" });
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-one" });

  await gateway.secrets.update({ secret_id: idOf("first"), secret_value });
  await push(rotate('{"A": "value-three"}'));
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-three" });
  const texts = (await messagesIn(ledger)).map(({ text }) => text);
  expect(texts).toHaveLength(2);
  for (const text of texts) expect(text).toContain("(before: unknown)");
});

const OPENAI = { auth_mode: "api_key", api_base: "https://api.openai.com/v1" };
const ELSEWHERE = "https://elsewhere.example/v1";

test.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>, string]>([
  ["an address", OPENAI, { ...OPENAI, api_base: ELSEWHERE }, "api_base"],
  ["an address where there was none", { auth_mode: "api_key" }, OPENAI, "api_base"],
  ["the address that is taken away", OPENAI, { auth_mode: "api_key" }, "api_base"],
  [
    "a region",
    { aws_region_name: "eu-west-1" },
    { aws_region_name: "us-east-1" },
    "aws_region_name",
  ],
  ["settings where there were none", {}, { url: ELSEWHERE, version: "1" }, "url, version"],
])("a new key does not meet settings that no plan showed: %s", async (_, left, found, names) => {
  const parts = await setup(targetOf("first", { auth_config: left }));
  const { gateway, push, rotate, idOf } = parts;
  await gateway.secrets.update({ secret_id: idOf("first"), auth_config: found });

  expect(await push(rotate('{"A": "value-three"}'), LAST)).toMatchObject([
    {
      outcome: "rejected",
      cause: {
        code: "secret-changed",
        message: `the gateway secret first (${idOf("first")}) has other settings than it was left with (${names}): a new key is not sent where no plan said that it goes. ${TO_APPLY}`,
      },
    },
  ]);

  expect(gateway.storedValue("first")).toEqual({ api_key: "value-one" });
  expect(gateway.visible().secrets).toMatchObject([{ auth_config: found }]);
});

test("settings that a plan let stay are kept with the record, and an event finds them changed", async () => {
  const parts = await setup();
  const { gateway, ledger, dependencies, push, rotate, idOf } = parts;
  await makeAgain(parts, "first", OPENAI);
  const known = { secret_id: idOf("first"), auth_config: OPENAI };
  await pushSecret(dependencies, targetOf("first"), known);

  expect((await ledger.read(MANAGED_SECRETS, "default/first"))?.value.pushed?.auth_config).toEqual(
    OPENAI,
  );
  expect(await push(rotate('{"A": "value-three"}'))).toMatchObject([{ outcome: "updated" }]);
  expect(gateway.visible().secrets).toMatchObject([{ auth_config: OPENAI }]);

  const auth_config = { ...OPENAI, api_base: ELSEWHERE };
  await gateway.secrets.update({ secret_id: idOf("first"), auth_config });
  expect(await push(rotate('{"A": "value-four"}'))).toMatchObject([{ outcome: "rejected" }]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-three" });
});

test("settings of which the answer was lost when config sync wrote them are no hand's", async () => {
  const { gateway, dependencies, push, rotate, idOf } = await setup(
    targetOf("first", { auth_config: { auth_mode: "api_key" } }),
  );
  gateway.loseAnswer("updateSecret", 1, new ExpectedError("retry"));
  const known = { secret_id: idOf("first"), auth_config: { auth_mode: "api_key" } };
  const target = targetOf("first", { auth_config: OPENAI });
  await expect(pushSecret(dependencies, target, known)).rejects.toMatchObject({ code: "expected" });

  expect(await push(rotate('{"A": "value-three"}'))).toMatchObject([{ outcome: "updated" }]);

  expect(gateway.visible().secrets).toMatchObject([{ auth_config: OPENAI }]);
});

test.each<[string, number, unknown]>([
  ["a later release wrote", 99, { target: { name: "other" } }],
  ["holds nothing", 1, null],
  ["holds a text", 1, "value"],
  ["says nothing of its secret", 1, { source_arn: arnOf("prod/openai") }],
  ["says half of its secret", 1, { target: { name: "other" }, pending: {} }],
])("a record that %s stops no other secret, and is told once", async (_, version, value) => {
  const { gateway, ledger, push, rotate } = await setup(targetOf("first"));
  const record = put(MANAGED_SECRETS, "default/a-bad-one", value as ManagedSecret, undefined);
  await ledger.commit([{ ...record, version }]);

  const outcomes = await push(rotate('{"A": "value-three"}'));
  await push(LOOK_AGAIN);
  await push(rotate('{"A": "value-four"}'));

  expect(outcomes).toMatchObject([{ name: "first", outcome: "updated" }]);
  expect(gateway.storedValue("first")).toEqual({ api_key: "value-four" });
  const told = (await messagesIn(ledger)).filter(({ severity }) => severity === "critical");
  expect(told).toMatchObject([
    {
      type: "mlflow-gateway-ops.secret.record-unreadable",
      subject: "1 gateway secrets cannot be pushed: their records cannot be read",
      text: expect.stringMatching(/^default\/a-bad-one: .+\nThe gateway goes on with the values/),
      data: { count: 1, ids: ["default/a-bad-one"] },
    },
  ]);
});

test("many records that cannot be read are one message, and others are another one", async () => {
  const { ledger, push } = await setup();
  const add = (from: number, to: number) =>
    ledger.commit(
      Array.from({ length: to - from }, (_, index) => ({
        ...put(MANAGED_SECRETS, `default/s${from + index}`, {} as ManagedSecret, undefined),
        version: 99,
      })),
    );
  await add(10, 90);
  await push(LOOK_AGAIN);
  await push(LOOK_AGAIN);
  const [message, ...others] = await messagesIn(ledger);
  expect(others).toEqual([]);
  expect(message?.text).toContain("\nand 70 more\n");

  await add(90, 91);
  await push(LOOK_AGAIN);
  expect((await messagesIn(ledger)).map(({ data }) => data.count)).toEqual([80, 81]);
});

test("a record that became unreadable while it was pushed stops no other secret", async () => {
  const parts = await setup(targetOf("first"), targetOf("second"));
  const { gateway, ledger, source, rotate, push } = parts;
  const trigger = rotate('{"A": "value-three"}');
  source.afterFetch = () => {
    source.afterFetch = () => undefined;
    void ledger.read(MANAGED_SECRETS, "default/first").then((record) => {
      const write = put(MANAGED_SECRETS, "default/first", record?.value as ManagedSecret, record);
      return ledger.commit([{ ...write, version: 99 }]);
    });
  };

  await expect(push(trigger, LAST)).rejects.toMatchObject({ code: "newer-version" });
  expect(gateway.storedValue("second")).toEqual({ api_key: "value-three" });
  expect(await push(trigger, LAST)).toMatchObject([{ name: "second", outcome: "unchanged" }]);
});

/** Runs in which the time is over after so many writes. */
function briefly({ gateway, dependencies }: Parts, writes: number) {
  return (trigger: PushTrigger, delivery = FIRST) => {
    const before = gateway.count("updateSecret");
    const isOver = () => gateway.count("updateSecret") - before >= writes;
    return pushChanged({ ...dependencies, deadline: deadlineUntil(isOver) }, trigger, delivery);
  };
}

const FIVE = ["a", "b", "c", "d", "e"];

test("what the time does not suffice for comes with the next delivery, and has not failed", async () => {
  const parts = await setup(...FIVE.map((name) => targetOf(name)));
  const { gateway, rotate, told, pending } = parts;
  const push = briefly(parts, 2);
  const trigger = rotate('{"A": "value-three"}');

  await expect(push(trigger)).rejects.toMatchObject({
    code: "not-reached",
    disposition: "retry",
    message: "the time was over before 3 secrets were reached: they are next",
  });
  await expect(push(trigger)).rejects.toMatchObject({ code: "not-reached" });
  await push(trigger, LAST);

  for (const name of FIVE) {
    expect(gateway.storedValue(name)).toEqual({ api_key: "value-three" });
    expect(await pending(name)).toBeUndefined();
  }
  expect((await told()).map((id) => id.split("@")[0])).toEqual(
    FIVE.map((name) => `secret-pushed:default/${name}`),
  );
});

test("after the last delivery the schedule goes on with it, and nobody is told", async () => {
  const parts = await setup(...FIVE.map((name) => targetOf(name)));
  const { gateway, clock, rotate, told, pending } = parts;
  const push = briefly(parts, 2);

  const outcomes = await push(rotate('{"A": "value-three"}'), LAST);

  expect(outcomes.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    "a updated",
    "b updated",
    "c pending",
    "d pending",
    "e pending",
  ]);
  expect(await pending("c")).toEqual({ since_ms: clock.nowMs(), cause: "not-reached" });
  expect(await told()).toHaveLength(2);

  await push(LOOK_AGAIN, LAST);
  await push(LOOK_AGAIN, LAST);
  for (const name of FIVE) expect(gateway.storedValue(name)).toEqual({ api_key: "value-three" });
  expect((await told()).every((id) => id.startsWith("secret-pushed:"))).toBe(true);
  expect(await push(LOOK_AGAIN, LAST)).toEqual([]);
});

test("after a resume with many secrets none is told as failed", async () => {
  const parts = await setup(...FIVE.map((name) => targetOf(name)));
  const { ledger, clock, rotate, told } = parts;
  const pause = { worker: "secrets", since_ms: clock.nowMs(), by: "ada@laptop" } as const;
  await startPause(ledger, pause, false);
  await parts.push(rotate('{"A": "value-three"}'));
  await endPause(ledger, pause, { by: "ada@laptop", nowMs: clock.nowMs() }, false);

  for (const delivery of [LAST, LAST, LAST]) await briefly(parts, 2)(LOOK_AGAIN, delivery);

  expect((await told()).map((id) => id.split("@")[0])).toEqual(
    FIVE.map((name) => `secret-pushed:default/${name}`),
  );
});

test("what failed before is tried after what was never tried", async () => {
  const parts = await setup(...FIVE.map((name) => targetOf(name)));
  const { gateway, rotate, pending } = parts;
  gateway.failOn("updateSecret", 1, new ExpectedError("retry"));
  await briefly(parts, 1)(rotate('{"A": "value-three"}'), LAST);
  expect(await pending("a")).toMatchObject({ cause: "expected" });

  const outcomes = await briefly(parts, 4)(LOOK_AGAIN, LAST);

  expect(outcomes.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
    "b updated",
    "c updated",
    "d updated",
    "e updated",
    "a pending",
  ]);
});

test("what was not reached and fails later is told", async () => {
  const parts = await setup(targetOf("a"), targetOf("b"));
  await briefly(parts, 1)(parts.rotate('{"A": "value-three"}'), LAST);
  parts.gateway.failOn("updateSecret", 1, new ExpectedError("retry"));

  await parts.push(LOOK_AGAIN, LAST);

  expect(await parts.pending("b")).toMatchObject({ cause: "expected" });
  expect((await parts.told()).map((id) => id.split("@")[0])).toContain(
    "secret-push-pending:default/b",
  );
});
