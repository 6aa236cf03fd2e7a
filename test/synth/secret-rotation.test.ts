import { expect, test } from "@jest/globals";
import { Match } from "aws-cdk-lib/assertions";
import { permissionsOf, synthesize, synthesizeChecked, textOf } from "../support/synth.ts";

const ROTATIONS = JSON.stringify([
  {
    secret: "gateway-ops/login",
    strategy: "mlflow-user",
    everyDays: 30,
    users: ["gwops-a", "gwops-b"],
  },
  { secret: "prod/openai", strategy: "static", everyDays: 90, on_inconclusive: "proceed" },
]);
const SECRETS = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:";

const template = synthesize({ rotations: ROTATIONS });

test("without rotations there is nothing of them", () => {
  const without = synthesize();

  expect(JSON.stringify(without)).not.toContain("otation");
  without.resourceCountIs("AWS::SecretsManager::RotationSchedule", 0);
});

test("each secret has a schedule on AWS, which a deployment has tested and does not start", () => {
  template.resourceCountIs("AWS::SecretsManager::RotationSchedule", 2);
  for (const [SecretId, AutomaticallyAfterDays] of [
    ["gateway-ops/login", 30],
    ["prod/openai", 90],
  ]) {
    template.hasResource("AWS::SecretsManager::RotationSchedule", {
      Condition: Match.stringLikeRegexp("OnAws"),
      DependsOn: [Match.stringLikeRegexp("Permission")],
      Properties: {
        SecretId,
        RotationRules: { AutomaticallyAfterDays },
        RotateImmediatelyOnUpdate: false,
        RotationLambdaARN: { "Fn::GetAtt": [Match.stringLikeRegexp("^SecretRotation"), "Arn"] },
      },
    });
  }
  expect(template.findParameters("DeployTarget")).toMatchObject({
    DeployTarget: { Default: "aws", AllowedValues: ["aws", "local"] },
  });
});

test("Secrets Manager may call the function for these secrets of this account, and nobody else may", () => {
  const permissions = Object.values(template.findResources("AWS::Lambda::Permission"))
    .map(({ Properties }) => Properties)
    .filter(({ FunctionName }) => textOf(FunctionName).includes("SecretRotation"));

  expect(permissions.map(({ SourceArn }) => textOf(SourceArn))).toEqual([
    `${SECRETS}gateway-ops/login-??????`,
    `${SECRETS}prod/openai-??????`,
  ]);
  for (const permission of permissions) {
    expect(permission).toMatchObject({
      Action: "lambda:InvokeFunction",
      Principal: "secretsmanager.amazonaws.com",
      SourceAccount: { Ref: "AWS::AccountId" },
    });
  }
});

test("the function reads, stores and labels versions of these secrets, and no others", () => {
  const permissions = permissionsOf(template, "SecretRotationFunctionRole").filter((permission) =>
    permission.startsWith("secretsmanager:"),
  );

  const actions = [
    "DescribeSecret",
    "GetSecretValue",
    "PutSecretValue",
    "UpdateSecretVersionStage",
  ];
  const expected = ["gateway-ops/login", "prod/openai"].flatMap((name) =>
    actions.map((action) => `secretsmanager:${action} on ${SECRETS}${name}-??????`),
  );
  expect([...new Set(permissions)].sort()).toEqual(expected.sort());
});

test("no other function may store or label a version", () => {
  for (const role of ["ConfigSyncFunctionRole", "SecretPushFunctionRole"]) {
    expect(permissionsOf(template, role).join()).not.toMatch(/PutSecretValue|UpdateSecretVersion/);
  }
});

test("the function is told all that Secrets Manager does not say", () => {
  template.hasResourceProperties("AWS::Lambda::Function", {
    Timeout: 180,
    Environment: {
      Variables: Match.exact({
        POWERTOOLS_SERVICE_NAME: "secret-rotation",
        GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
        GATEWAY_OPS_CREDENTIALS_SECRET: "gateway-ops/login",
        GATEWAY_OPS_LEDGER_TABLE: { Ref: Match.stringLikeRegexp("^Ledger") },
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: "60",
        GATEWAY_OPS_ROTATIONS: JSON.stringify([
          { secret: "gateway-ops/login", strategy: "mlflow-user", users: ["gwops-a", "gwops-b"] },
          { secret: "prod/openai", strategy: "static", on_inconclusive: "proceed" },
        ]),
      }),
    },
  });
});

test("a schedule has what was replaced ended", () => {
  template.hasResourceProperties("AWS::Scheduler::Schedule", {
    ScheduleExpression: "rate(15 minutes)",
    Target: { Input: '{"look":"revocations"}' },
  });
});

test("the CDK and cdk-nag find nothing in it but what is acknowledged with a reason", () => {
  expect(() => synthesizeChecked(undefined, { rotations: ROTATIONS })).not.toThrow();
});
