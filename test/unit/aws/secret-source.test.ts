import type {
  DescribeSecretCommandOutput,
  GetSecretValueCommandOutput,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { expect, test } from "@jest/globals";
import { SecretsManagerSource } from "#aws/secret-source.ts";
import { expectNoLeak } from "../../support/leaks.ts";

const SIGNAL = new AbortController().signal;
const ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/openai-AbCdEf";

const DESCRIBED: Partial<DescribeSecretCommandOutput> = {
  ARN,
  Name: "prod/openai",
  VersionIdsToStages: {
    "version-1": ["AWSPREVIOUS"],
    "version-2": ["CUSTOM", "AWSCURRENT"],
    "version-3": ["AWSPENDING"],
  },
  Tags: [
    { Key: "team", Value: "ml" },
    { Key: "gateway-ops:owner", Value: "search" },
  ],
};

type Answer = Partial<DescribeSecretCommandOutput & GetSecretValueCommandOutput> | Error;

function sourceOf(answer: Answer) {
  const inputs: unknown[] = [];
  const send = ({ input }: { input: unknown }) => {
    inputs.push(input);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { inputs, source: new SecretsManagerSource({ send } as unknown as SecretsManagerClient) };
}

function awsError(name: string, message = "as AWS puts it"): Error {
  return Object.assign(new Error(message), { name });
}

test("a secret is described by its ARN, its current version and its owner", async () => {
  const { inputs, source } = sourceOf(DESCRIBED);

  expect(await source.describe("prod/openai", SIGNAL)).toEqual({
    arn: ARN,
    currentVersionId: "version-2",
    owner: "search",
  });

  expect(inputs).toEqual([{ SecretId: "prod/openai" }]);
});

test("a secret without the tag has no owner", async () => {
  const { Tags: _, ...untagged } = DESCRIBED;

  expect((await sourceOf(untagged).source.describe(ARN, SIGNAL)).owner).toBeUndefined();
});

test("a value is read of exactly the version that was asked for, and comes redacted", async () => {
  const { inputs, source } = sourceOf({ SecretString: "value-one" });

  const value = await source.fetch(ARN, "version-2", SIGNAL);

  expect(value.reveal()).toBe("value-one");
  expectNoLeak(["value-one"], value);
  expect(inputs).toEqual([{ SecretId: ARN, VersionId: "version-2" }]);
});

test.each<[string, Answer, string]>([
  [
    "no such secret",
    awsError("ResourceNotFoundException"),
    "prod/openai: there is no such secret in AWS Secrets Manager",
  ],
  [
    "a secret that may not be read",
    awsError("AccessDeniedException", "User arn:aws:sts::111122223333:role is not authorized"),
    "prod/openai: the function may not read it; a secret must carry the tag gateway-ops:owner",
  ],
  [
    "a deleted secret",
    { ...DESCRIBED, DeletedDate: new Date() },
    "prod/openai: the secret is scheduled for deletion",
  ],
  [
    "a secret that AWS calls deleted",
    awsError("InvalidRequestException"),
    "prod/openai: the secret is scheduled for deletion",
  ],
  ["a secret without a value", { ARN }, "prod/openai has no version with the stage AWSCURRENT"],
])("%s must be mended by a person", async (_, answer, message) => {
  await expect(sourceOf(answer).source.describe("prod/openai", SIGNAL)).rejects.toMatchObject({
    code: "secret-source",
    disposition: "reject",
    message,
  });
});

test.each(["ThrottlingException", "InternalServiceError", "TimeoutError"])(
  "%s may pass",
  async (name) => {
    const error = awsError(name, "later");

    await expect(sourceOf(error).source.describe("prod/openai", SIGNAL)).rejects.toMatchObject({
      code: "aws-call",
      disposition: "retry",
      message: `reading the secret prod/openai failed with ${name}: later`,
      cause: error,
    });
  },
);

test("binary data is no value", async () => {
  const { source } = sourceOf({ SecretBinary: new Uint8Array([1, 2, 3]) });

  await expect(source.fetch(ARN, "version-2", SIGNAL)).rejects.toMatchObject({
    code: "secret-source",
    message: `${ARN} holds binary data; a text or a JSON object is needed`,
  });
});

test("each call ends with the signal of whoever asks", async () => {
  const sent: unknown[] = [];
  const send = (_: unknown, options: { abortSignal: AbortSignal }) => {
    sent.push(options.abortSignal);
    return Promise.resolve({ ...DESCRIBED, SecretString: "value" });
  };
  const source = new SecretsManagerSource({ send } as unknown as SecretsManagerClient);

  await source.describe("prod/openai", SIGNAL);
  await source.fetch(ARN, "version-2", SIGNAL);

  expect(sent).toEqual([SIGNAL, SIGNAL]);
});
