import { expect, test } from "@jest/globals";
import { permissionsOf, synthesize } from "../support/synth.ts";

const template = synthesize();

test("the ledger is keyed by kind and id, forgets what expired, and feeds a stream of keys", () => {
  template.hasResourceProperties("AWS::DynamoDB::GlobalTable", {
    KeySchema: [
      { AttributeName: "kind", KeyType: "HASH" },
      { AttributeName: "id", KeyType: "RANGE" },
    ],
    BillingMode: "PAY_PER_REQUEST",
    TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    StreamSpecification: { StreamViewType: "KEYS_ONLY" },
  });
});

test("the ledger can be restored to any second, and outlives the stack", () => {
  template.hasResource("AWS::DynamoDB::GlobalTable", {
    DeletionPolicy: "Retain",
    Properties: {
      Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
    },
  });
});

test.each(["ConfigSync", "SecretPush", "BudgetMonitor"])(
  "%s uses items of the ledger and cannot scan it",
  (worker) => {
    const permissions = permissionsOf(template, `${worker}FunctionRole`);

    expect(permissions.filter((permission) => permission.startsWith("dynamodb:"))).toEqual([
      "dynamodb:ConditionCheckItem on <Ledger.Arn>",
      "dynamodb:DeleteItem on <Ledger.Arn>",
      "dynamodb:GetItem on <Ledger.Arn>",
      "dynamodb:PutItem on <Ledger.Arn>",
      "dynamodb:Query on <Ledger.Arn>",
      "dynamodb:UpdateItem on <Ledger.Arn>",
    ]);
  },
);
