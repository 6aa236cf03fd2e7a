import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { Redacted } from "#runtime/redacted.ts";
import {
  OWNER_TAG,
  type SecretDescription,
  type SecretSource,
  SecretSourceError,
} from "#secrets/source.ts";
import { awsCall, errorName } from "./aws-call.ts";

const CURRENT = "AWSCURRENT";

/** What Secrets Manager answers where only a person can help. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: "there is no such secret in AWS Secrets Manager",
  ValidationException: "this is no name that AWS Secrets Manager allows",
  InvalidRequestException: "the secret is scheduled for deletion",
  // Without the tag the role may not even look: IAM answers before Secrets Manager does.
  AccessDeniedException: `the function may not read it; a secret must carry the tag ${OWNER_TAG}`,
};

/** AWS Secrets Manager as the source of values. */
export class SecretsManagerSource implements SecretSource {
  readonly #client: SecretsManagerClient;

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  async describe(nameOrArn: string, abortSignal: AbortSignal): Promise<SecretDescription> {
    const command = new DescribeSecretCommand({ SecretId: nameOrArn });
    const secret = await explained(nameOrArn, () => this.#client.send(command, { abortSignal }));
    if (secret.DeletedDate) {
      throw new SecretSourceError(`${nameOrArn}: ${PROBLEMS.InvalidRequestException}`);
    }
    const versions = Object.entries(secret.VersionIdsToStages ?? {});
    const current = versions.find(([, stages]) => stages?.includes(CURRENT));
    if (!current || !secret.ARN) {
      throw new SecretSourceError(`${nameOrArn} has no version with the stage ${CURRENT}`);
    }
    const owner = secret.Tags?.find(({ Key }) => Key === OWNER_TAG)?.Value;
    return { arn: secret.ARN, currentVersionId: current[0], owner };
  }

  async fetch(arn: string, versionId: string, abortSignal: AbortSignal): Promise<Redacted<string>> {
    const command = new GetSecretValueCommand({ SecretId: arn, VersionId: versionId });
    const { SecretString } = await explained(arn, () =>
      this.#client.send(command, { abortSignal }),
    );
    if (SecretString !== undefined) return new Redacted(SecretString);
    throw new SecretSourceError(`${arn} holds binary data; a text or a JSON object is needed`);
  }
}

function explained<R>(nameOrArn: string, call: () => Promise<R>): Promise<R> {
  return awsCall(`reading the secret ${nameOrArn}`, async () => {
    try {
      return await call();
    } catch (error) {
      const problem = PROBLEMS[errorName(error)];
      if (problem) throw new SecretSourceError(`${nameOrArn}: ${problem}`, { cause: error });
      throw error;
    }
  });
}
