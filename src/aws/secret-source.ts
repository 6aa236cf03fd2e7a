import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { Redacted } from "#runtime/redacted.ts";
import {
  CURRENT_STAGE,
  OWNER_TAG,
  type SecretDescription,
  type SecretSource,
  SecretSourceError,
  SourceMovedError,
} from "#secrets/source.ts";
import { awsCall, errorName } from "./aws-call.ts";

/** Nobody can store a secret under such a name: the manifest must change. */
const NO_NAME = "ValidationException";

/** What Secrets Manager answers where only a person can help. */
const PROBLEMS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: "there is no such secret in AWS Secrets Manager",
  [NO_NAME]: "this is no name that AWS Secrets Manager allows",
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
    const { ARN, LastChangedDate, VersionIdsToStages = {}, Tags } = secret;
    const [current] =
      Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes(CURRENT_STAGE)) ?? [];
    if (current === undefined || !ARN) {
      throw new SecretSourceError(`${nameOrArn} has no version with the stage ${CURRENT_STAGE}`);
    }
    return {
      arn: ARN,
      currentVersionId: current,
      stages: VersionIdsToStages,
      lastChangedAtMs: LastChangedDate?.getTime(),
      owner: Tags?.find(({ Key }) => Key === OWNER_TAG)?.Value,
    };
  }

  /**
   * Secrets Manager refuses a version that does not have the label (InvalidRequestException), or
   * answers with all labels that it has.
   */
  async fetch(arn: string, versionId: string, abortSignal: AbortSignal): Promise<Redacted<string>> {
    const version = { VersionId: versionId, VersionStage: CURRENT_STAGE };
    const command = new GetSecretValueCommand({ SecretId: arn, ...version });
    const { SecretString, VersionStages } = await explained(arn, () =>
      this.#client.send(command, { abortSignal }).catch((error: unknown) => {
        throw isMoved(error) ? moved(arn, versionId, error) : error;
      }),
    );
    if (!VersionStages?.includes(CURRENT_STAGE)) throw moved(arn, versionId);
    if (SecretString !== undefined) return new Redacted(SecretString);
    throw new SecretSourceError(`${arn} holds binary data; a text or a JSON object is needed`, {
      disposition: "reject",
    });
  }
}

/** The same names mean that there is no such secret, or that it is deleted: the text tells them apart. */
function isMoved(error: unknown): boolean {
  const isRefused = ["InvalidRequestException", "ResourceNotFoundException"].includes(
    errorName(error),
  );
  return isRefused && /version|stag(e|ing)/i.test((error as Error).message);
}

function moved(arn: string, versionId: string, cause?: unknown): SourceMovedError {
  return new SourceMovedError(
    `version ${versionId} of ${arn} is not ${CURRENT_STAGE} any more, or not yet`,
    { cause },
  );
}

export function explained<R>(nameOrArn: string, call: () => Promise<R>): Promise<R> {
  return awsCall(`reading the secret ${nameOrArn}`, async () => {
    try {
      return await call();
    } catch (error) {
      const name = errorName(error);
      const problem = PROBLEMS[name];
      if (!problem) throw error;
      const disposition = name === NO_NAME ? "reject" : "retry";
      throw new SecretSourceError(`${nameOrArn}: ${problem}`, { cause: error, disposition });
    }
  });
}
