import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { SecretsManagerVersions } from "#aws/versioned-secrets.ts";
import { PENDING } from "#rotation/versioned-secrets.ts";
import type { RotationBackend } from "./rotation-driver.ts";

/** The bookkeeping of a rotation on the local AWS, which calls no rotation function. */
export function localRotations(client: SecretsManagerClient): RotationBackend {
  const versions = new SecretsManagerVersions(client);
  return {
    describe: (nameOrArn, signal) => versions.describe(nameOrArn, signal),
    register: async (SecretId, ClientRequestToken, SecretString) => {
      const version = { SecretId, ClientRequestToken, SecretString, VersionStages: [PENDING] };
      await client.send(new PutSecretValueCommand(version));
    },
    valueOf: async (SecretId, VersionId) =>
      (await client.send(new GetSecretValueCommand({ SecretId, VersionId }))).SecretString,
    dropPending: async (SecretId, RemoveFromVersionId) => {
      const move = { SecretId, RemoveFromVersionId, VersionStage: PENDING };
      const labels = (await versions.describe(SecretId, new AbortController().signal)).versions;
      if (!labels.get(RemoveFromVersionId)?.includes(PENDING)) return;
      await client.send(new UpdateSecretVersionStageCommand(move));
    },
  };
}

/**
 * Sets RotationEnabled, as a rotation schedule does. The local AWS also copies the value into a new
 * version and makes that current at once.
 */
export async function switchRotationOn(
  client: SecretsManagerClient,
  SecretId: string,
  RotationLambdaARN = "arn:aws:lambda:us-east-1:000000000000:function:rotation",
): Promise<void> {
  const RotationRules = { AutomaticallyAfterDays: 30 };
  await client.send(new RotateSecretCommand({ SecretId, RotationLambdaARN, RotationRules }));
}
