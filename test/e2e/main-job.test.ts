import { UpdateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { callLocal } from "../../scripts/local/http.ts";
import {
  changeSecret,
  changesIn,
  createSecret,
  issuesIn,
  madeUpKey,
  putManifest,
  settled,
} from "../../scripts/story/actions.ts";
import { CHAPTERS, KEYS } from "../../scripts/story/chapters.ts";
import { CREDENTIALS_SECRET, openWorld, output, type World } from "../../scripts/story/world.ts";
import { look, pollBudgets } from "../support/deployed/looks.ts";
import { everythingWritten } from "../support/written.ts";

/** Deploying takes seconds, but a new machine first reads a gigabyte of Python. */
const OPEN_TIMEOUT_MS = 480_000;
/** Several schedules of a minute each. */
const TEST_TIMEOUT_MS = 480_000;
const MESSAGE_TIMEOUT_MS = 100_000;

let world: World;

beforeAll(async () => {
  world = await openWorld({ onProgress: () => undefined });
}, OPEN_TIMEOUT_MS);

afterAll(async () => {
  await world?.close();
}, OPEN_TIMEOUT_MS);

// Each chapter builds on the one before, as its checks do when a person plays the story.
for (const { title, play } of CHAPTERS) {
  test(title, () => play(world, () => undefined), TEST_TIMEOUT_MS);
}

test(
  "a manifest that names a missing AWS secret waits whole, told at its place, and goes on once it exists",
  async () => {
    await createSecret(world, "e2e/present", madeUpKey("present"));
    const secretsBefore = await world.gateway.secrets.list();

    const manifest = await putManifest(
      world,
      "missing.yaml",
      [
        "version: 1",
        "secrets:",
        "  - { name: present, provider: openai, value_from: { secrets_manager: e2e/present } }",
        "  - name: absent",
        "    provider: openai",
        "    value_from: { secrets_manager: e2e/absent }",
      ].join("\n"),
    );

    const { data } = await settled(world, manifest, "pending");
    expect(issuesIn(data)).toEqual([
      `${manifest.key}:6:19 secrets[1].value_from.secrets_manager cannot be used: e2e/absent: there is no such secret in AWS Secrets Manager (secret-source)`,
    ]);
    expect(await world.gateway.secrets.list()).toEqual(secretsBefore);

    await createSecret(world, "e2e/absent", madeUpKey("absent"));
    await look(world, "pending");
    const applied = await settled(world, manifest, "applied");
    expect(changesIn(applied.data)).toEqual(["create secret/absent", "create secret/present"]);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a file that cannot be read is rejected with line and column",
  async () => {
    const manifest = await putManifest(world, "unreadable.yaml", "version: 1\nsecrets: [\n");

    const { data } = await settled(world, manifest, "rejected");
    expect(issuesIn(data)).toEqual([
      expect.stringMatching(new RegExp(`^${manifest.key}:3:1 cannot be read: .+ \\(syntax\\)$`)),
    ]);
  },
  TEST_TIMEOUT_MS,
);

test(
  "a new value without the key that the manifest picks is told, and the old one stays",
  async () => {
    const before = await world.gateway.secrets.list();

    await changeSecret(world, "prod/openai", JSON.stringify({ ANOTHER_NAME: madeUpKey("other") }));

    const event = await world.operations.waitFor(
      "an operations message that the push was rejected",
      MESSAGE_TIMEOUT_MS,
      ({ type }) => type === "mlflow-gateway-ops.secret.push-rejected",
    );
    expect(event.data).toMatchObject({ name: "openai", code: "secret-mapping" });
    expect(await world.gateway.secrets.list()).toEqual(before);
  },
  TEST_TIMEOUT_MS,
);

test(
  "while the gateway is down a manifest stays pending and the monitor says so once; then all goes on",
  async () => {
    await createSecret(world, "e2e/later", madeUpKey("later"));
    await world.mlflow.stop();
    const since = new Date();

    const manifest = await putManifest(world, "later.yaml", manifestOf("later", "e2e/later"));
    const pending = await settled(world, manifest, "pending");
    await pollBudgets(world);
    await waitForMonitor("unreadable", since);
    await world.mlflow.restart();
    await look(world, "pending");
    const applied = await settled(world, manifest, "applied");
    await pollBudgets(world);
    await waitForMonitor("readable", since);

    expect(pending.attributes.code).toBe("gateway-unreachable");
    // The file whose secret has a value that lacks a key waits for another version beside it.
    expect(changesIn(applied.data)).toEqual(["create secret/later"]);
    const told = (await world.operations.received()).filter(
      ({ type, time }) => type.endsWith(".unreadable") && new Date(time) >= since,
    );
    expect(told).toHaveLength(1);
  },
  TEST_TIMEOUT_MS,
);

test(
  "while the login is refused a manifest stays pending; once it is mended the next look applies it",
  async () => {
    await createSecret(world, "e2e/late", madeUpKey("late"));
    const { admin, trackingUri } = world.mlflow;
    if (!admin) throw new Error("the server of this test has accounts");
    const mended = { ...admin, password: madeUpKey("password") };
    const changed = await callLocal(`${trackingUri}/api/2.0/mlflow/users/update-password`, {
      method: "PATCH",
      user: admin,
      json: {
        username: admin.username,
        password: mended.password,
        current_password: admin.password,
      },
    });
    expect(changed.status).toBe(200);

    const manifest = await putManifest(world, "late.yaml", manifestOf("late", "e2e/late"));
    const pending = await settled(world, manifest, "pending");
    await world.secretsManager.send(
      new UpdateSecretCommand({
        SecretId: CREDENTIALS_SECRET,
        SecretString: JSON.stringify(mended),
      }),
    );
    await look(world, "pending");
    const applied = await settled(world, manifest, "applied");

    expect(pending.attributes.code).toBe("gateway-unauthorised");
    expect(changesIn(applied.data)).toEqual(["create secret/late"]);
  },
  TEST_TIMEOUT_MS,
);

test("nothing that could be handled is in a dead-letter queue", async () => {
  for (const name of ["ConfigSyncDeadLetterQueueUrl", "SecretPushDeadLetterQueueUrl"]) {
    const { Attributes } = await world.sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: output(world.outputs, name),
        AttributeNames: ["ApproximateNumberOfMessages"],
      }),
    );
    expect([name, Attributes?.ApproximateNumberOfMessages]).toEqual([name, "0"]);
  }
});

test("no secret value is in any log, ledger record, report or message", async () => {
  const written = await everythingWritten(world);

  for (const [place, text] of Object.entries(written)) {
    // An empty text would show nothing.
    expect([place, text.includes("openai")]).toEqual([place, true]);
    for (const value of [...Object.values(KEYS), "made-up-"]) {
      expect([place, value, text.includes(value)]).toEqual([place, value, false]);
    }
  }
});

function manifestOf(name: string, source: string): string {
  return [
    "version: 1",
    "secrets:",
    `  - { name: ${name}, provider: openai, value_from: { secrets_manager: ${source} } }`,
  ].join("\n");
}

function waitForMonitor(state: "unreadable" | "readable", since: Date) {
  return world.operations.waitFor(
    `an operations message that the gateway is ${state}`,
    MESSAGE_TIMEOUT_MS,
    ({ type, time }) => type === `mlflow-gateway-ops.gateway.${state}` && new Date(time) >= since,
  );
}
