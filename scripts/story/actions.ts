import { randomBytes } from "node:crypto";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateSecretCommand, PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { formatIssue } from "#manifest/errors.ts";
import type { ManifestReport, RunOutcome, WorkspaceReport } from "#sync/report/report.ts";
import type { ReceivedEvent } from "./mailbox.ts";
import { output, type World } from "./world.ts";

/** What is pending is tried ever more rarely: its next turn may be two schedules away. */
const SETTLE_TIMEOUT_MS = 200_000;
const OWNER = "default";

/** A value that no provider would take for a key, and that nobody can mistake for another. */
export function madeUpKey(name: string): string {
  return `made-up-${name}-${randomBytes(8).toString("hex")}`;
}

/** Stores a value that manifests of the owner may use. */
export async function createSecret(
  world: World,
  name: string,
  value: string,
  owner = OWNER,
): Promise<void> {
  await world.secretsManager.send(
    new CreateSecretCommand({
      Name: name,
      SecretString: value,
      Tags: [{ Key: "gateway-ops:owner", Value: owner }],
    }),
  );
}

export async function changeSecret(world: World, name: string, value: string): Promise<void> {
  await world.secretsManager.send(
    new PutSecretValueCommand({ SecretId: name, SecretString: value }),
  );
}

/** A version of an object in the manifest bucket. */
export interface PutObject {
  readonly key: string;
  readonly version: string;
}

/** Drops a manifest into the bucket, and nothing else: the workers do the rest. */
export function putManifest(
  world: World,
  file: string,
  text: string,
  owner = OWNER,
): Promise<PutObject> {
  return putObject(world, `manifests/${owner}/${file}`, text);
}

export async function putObject(world: World, key: string, text: string): Promise<PutObject> {
  const { VersionId } = await world.s3.send(
    new PutObjectCommand({
      Bucket: output(world.outputs, "ManifestBucketName"),
      Key: key,
      Body: text,
    }),
  );
  if (VersionId === undefined) throw new Error("the bucket keeps no versions");
  return { key, version: VersionId };
}

export async function readObject(world: World, key: string): Promise<string> {
  const { Body } = await world.s3.send(
    new GetObjectCommand({ Bucket: output(world.outputs, "ManifestBucketName"), Key: key }),
  );
  return (await Body?.transformToString()) ?? "";
}

/** The operations message that tells what became of a put of a manifest. */
export function settled(
  world: World,
  { key, version }: PutObject,
  outcome: RunOutcome,
): Promise<ReceivedEvent> {
  return world.operations.waitFor(
    `an operations message that ${key} was ${outcome}`,
    SETTLE_TIMEOUT_MS,
    ({ type, data }) =>
      type.startsWith("mlflow-gateway-ops.manifest.") &&
      manifestsIn(data).some(
        (one) => one.key === key && one.version_id === version && one.outcome === outcome,
      ),
  );
}

function manifestsIn(data: ReceivedEvent["data"]): readonly ManifestReport[] {
  return (data.manifests ?? []) as readonly ManifestReport[];
}

/** `create secret/openai` and so on, of all workspaces. */
export function changesIn(data: ReceivedEvent["data"]): string[] {
  const workspaces = (data.workspaces ?? []) as readonly WorkspaceReport[];
  return workspaces.flatMap(({ changes }) => changes.map(({ action, key }) => `${action} ${key}`));
}

/** Everything wrong with the manifests that a message names, as sentences with positions. */
export function issuesIn(data: ReceivedEvent["data"]): string[] {
  return manifestsIn(data).flatMap(({ key, issues = [] }) =>
    issues.map((issue) => formatIssue(key, issue)),
  );
}
