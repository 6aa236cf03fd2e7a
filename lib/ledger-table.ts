import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  type ITable,
  StreamViewType,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import type { WorkerFunction } from "./worker-function.ts";

/** The product's memory: what was applied and pushed, leases, and the outbox of messages. */
export class LedgerTable extends Construct {
  readonly table: ITable;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Its type spells "no stream" in a way that exactOptionalPropertyTypes takes for another type.
    this.table = new TableV2(this, "Resource", {
      partitionKey: { name: "kind", type: AttributeType.STRING },
      sortKey: { name: "id", type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: "expiresAt",
      dynamoStream: StreamViewType.NEW_IMAGE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    }) as ITable;
  }

  /** The item permissions that the ledger's transactions need; nothing that scans or alters it. */
  grantUse(worker: WorkerFunction): void {
    worker.function.addEnvironment("GATEWAY_OPS_LEDGER_TABLE", this.table.tableName);
    this.table.grant(
      worker,
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
      "dynamodb:DeleteItem",
      "dynamodb:ConditionCheckItem",
    );
  }
}
