import { CreateSecretCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { SecretsManagerVersions } from "#aws/versioned-secrets.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { clientsOf } from "../support/function-world.ts";
import { localRotations } from "../support/local-rotations.ts";
import { versionsBehaviour } from "../support/versions-behaviour.ts";

jest.setTimeout(30_000);

let aws: LocalAws;
let client: SecretsManagerClient;
let names = 0;

beforeAll(async () => {
  aws = await startLocalAws();
  client = clientsOf(aws).secretsManager;
}, 90_000);

afterAll(async () => {
  client?.destroy();
  await aws?.stop();
}, 30_000);

versionsBehaviour(() => ({
  secrets: new SecretsManagerVersions(client),
  backend: localRotations(client),
  create: async (SecretString) => {
    names += 1;
    const Name = `secret-${names}`;
    const Tags = [
      { Key: "gateway-ops:owner", Value: "search" },
      { Key: "gateway-ops:rotation", Value: "static" },
    ];
    await client.send(new CreateSecretCommand({ Name, SecretString, Tags }));
    return Name;
  },
}));
