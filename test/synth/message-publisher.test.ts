import { expect, test } from "@jest/globals";
import { Match } from "aws-cdk-lib/assertions";
import { mappingFrom, permissionsOf, propertiesOf, synthesize, textOf } from "../support/synth.ts";

const template = synthesize();
const mapping = mappingFrom(template, "<Ledger.StreamArn>");

test("the publisher sees new messages of the outbox and no other change of the ledger", () => {
  expect(mapping.FilterCriteria.Filters).toHaveLength(1);
  expect(JSON.parse(mapping.FilterCriteria.Filters[0].Pattern)).toEqual({
    eventName: ["INSERT"],
    dynamodb: { Keys: { kind: { S: ["outbox"] } } },
  });
});

test("a wake that fails is tried again until the schedule makes it pointless", () => {
  expect(mapping).toMatchObject({
    StartingPosition: "TRIM_HORIZON",
    BatchSize: 100,
    MaximumRetryAttempts: 2,
    MaximumRecordAgeInSeconds: 5 * 60,
  });
  expect(textOf(mapping.DestinationConfig.OnFailure.Destination)).toBe(
    "<MessagePublisherFailures.Arn>",
  );
});

test("every five minutes the publisher looks for what is left, without new messages", () => {
  const { ScheduleExpression, Target } = propertiesOf(
    template,
    "AWS::Scheduler::Schedule",
    (schedule) => schedule === "MessagePublisherSchedule",
  );

  expect(ScheduleExpression).toBe("rate(5 minutes)");
  expect(textOf(Target.Arn)).toBe("<MessagePublisherFunction.Arn>");
  expect(Target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 240, MaximumRetryAttempts: 1 });
  expect(textOf(Target.DeadLetterConfig.Arn)).toBe("<MessagePublisherFailures.Arn>");
  const { MaximumEventAgeInSeconds, MaximumRetryAttempts, DestinationConfig } = propertiesOf(
    template,
    "AWS::Lambda::EventInvokeConfig",
    (config) => config.startsWith("MessagePublisher"),
  );
  expect({ MaximumEventAgeInSeconds, MaximumRetryAttempts }).toEqual(Target.RetryPolicy);
  expect(textOf(DestinationConfig.OnFailure.Destination)).toBe("<MessagePublisherFailures.Arn>");
});

test("the publisher lists and deletes bodies of the outbox, and no other record", () => {
  const permissions = permissionsOf(template, "MessagePublisherFunctionRole");
  const onlyOutbox =
    'on <Ledger.Arn> if {"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["outbox"]}}';

  expect(permissions.filter((permission) => !/^(logs|sqs):/.test(permission))).toEqual([
    `dynamodb:DeleteItem ${onlyOutbox}`,
    "dynamodb:DescribeStream on <Ledger.StreamArn>",
    "dynamodb:GetRecords on <Ledger.StreamArn>",
    "dynamodb:GetShardIterator on <Ledger.StreamArn>",
    "dynamodb:ListStreams on <Ledger.StreamArn>",
    `dynamodb:Query ${onlyOutbox}`,
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
        GATEWAY_OPS_LEDGER_TABLE: { Ref: Match.stringLikeRegexp("^Ledger") },
        GATEWAY_OPS_ALERTS_TOPIC_ARN: { Ref: Match.stringLikeRegexp("^MessagePublisherAlerts") },
        GATEWAY_OPS_OPERATIONS_TOPIC_ARN: {
          Ref: Match.stringLikeRegexp("^MessagePublisherOperations"),
        },
      }),
    },
  });
});
