import { errorName } from "#aws/aws-call.ts";
import type { Environment } from "#cli/context.ts";
import type { RejectedLabel } from "#secrets/revoked-version.ts";
import type { SecretSource } from "#secrets/source.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { awsOptions } from "./proxy-environment.ts";

/** What the SDK says where it was told nothing about AWS. */
const NOT_SET_UP = ["CredentialsProviderError", "ExpiredTokenException", "TokenProviderError"];

/** AWS Secrets Manager, with the credentials and the region of the environment. */
export async function openSecretsManager(env: Environment): Promise<SecretSource> {
  const [{ SecretsManagerClient }, { SecretsManagerSource }] = await Promise.all([
    import("@aws-sdk/client-secrets-manager"),
    import("#aws/secret-source.ts"),
  ]);
  const source = new SecretsManagerSource(new SecretsManagerClient(awsOptions(env)));
  return {
    describe: (name, signal) => explained(name, () => source.describe(name, signal)),
    fetch: (arn, versionId, signal) => explained(arn, () => source.fetch(arn, versionId, signal)),
  };
}

/** The label that shows there which versions may not be used. */
export async function openRejectedLabel(env: Environment): Promise<RejectedLabel> {
  const [{ SecretsManagerClient }, { SecretsManagerLabel }] = await Promise.all([
    import("@aws-sdk/client-secrets-manager"),
    import("#aws/rejected-label.ts"),
  ]);
  return new SecretsManagerLabel(new SecretsManagerClient(awsOptions(env)));
}

/** Without an account there is nothing to try again: the manifest, or the environment, must change. */
async function explained<R>(name: string, call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (error) {
    const { cause } = Object(error) as { cause?: unknown };
    const isNotSetUp =
      NOT_SET_UP.includes(errorName(cause)) || /region is missing/i.test(String(cause));
    if (!isNotSetUp) throw error;
    throw new SecretSourceError(
      `${name} is a name in AWS Secrets Manager, and there are no AWS credentials or no region here ` +
        "(AWS_PROFILE, AWS_REGION ...); without AWS use value_from: { env: NAME } or { file: PATH }",
      { cause: error },
    );
  }
}
