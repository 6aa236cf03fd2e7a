import { expect, test } from "@jest/globals";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { permissionsOf, synthesize, synthesizeChecked } from "../support/synth.ts";

const template = synthesize();

test("the outputs are those that people and scripts rely on", () => {
  expect(Object.keys(template.findOutputs("*")).sort()).toEqual([
    "AlertsTopicArn",
    "BudgetMonitorFunctionName",
    "ConfigSyncDeadLetterQueueUrl",
    "ConfigSyncFunctionName",
    "ConfigSyncQueueUrl",
    "LedgerTableName",
    "ManifestBucketName",
    "MessagePublisherFunctionName",
    "OperationsTopicArn",
    "SecretPushDeadLetterQueueUrl",
    "SecretPushFunctionName",
    "SecretPushQueueUrl",
    "Tenancy",
  ]);
});

test("no role has a wildcard beyond these", () => {
  const roles = Object.keys(template.findResources("AWS::IAM::Role"));
  const secrets = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:";

  const wildcards = roles
    .flatMap((id) => permissionsOf(template, id.slice(0, -8)))
    .map((permission) => permission.split(" if ")[0] ?? "")
    .filter((permission) => /[*?]/.test(permission));

  expect(roles).toHaveLength(9);
  expect([...new Set(wildcards)].sort()).toEqual([
    "lambda:InvokeFunction on <BudgetMonitorFunction.Arn>:*",
    "lambda:InvokeFunction on <MessagePublisherFunction.Arn>:*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/applied/*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/approvals/*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/manifests/*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/plans/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/applied/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/plan-results/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/runs/*",
    `secretsmanager:DescribeSecret on ${secrets}*`,
    `secretsmanager:GetSecretValue on ${secrets}*`,
    `secretsmanager:GetSecretValue on ${secrets}gateway-ops/login-??????`,
  ]);
});

test("a gateway without credentials needs no secret for them", () => {
  const withoutCredentials = synthesize({ gatewayCredentials: undefined });

  expect(permissionsOf(withoutCredentials, "BudgetMonitorFunctionRole").join()).not.toContain(
    "secretsmanager:",
  );
  expect(JSON.stringify(withoutCredentials)).not.toContain("GATEWAY_OPS_CREDENTIALS_SECRET");
});

test("the CDK and cdk-nag find nothing but what is acknowledged with a reason", () => {
  expect(() => synthesizeChecked()).not.toThrow();
});

test("anything new that cdk-nag finds fails the synthesis", () => {
  expect(() => synthesizeChecked((stack) => new Queue(stack, "Careless"))).toThrow(
    "AwsSolutions-SQS3",
  );
});
