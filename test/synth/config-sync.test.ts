import { expect, test } from "@jest/globals";
import { Match } from "aws-cdk-lib/assertions";
import {
  allPermissions,
  permissionsOf,
  propertiesOf,
  synthesize,
  textOf,
} from "../support/synth.ts";

const template = synthesize();
const permissions = permissionsOf(template, "ConfigSyncFunctionRole");

/** `propertiesOf` throws when there is another one. */
function ruleOfBucket() {
  return propertiesOf(
    template,
    "AWS::Events::Rule",
    (_, { EventPattern }) => EventPattern.source[0] === "aws.s3",
  );
}

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

test("results for people expire; what people wrote and what was applied never does", () => {
  const { LifecycleConfiguration } = propertiesOf(template, "AWS::S3::Bucket", () => true);

  expect(LifecycleConfiguration.Rules).toEqual(
    ["runs/", "plans/", "plan-results/"].flatMap((Prefix) => [
      {
        Prefix,
        Status: "Enabled",
        ExpirationInDays: 90,
        NoncurrentVersionExpiration: { NoncurrentDays: 7 },
      },
      { Prefix, Status: "Enabled", ExpiredObjectDeleteMarker: true },
    ]),
  );
});

test("the bucket is set up without a custom resource", () => {
  template.resourceCountIs("Custom::S3BucketNotifications", 0);
  template.resourceCountIs("AWS::Lambda::Function", 4);
});

test("manifests, files to be planned and approvals cause a run, and no output can", () => {
  const { EventPattern } = ruleOfBucket();

  expect(EventPattern.source).toEqual(["aws.s3"]);
  expect(EventPattern["detail-type"]).toEqual(["Object Created"]);
  expect(EventPattern.detail.bucket.name.map(textOf)).toEqual(["<ConfigSyncBucket>"]);
  expect(EventPattern.detail.object).toEqual({
    key: [{ prefix: "manifests/" }, { prefix: "plans/" }, { prefix: "approvals/" }],
  });
});

test("an object that is put causes one message: one rule, one target, and no prefix in another", () => {
  const { EventPattern, Targets } = ruleOfBucket();
  const prefixes: string[] = EventPattern.detail.object.key.map(
    ({ prefix }: { prefix: string }) => prefix,
  );

  expect(Targets).toHaveLength(1);
  for (const prefix of prefixes) {
    expect(prefixes.filter((other) => prefix.startsWith(other))).toEqual([prefix]);
  }
  template.resourceCountIs("AWS::Events::Rule", 2);
  template.resourcePropertiesCountIs(
    "AWS::S3::Bucket",
    { NotificationConfiguration: Match.exact({ EventBridgeConfiguration: Match.anyValue() }) },
    1,
  );
});

test("events reach the queue untransformed, in one group, and are not lost when it fails", () => {
  const [target, ...others] = ruleOfBucket().Targets;

  expect(others).toEqual([]);
  expect(Object.keys(target).sort()).toEqual(["Arn", "DeadLetterConfig", "Id", "SqsParameters"]);
  expect(textOf(target.Arn)).toBe("<ConfigSyncEvents.Arn>");
  expect(textOf(target.DeadLetterConfig.Arn)).toBe("<ConfigSyncEventsUndelivered.Arn>");
  expect(target.SqsParameters).toEqual({ MessageGroupId: "gateway" });
});

test("the worker reads what people put and what was applied, and writes reports and plans", () => {
  expect(permissions.filter((permission) => permission.startsWith("s3:"))).toEqual([
    "s3:GetObject on <ConfigSyncBucket.Arn>/applied/*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/approvals/*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/manifests/*",
    "s3:GetObject on <ConfigSyncBucket.Arn>/plans/*",
    "s3:ListBucket on <ConfigSyncBucket.Arn>",
    "s3:PutObject on <ConfigSyncBucket.Arn>/applied/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/plan-results/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/runs/*",
  ]);
});

test("nothing in the stack may write what people write", () => {
  const others = allPermissions(template).filter(
    (permission) =>
      /^(\w*\*|s3:)/.test(permission) && !/^s3:(GetObject|ListBucket) on /.test(permission),
  );

  expect(others).toEqual([
    "s3:PutObject on <ConfigSyncBucket.Arn>/applied/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/plan-results/*",
    "s3:PutObject on <ConfigSyncBucket.Arn>/runs/*",
  ]);
  expect(JSON.stringify(template)).not.toMatch(/"Not(Action|Resource)"/);
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
        GATEWAY_OPS_PROBE: "false",
        GATEWAY_OPS_PRUNE: "false",
        GATEWAY_OPS_SELF_HEAL: "false",
        GATEWAY_OPS_MAX_DELETE_SHARE: "0.3",
        GATEWAY_OPS_MAX_UPDATE_SHARE: "0.3",
        GATEWAY_OPS_MAX_WRITES_PER_SECOND: "20",
        GATEWAY_OPS_TENANCY: "single",
        GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE: "false",
      }),
    },
  });
});

test("what a deployment chooses reaches the worker", () => {
  const chosen = synthesize({
    prune: "true",
    selfHeal: "true",
    maxDeleteShare: "0.1",
    maxUpdateShare: "0.5",
    maxWritesPerSecond: "5",
    allowLoopbackApiBase: "true",
  });

  chosen.hasResourceProperties("AWS::Lambda::Function", {
    Environment: {
      Variables: {
        GATEWAY_OPS_PRUNE: "true",
        GATEWAY_OPS_SELF_HEAL: "true",
        GATEWAY_OPS_MAX_DELETE_SHARE: "0.1",
        GATEWAY_OPS_MAX_UPDATE_SHARE: "0.5",
        GATEWAY_OPS_MAX_WRITES_PER_SECOND: "5",
        GATEWAY_OPS_TENANCY: "single",
        GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE: "true",
      },
    },
  });
});
