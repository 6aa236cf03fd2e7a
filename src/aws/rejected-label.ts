import {
  DescribeSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { REJECTED_LABEL, type RejectedLabel } from "#secrets/revoked-version.ts";
import { awsCall } from "./aws-call.ts";

/**
 * Marks versions in Secrets Manager by a staging label, so that people see it there. A label is on
 * one version at a time: UpdateSecretVersionStage moves it only when the version that has it is
 * named. It needs secretsmanager:UpdateSecretVersionStage and DescribeSecret.
 */
export class SecretsManagerLabel implements RejectedLabel {
  readonly #client: SecretsManagerClient;

  constructor(client: SecretsManagerClient) {
    this.#client = client;
  }

  async put(arn: string, versionId: string, abortSignal: AbortSignal): Promise<void> {
    const holder = await this.#holder(arn, abortSignal);
    if (holder === versionId) return;
    await this.#move(arn, { MoveToVersionId: versionId, RemoveFromVersionId: holder }, abortSignal);
  }

  async remove(arn: string, versionId: string, abortSignal: AbortSignal): Promise<void> {
    const holder = await this.#holder(arn, abortSignal);
    if (holder !== versionId) return;
    await this.#move(arn, { RemoveFromVersionId: versionId }, abortSignal);
  }

  async #holder(arn: string, abortSignal: AbortSignal): Promise<string | undefined> {
    const command = new DescribeSecretCommand({ SecretId: arn });
    const { VersionIdsToStages = {} } = await awsCall(`reading the labels of ${arn}`, () =>
      this.#client.send(command, { abortSignal }),
    );
    const versions = Object.entries(VersionIdsToStages);
    return versions.find(([, labels]) => labels.includes(REJECTED_LABEL))?.[0];
  }

  async #move(
    SecretId: string,
    versions: {
      readonly MoveToVersionId?: string;
      readonly RemoveFromVersionId?: string | undefined;
    },
    abortSignal: AbortSignal,
  ): Promise<void> {
    const command = new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage: REJECTED_LABEL,
      ...versions,
    });
    await awsCall(`labelling a version of ${SecretId}`, () =>
      this.#client.send(command, { abortSignal }),
    );
  }
}
