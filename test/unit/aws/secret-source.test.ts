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

const VersionStages = ["AWSCURRENT"];

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

test("a secret is described by its ARN, its versions, its last change and its owner", async () => {
  const changed = new Date("2026-11-23T12:00:00Z");
  const { inputs, source } = sourceOf({ ...DESCRIBED, LastChangedDate: changed });

  expect(await source.describe("prod/openai", SIGNAL)).toEqual({
    arn: ARN,
    currentVersionId: "version-2",
    stages: DESCRIBED.VersionIdsToStages,
    lastChangedAtMs: changed.getTime(),
    owner: "search",
  });

  expect(inputs).toEqual([{ SecretId: "prod/openai" }]);
});

test("a secret without the tag has no owner", async () => {
  const { Tags: _, ...untagged } = DESCRIBED;

  expect((await sourceOf(untagged).source.describe(ARN, SIGNAL)).owner).toBeUndefined();
});

test("a value is read of exactly the version that was asked for, and comes redacted", async () => {
  const { inputs, source } = sourceOf({ SecretString: "value-one", VersionStages });

  const value = await source.fetch(ARN, "version-2", SIGNAL);

  expect(value.reveal()).toBe("value-one");
  expectNoLeak(["value-one"], value);
  expect(inputs).toEqual([{ SecretId: ARN, VersionId: "version-2", VersionStage: "AWSCURRENT" }]);
});

test.each<[string, Answer]>([
  [
    "a version that AWS refuses for its label",
    awsError(
      "InvalidRequestException",
      "You provided a VersionStage that is not associated to the provided VersionId.",
    ),
  ],
  [
    "a version that AWS does not find",
    awsError(
      "ResourceNotFoundException",
      "Secrets Manager can't find the specified secret value for VersionId: version-2",
    ),
  ],
  ["a version with other labels", { SecretString: "value-one", VersionStages: ["AWSPREVIOUS"] }],
  ["a version without labels", { SecretString: "value-one" }],
])("%s is looked for again, and no value comes of it", async (_, answer) => {
  const failed = sourceOf(answer).source.fetch(ARN, "version-2", SIGNAL);

  await expect(failed).rejects.toMatchObject({
    code: "secret-source-moved",
    disposition: "retry",
    message: `version version-2 of ${ARN} is not AWSCURRENT any more, or not yet`,
  });
});

test.each([
  ["InvalidRequestException", "the secret is scheduled for deletion"],
  ["ResourceNotFoundException", "there is no such secret in AWS Secrets Manager"],
])("a value of a secret that is gone is not looked for again: %s", async (name, problem) => {
  const texts = {
    InvalidRequestException:
      "You can't perform this operation on the secret because it was marked for deletion.",
    ResourceNotFoundException: "Secrets Manager can't find the specified secret.",
  };
  const error = awsError(name, texts[name as keyof typeof texts]);

  await expect(sourceOf(error).source.fetch(ARN, "version-2", SIGNAL)).rejects.toMatchObject({
    code: "secret-source",
    message: `${ARN}: ${problem}`,
  });
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
])("%s is mended in AWS, and may pass with the same manifest", async (_, answer, message) => {
  await expect(sourceOf(answer).source.describe("prod/openai", SIGNAL)).rejects.toMatchObject({
    code: "secret-source",
    disposition: "retry",
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

test("no secret can have a name that AWS does not allow", async () => {
  const { source } = sourceOf(awsError("ValidationException"));

  await expect(source.describe("prod openai", SIGNAL)).rejects.toMatchObject({
    code: "secret-source",
    disposition: "reject",
  });
});

test("binary data is no value", async () => {
  const { source } = sourceOf({ SecretBinary: new Uint8Array([1, 2, 3]), VersionStages });

  await expect(source.fetch(ARN, "version-2", SIGNAL)).rejects.toMatchObject({
    code: "secret-source",
    disposition: "reject",
    message: `${ARN} holds binary data; a text or a JSON object is needed`,
  });
});

test("each call ends with the signal of whoever asks", async () => {
  const sent: unknown[] = [];
  const send = (_: unknown, options: { abortSignal: AbortSignal }) => {
    sent.push(options.abortSignal);
    return Promise.resolve({ ...DESCRIBED, SecretString: "value", VersionStages });
  };
  const source = new SecretsManagerSource({ send } as unknown as SecretsManagerClient);

  await source.describe("prod/openai", SIGNAL);
  await source.fetch(ARN, "version-2", SIGNAL);

  expect(sent).toEqual([SIGNAL, SIGNAL]);
});
