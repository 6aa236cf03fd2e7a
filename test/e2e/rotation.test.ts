import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  TagResourceCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { callLocal } from "../../scripts/local/http.ts";
import { createSecret, madeUpKey, putManifest, settled } from "../../scripts/story/actions.ts";
import { until } from "../../scripts/story/until.ts";
import { CREDENTIALS_SECRET, openWorld, output, type World } from "../../scripts/story/world.ts";
import { localRotations, switchRotationOn } from "../support/local-rotations.ts";
import { RotationDriver } from "../support/rotation-driver.ts";

// A world of its own: the stack of the others rotates nothing.
const OPEN_TIMEOUT_MS = 480_000;
const TEST_TIMEOUT_MS = 240_000;
const PUSH_TIMEOUT_MS = 60_000;
const KEY_SECRET = "rotated/openai";
const USERS = ["gwops-a", "gwops-b"].map((username) => ({
  username,
  password: madeUpKey("password"),
}));

let world: World;

beforeAll(async () => {
  world = await openWorld({
    context: {
      rotations: JSON.stringify([
        {
          secret: CREDENTIALS_SECRET,
          strategy: "mlflow-user",
          everyDays: 30,
          users: USERS.map(({ username }) => username),
        },
        { secret: KEY_SECRET, strategy: "static", everyDays: 90 },
      ]),
    },
    users: USERS,
    onProgress: () => undefined,
  });
  for (const { username } of USERS) await makeAdmin(username);
  await store(CREDENTIALS_SECRET, JSON.stringify(USERS[0]));
}, OPEN_TIMEOUT_MS);

afterAll(async () => {
  await world?.close();
}, OPEN_TIMEOUT_MS);

test(
  "the operator's login is rotated twice, and the workers go on with the new one",
  async () => {
    await allow(CREDENTIALS_SECRET, "mlflow-user");

    const seen: string[] = [];
    for (const round of [1, 2]) {
      expect((await driver().rotate(CREDENTIALS_SECRET)).error).toBeUndefined();
      const login = JSON.parse(await current(CREDENTIALS_SECRET));
      expect(await works(login)).toBe(200);
      seen.push(login.username);
      const budget = `{ name: round-${round}, budget_amount: 5, duration: { unit: MONTHS, value: 1 }, target_scope: USER, target_value: user-${round}, budget_action: ALERT }`;
      const text = `version: 1\nbudgets:\n  - ${budget}\n`;
      await settled(world, await putManifest(world, `round-${round}.yaml`, text), "applied");
    }

    expect(seen).toEqual(["gwops-b", "gwops-a"]);
    expect(await works(world.mlflow.admin)).toBe(200);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a provider's key is tried through the gateway, rotated twice and pushed; one that is refused is not",
  async () => {
    await createSecret(world, KEY_SECRET, madeUpKey("first"));
    await settled(world, await putManifest(world, "openai.yaml", manifest()), "applied");
    await allow(KEY_SECRET, "static");

    for (const name of ["second", "third"]) {
      const key = madeUpKey(name);
      await store(KEY_SECRET, key, "GATEWAY_OPS_CANDIDATE");
      expect((await driver().rotate(KEY_SECRET)).error).toBeUndefined();
      expect(await current(KEY_SECRET)).toBe(key);
      expect(world.upstream.calls().at(-1)?.key.reveal()).toBe(key);
      await until(`a push of the ${name} key`, PUSH_TIMEOUT_MS, async () => {
        const pushed = (await world.operations.received()).filter(({ type }) =>
          type.endsWith("secret.pushed"),
        );
        return JSON.stringify(pushed).includes(await versionOf(KEY_SECRET)) || undefined;
      });
    }
    const before = await current(KEY_SECRET);
    await store(KEY_SECRET, madeUpKey("refused"), "GATEWAY_OPS_CANDIDATE");
    world.upstream.failNext(1, 401);
    const { error } = await driver().rotate(KEY_SECRET);

    expect(String(error)).toContain("was refused before");
    expect(await current(KEY_SECRET)).toBe(before);
    const names = (await world.gateway.endpoints.list()).map((endpoint) => endpoint.name);
    expect(names).toEqual(["chat"]);
  },
  TEST_TIMEOUT_MS,
);

function manifest(): string {
  return [
    "version: 1",
    "secrets:",
    "  - name: rotated",
    "    provider: openai",
    `    value_from: { secrets_manager: ${KEY_SECRET} }`,
    `    auth_config: { auth_mode: api_key, api_base: "${world.upstream.url}" }`,
    "model_definitions:",
    "  - { name: gpt-4o, secret: rotated, model_name: gpt-4o }",
    "endpoints:",
    "  - { name: chat, models: [{ model_definition: gpt-4o, linkage_type: PRIMARY }] }",
  ].join("\n");
}

/** The deployed function, called as Secrets Manager calls it. */
function driver(): RotationDriver {
  const { aws, outputs, secretsManager } = world;
  const name = output(outputs, "SecretRotationFunctionName");
  const path = `/2015-03-31/functions/${name}/invocations`;
  return new RotationDriver(localRotations(secretsManager), async (event) => {
    const answer = await callLocal(aws.endpoint + path, {
      method: "POST",
      json: event,
      timeoutMs: TEST_TIMEOUT_MS,
    });
    // What the local AWS answers to a function that threw.
    if (/errorMessage/.test(answer.body)) throw new Error(answer.body);
  });
}

async function allow(SecretId: string, strategy: string): Promise<void> {
  const Tags = [{ Key: "gateway-ops:rotation", Value: strategy }];
  await world.secretsManager.send(new TagResourceCommand({ SecretId, Tags }));
  await switchRotationOn(world.secretsManager, SecretId);
}

async function store(SecretId: string, SecretString: string, stage = "AWSCURRENT") {
  const VersionStages = [stage];
  await world.secretsManager.send(
    new PutSecretValueCommand({ SecretId, SecretString, VersionStages }),
  );
}

async function current(SecretId: string): Promise<string> {
  const answer = await world.secretsManager.send(new GetSecretValueCommand({ SecretId }));
  return answer.SecretString ?? "";
}

async function versionOf(SecretId: string): Promise<string> {
  const answer = await world.secretsManager.send(new GetSecretValueCommand({ SecretId }));
  return answer.VersionId ?? "none";
}

async function works(user: World["mlflow"]["admin"]): Promise<number> {
  const path = `/api/2.0/mlflow/users/get?username=${user?.username}`;
  return (await callLocal(world.mlflow.trackingUri + path, { user })).status;
}

async function makeAdmin(username: string): Promise<void> {
  const { status } = await callLocal(
    `${world.mlflow.trackingUri}/api/2.0/mlflow/users/update-admin`,
    { method: "PATCH", user: world.mlflow.admin, json: { username, is_admin: true } },
  );
  expect(status).toBe(200);
}
