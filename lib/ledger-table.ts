import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  type ITable,
  StreamViewType,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import { Grant } from "aws-cdk-lib/aws-iam";
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
      // Its records only wake the publisher.
      dynamoStream: StreamViewType.KEYS_ONLY,
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

  /** To list the outbox and delete what is published: nothing of any other kind of record. */
  grantOutbox(worker: WorkerFunction): void {
    worker.function.addEnvironment("GATEWAY_OPS_LEDGER_TABLE", this.table.tableName);
    Grant.addToPrincipal({
      grantee: worker,
      actions: ["dynamodb:Query", "dynamodb:DeleteItem"],
      resourceArns: [this.table.tableArn],
      conditions: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["outbox"] } },
    });
  }
}
