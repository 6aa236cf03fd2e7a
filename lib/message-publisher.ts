import { Duration } from "aws-cdk-lib";
import { FilterCriteria, FilterRule, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { DynamoEventSource, SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { failureQueue } from "./event-queue.ts";
import type { LedgerTable } from "./ledger-table.ts";
import { maxEventAge, PeriodicSchedule } from "./periodic-schedule.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

export interface MessagePublisherProps
  extends Pick<StackSettings, "gatewayUrl" | "logRetentionDays"> {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/** What fails is tried again this often, also when nothing new wakes the publisher. */
const WAKE_MINUTES = 5;

/** A message put into the ledger's outbox, or a schedule, wakes a function: outbox -> SNS. */
export class MessagePublisher extends Construct {
  /** For the people who spend. */
  readonly alerts: Topic;
  /** For the people who run the gateway. */
  readonly operations: Topic;
  readonly worker: WorkerFunction;
  /** Calls that failed thrice, as when the ledger cannot be read. Messages stay in the outbox. */
  readonly failures: Queue;

  constructor(scope: Construct, id: string, props: MessagePublisherProps) {
    super(scope, id);
    this.alerts = new Topic(this, "Alerts", { displayName: "AI Gateway alerts", enforceSSL: true });
    this.operations = new Topic(this, "Operations", {
      displayName: "AI Gateway operations",
      enforceSSL: true,
    });
    this.worker = new WorkerFunction(this, "Function", {
      name: "message-publisher",
      description: "Publishes the messages of the outbox",
      bundles: props.bundles,
      timeout: Duration.minutes(1),
      memorySizeMiB: 256,
      logRetentionDays: props.logRetentionDays,
      environment: {
        GATEWAY_OPS_GATEWAY_URL: props.gatewayUrl,
        GATEWAY_OPS_ALERTS_TOPIC_ARN: this.alerts.topicArn,
        GATEWAY_OPS_OPERATIONS_TOPIC_ARN: this.operations.topicArn,
      },
    });
    this.alerts.grantPublish(this.worker);
    this.operations.grantPublish(this.worker);
    props.ledger.grantOutbox(this.worker);
    this.failures = failureQueue(this, "Failures");
    this.#wakeByStream(props.ledger);
    this.#wakeBySchedule();
  }

  /** New records are no more than a sign: the publisher reads the outbox itself. */
  #wakeByStream(ledger: LedgerTable): void {
    this.worker.function.addEventSource(
      new DynamoEventSource(ledger.table, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        filters: [
          FilterCriteria.filter({
            eventName: FilterRule.isEqual("INSERT"),
            dynamodb: { Keys: { kind: { S: FilterRule.isEqual("outbox") } } },
          }),
        ],
        batchSize: 100,
        retryAttempts: 2,
        maxRecordAge: Duration.minutes(WAKE_MINUTES),
        onFailure: new SqsDlq(this.failures),
      }),
    );
  }

  #wakeBySchedule(): void {
    this.worker.function.configureAsyncInvoke({
      maxEventAge: maxEventAge(WAKE_MINUTES),
      retryAttempts: 1,
      onFailure: new SqsDestination(this.failures),
    });
    new PeriodicSchedule(this, "Schedule", {
      everyMinutes: WAKE_MINUTES,
      description: "Publish what is left in the outbox",
      input: {},
      deadLetterQueue: this.failures,
      target: (delivery) => new LambdaInvoke(this.worker.function, delivery),
    });
  }
}
