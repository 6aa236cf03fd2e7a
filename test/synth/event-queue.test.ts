import { expect, test } from "@jest/globals";
import { mappingFrom, propertiesOf, synthesize, textOf } from "../support/synth.ts";

const template = synthesize({ retryPendingMinutes: "10", driftMinutes: "90" });
const queues = template.findResources("AWS::SQS::Queue");
const queueNamed = (name: string) =>
  propertiesOf(template, "AWS::SQS::Queue", (queue) => queue === name);
const schedules = Object.values(template.findResources("AWS::Scheduler::Schedule"));

test.each([
  ["ConfigSyncEvents", 300],
  ["SecretPushEvents", 60],
])(
  "%s gives up a message after five attempts, each six function timeouts apart",
  (name, timeout) => {
    const queue = queueNamed(name);

    expect(queue.VisibilityTimeout).toBe(6 * timeout);
    expect(queue.RedrivePolicy.maxReceiveCount).toBe(5);
    expect(textOf(queue.RedrivePolicy.deadLetterTargetArn)).toBe(`<${name}DeadLetters.Arn>`);
  },
);

test("the queue of manifests is ordered, and so is its dead-letter queue", () => {
  const fifo = { FifoQueue: true, ContentBasedDeduplication: true };

  expect(queueNamed("ConfigSyncEvents")).toMatchObject(fifo);
  expect(queueNamed("ConfigSyncEventsDeadLetters")).toMatchObject(fifo);
});

test("what EventBridge cannot deliver goes to a standard queue, as AWS demands", () => {
  expect(queueNamed("ConfigSyncEventsUndelivered").FifoQueue).toBeUndefined();
});

test("the queue of secrets is not ordered", () => {
  expect(queueNamed("SecretPushEvents").FifoQueue).toBeUndefined();
});

test("every queue is encrypted and refuses plain HTTP", () => {
  const policies = Object.values(template.findResources("AWS::SQS::QueuePolicy"));

  const protectedQueues = policies
    .filter(({ Properties }) =>
      Properties.PolicyDocument.Statement.some(
        (statement: Record<string, unknown>) =>
          statement.Effect === "Deny" &&
          JSON.stringify(statement.Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
      ),
    )
    .map(({ Properties }) => Properties.Queues[0].Ref);

  expect(protectedQueues.sort()).toEqual(Object.keys(queues).sort());
  for (const { Properties } of Object.values(queues)) {
    expect(Properties.SqsManagedSseEnabled).toBe(true);
  }
});

test("failure queues keep messages for 14 days", () => {
  const failureQueues = Object.values(queues).filter(({ Properties }) => !Properties.RedrivePolicy);

  expect(failureQueues).toHaveLength(6);
  for (const { Properties } of failureQueues) {
    expect(Properties.MessageRetentionPeriod).toBe(14 * 24 * 60 * 60);
  }
});

test.each([
  ["ConfigSyncEvents", 1],
  ["SecretPushEvents", 1],
])("a failed message of %s is redelivered alone, and takes no other with it", (name, BatchSize) => {
  expect(mappingFrom(template, `<${name}.Arn>`)).toMatchObject({
    BatchSize,
    FunctionResponseTypes: ["ReportBatchItemFailures"],
  });
});

test.each([
  ["ConfigSyncEventsLookAtPending", "pending", 10],
  ["ConfigSyncEventsLookForDrift", "drift", 90],
  ["SecretPushEventsLookAtPending", "pending", 10],
])("%s tells its worker what to look at, with a body that never repeats", (id, look, minutes) => {
  const { Target, ScheduleExpression } = propertiesOf(
    template,
    "AWS::Scheduler::Schedule",
    (schedule) => schedule === id,
  );
  const [queue] = id.split("Look");

  expect(ScheduleExpression).toBe(`rate(${minutes} minutes)`);
  expect(textOf(Target.Arn)).toBe(`<${queue}.Arn>`);
  expect(Target.SqsParameters).toEqual(
    queue === "ConfigSyncEvents" ? { MessageGroupId: "gateway" } : {},
  );
  expect(JSON.parse(Target.Input)).toEqual({ look, at: "<aws.scheduler.scheduled-time>" });
});

test("a late call is given up when the next one makes it pointless", () => {
  expect(schedules).toHaveLength(5);
  for (const { Properties } of schedules) {
    const { RetryPolicy, DeadLetterConfig } = Properties.Target;
    const periodMinutes = Number(/\d+/.exec(Properties.ScheduleExpression)?.[0]);
    expect(RetryPolicy).toEqual({
      MaximumEventAgeInSeconds: (periodMinutes - 1) * 60,
      MaximumRetryAttempts: 1,
    });
    expect(textOf(DeadLetterConfig.Arn)).toMatch(/Undelivered|Failures/);
  }
});

test("only the scheduler of this account may use the roles of the schedules", () => {
  for (const { Properties } of schedules) {
    const [role] = Properties.Target.RoleArn["Fn::GetAtt"];
    const trust = template.findResources("AWS::IAM::Role")[role]?.Properties;
    const [{ Principal, Condition }] = trust.AssumeRolePolicyDocument.Statement;
    expect(Principal).toEqual({ Service: "scheduler.amazonaws.com" });
    expect(textOf(Condition.StringEquals["aws:SourceAccount"])).toBe("<AWS::AccountId>");
  }
});
