import { expect, test } from "@jest/globals";
import { Match, type Template } from "aws-cdk-lib/assertions";
import { permissionsOf, propertiesOf, synthesize, textOf } from "../support/synth.ts";

const everyFiveMinutes = synthesize();
const everyMinute = synthesize({ budgetPollMinutes: "1" });

const scheduleOf = (template: Template) =>
  propertiesOf(
    template,
    "AWS::Scheduler::Schedule",
    (schedule) => schedule === "BudgetMonitorSchedule",
  );

test("budgets are looked at as often as asked, at the time of the schedule", () => {
  const { ScheduleExpression, Target } = scheduleOf(everyFiveMinutes);

  expect(ScheduleExpression).toBe("rate(5 minutes)");
  expect(scheduleOf(everyMinute).ScheduleExpression).toBe("rate(1 minute)");
  expect(textOf(Target.Arn)).toBe("<BudgetMonitorFunction.Arn>");
  expect(JSON.parse(Target.Input)).toEqual({ scheduledTime: "<aws.scheduler.scheduled-time>" });
});

test.each([
  ["five minutes", everyFiveMinutes, 240],
  ["a minute, which is also the least that AWS accepts,", everyMinute, 60],
])("a poll every %s is retried once and is given up before the next", (_, template, ageSeconds) => {
  const { Target } = scheduleOf(template);

  expect(Target.RetryPolicy).toEqual({
    MaximumEventAgeInSeconds: ageSeconds,
    MaximumRetryAttempts: 1,
  });
  expect(textOf(Target.DeadLetterConfig.Arn)).toBe("<BudgetMonitorFailures.Arn>");
  template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
    MaximumEventAgeInSeconds: ageSeconds,
    MaximumRetryAttempts: 1,
    DestinationConfig: {
      OnFailure: {
        Destination: { "Fn::GetAtt": [Match.stringLikeRegexp("^BudgetMonitorFailures"), "Arn"] },
      },
    },
  });
});

test("the monitor reads its own login, and neither provider keys nor manifests", () => {
  const permissions = permissionsOf(everyFiveMinutes, "BudgetMonitorFunctionRole");

  expect(permissions.filter((permission) => /^(s3|secretsmanager|sns):/.test(permission))).toEqual([
    "secretsmanager:GetSecretValue on arn:<AWS::Partition>:secretsmanager:<AWS::Region>:" +
      "<AWS::AccountId>:secret:gateway-ops/login-??????",
  ]);
});

test("the monitor is told all it needs", () => {
  everyFiveMinutes.hasResourceProperties("AWS::Lambda::Function", {
    Environment: {
      Variables: Match.exact({
        POWERTOOLS_SERVICE_NAME: "budget-monitor",
        GATEWAY_OPS_GATEWAY_URL: "https://mlflow.example.com",
        GATEWAY_OPS_CREDENTIALS_SECRET: "gateway-ops/login",
        GATEWAY_OPS_LEDGER_TABLE: { Ref: Match.stringLikeRegexp("^Ledger") },
      }),
    },
  });
});
