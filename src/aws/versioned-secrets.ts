import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import {
  type LabelMove,
  ROTATION_TAG,
  type VersionedSecret,
  type VersionedSecrets,
} from "#rotation/versioned-secrets.ts";
import { Redacted } from "#runtime/redacted.ts";
import { OWNER_TAG } from "#secrets/source.ts";
import { awsCall, errorName } from "./aws-call.ts";
import { explained } from "./secret-source.ts";

/**
 * AWS Secrets Manager as a rotation function uses it. Values are read by the id of their version: a
 * label that was moved a moment ago may not be seen yet, and GetSecretValue by a label then fails
 * although the value is there. A version without a value is a ResourceNotFoundException in AWS.
 */
export class SecretsManagerVersions implements VersionedSecrets {
  readonly #client: SecretsManagerClient;

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  async describe(nameOrArn: string, abortSignal: AbortSignal): Promise<VersionedSecret> {
    const command = new DescribeSecretCommand({ SecretId: nameOrArn });
    const secret = await explained(nameOrArn, () => this.#client.send(command, { abortSignal }));
    const { ARN = nameOrArn, Name = nameOrArn, Tags = [], VersionIdsToStages = {} } = secret;
    const tag = (key: string) => Tags.find(({ Key }) => Key === key)?.Value;
    const labelled = Object.entries(VersionIdsToStages).filter(([, labels]) => labels.length > 0);
    return {
      arn: ARN,
      name: Name,
      isRotating: secret.RotationEnabled === true,
      owner: tag(OWNER_TAG),
      strategy: tag(ROTATION_TAG),
      versions: new Map(labelled),
    };
  }

  async read(
    arn: string,
    VersionId: string,
    abortSignal: AbortSignal,
  ): Promise<Redacted<string> | undefined> {
    const command = new GetSecretValueCommand({ SecretId: arn, VersionId });
    const answer = await awsCall(`reading the version ${VersionId} of ${arn}`, async () => {
      try {
        return await this.#client.send(command, { abortSignal });
      } catch (error) {
        if (errorName(error) === "ResourceNotFoundException") return undefined;
        throw error;
      }
    });
    return answer?.SecretString === undefined ? undefined : new Redacted(answer.SecretString);
  }

  store(
    arn: string,
    version: { readonly id: string; readonly value: Redacted<string>; readonly labels: string[] },
    abortSignal: AbortSignal,
  ): Promise<boolean> {
    const command = new PutSecretValueCommand({
      SecretId: arn,
      ClientRequestToken: version.id,
      SecretString: version.value.reveal(),
      VersionStages: version.labels,
    });
    return awsCall(`storing the version ${version.id} of ${arn}`, async () => {
      try {
        await this.#client.send(command, { abortSignal });
        return true;
      } catch (error) {
        if (errorName(error) === "ResourceExistsException") return false;
        throw error;
      }
    });
  }

  async moveLabel(
    arn: string,
    { label, to, from }: LabelMove,
    abortSignal: AbortSignal,
  ): Promise<void> {
    const command = new UpdateSecretVersionStageCommand({
      SecretId: arn,
      VersionStage: label,
      MoveToVersionId: to,
      RemoveFromVersionId: from,
    });
    await awsCall(`moving the label ${label} of ${arn}`, () =>
      this.#client.send(command, { abortSignal }),
    );
  }
}
