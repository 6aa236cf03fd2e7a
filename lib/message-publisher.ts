import { Duration } from "aws-cdk-lib";
import { FilterCriteria, FilterRule, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { DynamoEventSource, SqsDlq } from "aws-cdk-lib/aws-lambda-event-sources";
import { Topic } from "aws-cdk-lib/aws-sns";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { failureQueue } from "./event-queue.ts";
import type { LedgerTable } from "./ledger-table.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

export interface MessagePublisherProps
  extends Pick<StackSettings, "gatewayUrl" | "logRetentionDays"> {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/** A message put into the ledger's outbox -> the table's stream -> a function -> SNS. */
export class MessagePublisher extends Construct {
  /** For the people who spend. */
  readonly alerts: Topic;
  /** For the people who run the gateway. */
  readonly operations: Topic;
  readonly worker: WorkerFunction;
  /** Where in the stream messages are that could not be published. */
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
      timeout: Duration.seconds(30),
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
    this.failures = failureQueue(this, "Failures");
    this.worker.function.addEventSource(
      new DynamoEventSource(props.ledger.table, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        filters: [
          FilterCriteria.filter({
            eventName: FilterRule.isEqual("INSERT"),
            dynamodb: { NewImage: { kind: { S: FilterRule.isEqual("outbox") } } },
          }),
        ],
        batchSize: 10,
        bisectBatchOnError: true,
        retryAttempts: 20,
        // The stream forgets after 24 hours: half of them are left to read what failed.
        maxRecordAge: Duration.hours(12),
        onFailure: new SqsDlq(this.failures),
      }),
    );
  }
}
