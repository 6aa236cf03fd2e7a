import { randomBytes } from "node:crypto";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import type { ReceivedEvent } from "./mailbox.ts";
import { output, type World } from "./world.ts";

const SETTLE_TIMEOUT_MS = 90_000;
const OWNER = "default";

/** A value that no provider would take for a key, and that nobody can mistake for another. */
export function madeUpKey(name: string): string {
  return `made-up-${name}-${randomBytes(8).toString("hex")}`;
}

/** Stores a value that manifests of the owner may use. */
export async function createSecret(world: World, name: string, value: string): Promise<void> {
  await world.secretsManager.send(
    new CreateSecretCommand({
      Name: name,
      SecretString: value,
      Tags: [{ Key: "gateway-ops:owner", Value: OWNER }],
    }),
  );
}

export async function changeSecret(world: World, name: string, value: string): Promise<void> {
  await world.secretsManager.send(
    new PutSecretValueCommand({ SecretId: name, SecretString: value }),
  );
}

/** Drops a manifest into the bucket, and nothing else: the workers do the rest. */
export async function putManifest(world: World, file: string, text: string): Promise<string> {
  const key = `manifests/${OWNER}/${file}`;
  await world.s3.send(
    new PutObjectCommand({
      Bucket: output(world.outputs, "ManifestBucketName"),
      Key: key,
      Body: text,
    }),
  );
  return key;
}

/** The operations message that settles the newest put of a manifest. */
export function settled(
  world: World,
  key: string,
  outcome: "applied" | "rejected" | "failed" | "pending",
  since: Date,
): Promise<ReceivedEvent> {
  return world.operations.waitFor(
    `an operations message that ${key} was ${outcome}`,
    SETTLE_TIMEOUT_MS,
    ({ type, time, attributes }) =>
      type === `mlflow-gateway-ops.manifest.${outcome}` &&
      attributes.manifest === key &&
      new Date(time) >= since,
  );
}
