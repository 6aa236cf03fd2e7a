import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { SecretsManagerSource } from "#aws/secret-source.ts";
import { CURRENT_STAGE } from "#secrets/source.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { secretSourceBehaviour } from "../support/secret-source-behaviour.ts";

jest.setTimeout(30_000);

let aws: LocalAws;
let client: SecretsManagerClient;

beforeAll(async () => {
  aws = await startLocalAws();
  client = new SecretsManagerClient({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: {
      accessKeyId: aws.environment.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: aws.environment.AWS_SECRET_ACCESS_KEY ?? "",
    },
  });
}, 90_000);

afterAll(async () => {
  client?.destroy();
  await aws?.stop();
}, 30_000);

secretSourceBehaviour(() => ({
  source: new SecretsManagerSource(client),
  put: async (SecretId, SecretString) => {
    const stored = { SecretId, SecretString };
    const { VersionId = "" } = await client
      .send(new PutSecretValueCommand(stored))
      .catch(() => create(SecretId, SecretString, [{ Key: "gateway-ops:owner", Value: "search" }]));
    return VersionId;
  },
  putUntagged: (name, value) => create(name, value),
  moveBack: async (SecretId, versionId) =>
    client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: CURRENT_STAGE,
        MoveToVersionId: versionId,
        RemoveFromVersionId: await currentOf(SecretId),
      }),
    ),
  label: (SecretId, MoveToVersionId, VersionStage) =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, MoveToVersionId })),
  delete: (SecretId) => client.send(new DeleteSecretCommand({ SecretId })),
  restore: (SecretId) => client.send(new RestoreSecretCommand({ SecretId })),
  deleteForced: (SecretId) =>
    client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
}));

function create(Name: string, SecretString: string, Tags: { Key: string; Value: string }[] = []) {
  return client.send(new CreateSecretCommand({ Name, SecretString, Tags }));
}

async function currentOf(SecretId: string): Promise<string | undefined> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  return Object.keys(VersionIdsToStages).find((id) =>
    VersionIdsToStages[id]?.includes(CURRENT_STAGE),
  );
}
