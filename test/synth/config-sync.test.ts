import { expect, test } from "@jest/globals";
import { Match } from "aws-cdk-lib/assertions";
import { permissionsOf, propertiesOf, synthesize, textOf } from "../support/synth.ts";

const template = synthesize();
const permissions = permissionsOf(template, "ConfigSyncFunctionRole");

test("the bucket keeps every version, is private, and outlives the stack", () => {
  template.hasResource("AWS::S3::Bucket", {
    DeletionPolicy: "Retain",
    Properties: {
      VersioningConfiguration: { Status: "Enabled" },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    },
  });
});

test("the bucket is set up without a custom resource", () => {
  template.resourceCountIs("Custom::S3BucketNotifications", 0);
  template.resourceCountIs("AWS::Lambda::Function", 4);
});

test("only objects created below manifests/ cause a run, so that no report can", () => {
  template.hasResourceProperties("AWS::Events::Rule", {
    EventPattern: Match.exact({
      source: ["aws.s3"],
      "detail-type": ["Object Created"],
      detail: {
        bucket: { name: [{ Ref: Match.stringLikeRegexp("^ConfigSyncBucket") }] },
        object: { key: [{ prefix: "manifests/" }] },
      },
    }),
  });
});

test("events reach the queue untransformed, in one group, and are not lost when it fails", () => {
  const rule = propertiesOf(
    template,
    "AWS::Events::Rule",
    (_, { EventPattern }) => EventPattern.source[0] === "aws.s3",
  );

  const [target, ...others] = rule.Targets;

  expect(others).toEqual([]);
  expect(Object.keys(target).sort()).toEqual(["Arn", "DeadLetterConfig", "Id", "SqsParameters"]);
  expect(textOf(target.Arn)).toBe("<ConfigSyncEvents.Arn>");
  expect(textOf(target.DeadLetterConfig.Arn)).toBe("<ConfigSyncEventsUndelivered.Arn>");
  expect(target.SqsParameters).toEqual({ MessageGroupId: "gateway" });
});

test("the worker reads manifests and writes reports, and nothing else in the bucket", () => {
  expect(permissions.filter((permission) => permission.startsWith("s3:"))).toEqual([
    "s3:GetObject on <ConfigSyncBucket.Arn>/manifests/*",
    "s3:ListBucket on <ConfigSyncBucket.Arn>",
    "s3:PutObject on <ConfigSyncBucket.Arn>/reports/*",
  ]);
});

test("the worker reads its login, and provider keys that are tagged with an owner", () => {
  const arn = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:";
  const tagged = '{"Null":{"aws:ResourceTag/gateway-ops:owner":"false"}}';

  expect(permissions.filter((permission) => permission.startsWith("secretsmanager:"))).toEqual([
    `secretsmanager:DescribeSecret on ${arn}* if ${tagged}`,
    `secretsmanager:GetSecretValue on ${arn}* if ${tagged}`,
    `secretsmanager:GetSecretValue on ${arn}gateway-ops/login-??????`,
  ]);
});

test("the worker may shorten the wait for the next attempt at a message", () => {
  expect(permissions).toContain("sqs:ChangeMessageVisibility on <ConfigSyncEvents.Arn>");
});

test("the worker is told all it needs", () => {
  const ref = (name: string) => ({ Ref: Match.stringLikeRegexp(`^${name}`) });
  template.hasResourceProperties("AWS::Lambda::Function", {
    Environment: {
      Variables: Match.exact({
        POWERTOOLS_SERVICE_NAME: "config-sync",
        GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
        GATEWAY_OPS_CREDENTIALS_SECRET: "gateway-ops/login",
        GATEWAY_OPS_LEDGER_TABLE: ref("Ledger"),
        GATEWAY_OPS_MANIFEST_BUCKET: ref("ConfigSyncBucket"),
        GATEWAY_OPS_QUEUE_URL: ref("ConfigSyncEvents"),
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: "60",
      }),
    },
  });
});
