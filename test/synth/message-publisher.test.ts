import { expect, test } from "@jest/globals";
import { Match } from "aws-cdk-lib/assertions";
import { mappingFrom, permissionsOf, synthesize, textOf } from "../support/synth.ts";

const template = synthesize();
const mapping = mappingFrom(template, "<Ledger.StreamArn>");

test("the publisher sees new messages of the outbox and no other change of the ledger", () => {
  expect(mapping.FilterCriteria.Filters).toHaveLength(1);
  expect(JSON.parse(mapping.FilterCriteria.Filters[0].Pattern)).toEqual({
    eventName: ["INSERT"],
    dynamodb: { NewImage: { kind: { S: ["outbox"] } } },
  });
});

test("no message is skipped, and one that cannot be published does not block the rest for ever", () => {
  expect(mapping).toMatchObject({
    StartingPosition: "TRIM_HORIZON",
    BatchSize: 10,
    BisectBatchOnFunctionError: true,
    MaximumRetryAttempts: 20,
    MaximumRecordAgeInSeconds: 12 * 60 * 60,
  });
  expect(textOf(mapping.DestinationConfig.OnFailure.Destination)).toBe(
    "<MessagePublisherFailures.Arn>",
  );
});

test("the publisher reads the stream and publishes to the two topics, nothing else", () => {
  const permissions = permissionsOf(template, "MessagePublisherFunctionRole");

  expect(permissions.filter((permission) => !/^(logs|sqs):/.test(permission))).toEqual([
    "dynamodb:DescribeStream on <Ledger.StreamArn>",
    "dynamodb:GetRecords on <Ledger.StreamArn>",
    "dynamodb:GetShardIterator on <Ledger.StreamArn>",
    "dynamodb:ListStreams on <Ledger.StreamArn>",
    "sns:Publish on <MessagePublisherAlerts>",
    "sns:Publish on <MessagePublisherOperations>",
  ]);
});

test("the topics refuse plain HTTP", () => {
  template.resourceCountIs("AWS::SNS::Topic", 2);
  template.resourcePropertiesCountIs(
    "AWS::SNS::TopicPolicy",
    {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: "Deny",
            Action: "sns:Publish",
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          }),
        ],
      },
    },
    2,
  );
});

test("the publisher is told all it needs", () => {
  template.hasResourceProperties("AWS::Lambda::Function", {
    Environment: {
      Variables: Match.exact({
        POWERTOOLS_SERVICE_NAME: "message-publisher",
        GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
        GATEWAY_OPS_ALERTS_TOPIC_ARN: { Ref: Match.stringLikeRegexp("^MessagePublisherAlerts") },
        GATEWAY_OPS_OPERATIONS_TOPIC_ARN: {
          Ref: Match.stringLikeRegexp("^MessagePublisherOperations"),
        },
      }),
    },
  });
});
