import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { BudgetMonitor } from "./budget-monitor.ts";
import { ConfigSync } from "./config-sync.ts";
import { LedgerTable } from "./ledger-table.ts";
import { MessagePublisher } from "./message-publisher.ts";
import { acknowledgeNagFindings } from "./nag-acknowledgements.ts";
import { SecretPush } from "./secret-push.ts";
import { SecretRotation } from "./secret-rotation.ts";
import type { StackSettings } from "./settings.ts";

export interface GatewayOpsStackProps extends StackProps {
  readonly settings: StackSettings;
  /** The folder that holds one bundle per function, written by scripts/build.ts. */
  readonly bundles: string;
}

/** Everything that operates one AI Gateway. */
export class GatewayOpsStack extends Stack {
  constructor(scope: Construct, id: string, props: GatewayOpsStackProps) {
    super(scope, id, props);
    const shared = { ...props.settings, bundles: props.bundles };
    const ledger = new LedgerTable(this, "Ledger");
    const configSync = new ConfigSync(this, "ConfigSync", { ...shared, ledger });
    const secretPush = new SecretPush(this, "SecretPush", { ...shared, ledger });
    const budgetMonitor = new BudgetMonitor(this, "BudgetMonitor", { ...shared, ledger });
    const messagePublisher = new MessagePublisher(this, "MessagePublisher", { ...shared, ledger });

    if (props.settings.rotations.length > 0) {
      const rotation = new SecretRotation(this, "SecretRotation", { ...shared, ledger });
      this.#output("SecretRotationFunctionName", rotation.worker.function.functionName);
    }

    this.#output("ManifestBucketName", configSync.bucket.bucketName);
    this.#output("AlertsTopicArn", messagePublisher.alerts.topicArn);
    this.#output("OperationsTopicArn", messagePublisher.operations.topicArn);
    this.#output("LedgerTableName", ledger.table.tableName);
    this.#output("Tenancy", props.settings.tenancy);
    this.#output("ConfigSyncFunctionName", configSync.worker.function.functionName);
    this.#output("SecretPushFunctionName", secretPush.worker.function.functionName);
    this.#output("BudgetMonitorFunctionName", budgetMonitor.worker.function.functionName);
    this.#output("MessagePublisherFunctionName", messagePublisher.worker.function.functionName);
    this.#output("ConfigSyncQueueUrl", configSync.events.queue.queueUrl);
    this.#output("SecretPushQueueUrl", secretPush.events.queue.queueUrl);
    this.#output("ConfigSyncDeadLetterQueueUrl", configSync.events.deadLetterQueue.queueUrl);
    this.#output("SecretPushDeadLetterQueueUrl", secretPush.events.deadLetterQueue.queueUrl);

    acknowledgeNagFindings(this);
  }

  #output(id: string, value: string): void {
    new CfnOutput(this, id, { value });
  }
}
