import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { EventQueue } from "./event-queue.ts";
import { grantGatewayAccess, grantProviderSecrets } from "./gateway-access.ts";
import type { LedgerTable } from "./ledger-table.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

/** People write here, workers only read. */
const MANIFEST_PREFIX = "manifests/";
/** Workers write here, and no rule listens to it: a report can never cause another run. */
const REPORT_PREFIX = "reports/";

export interface ConfigSyncProps
  extends Pick<
    StackSettings,
    | "gatewayUrl"
    | "gatewayCredentials"
    | "logRetentionDays"
    | "retryPendingMinutes"
    | "secretCacheTtlSeconds"
  > {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/** A manifest put into the bucket -> ordered queue -> a function that brings the gateway in line. */
export class ConfigSync extends Construct {
  readonly bucket: Bucket;
  readonly worker: WorkerFunction;
  readonly events: EventQueue;

  constructor(scope: Construct, id: string, props: ConfigSyncProps) {
    super(scope, id);
    this.bucket = manifestBucket(this);
    this.worker = new WorkerFunction(this, "Function", {
      name: "config-sync",
      description: "Brings the AI Gateway in line with the manifests",
      bundles: props.bundles,
      timeout: Duration.minutes(5),
      memorySizeMiB: 512,
      logRetentionDays: props.logRetentionDays,
      environment: {
        GATEWAY_OPS_MANIFEST_BUCKET: this.bucket.bucketName,
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: String(props.secretCacheTtlSeconds),
      },
    });
    this.events = new EventQueue(this, "Events", { worker: this.worker, isOrdered: true });
    this.events.receive({
      source: ["aws.s3"],
      detailType: ["Object Created"],
      detail: {
        bucket: { name: [this.bucket.bucketName] },
        object: { key: [{ prefix: MANIFEST_PREFIX }] },
      },
    });
    this.events.lookAgainEvery(props.retryPendingMinutes);
    this.#grantBucket();
    props.ledger.grantUse(this.worker);
    grantGatewayAccess(this.worker, props);
    grantProviderSecrets(this.worker);
  }

  #grantBucket(): void {
    Grant.addToPrincipal({
      grantee: this.worker,
      actions: ["s3:GetObject"],
      resourceArns: [this.bucket.arnForObjects(`${MANIFEST_PREFIX}*`)],
    });
    // With it S3 answers that a deleted manifest is not there, and without it that access is denied.
    // It must be unconditional: reading an object offers no prefix that a condition could test.
    Grant.addToPrincipal({
      grantee: this.worker,
      actions: ["s3:ListBucket"],
      resourceArns: [this.bucket.bucketArn],
    });
    Grant.addToPrincipal({
      grantee: this.worker,
      actions: ["s3:PutObject"],
      resourceArns: [this.bucket.arnForObjects(`${REPORT_PREFIX}*`)],
    });
  }
}

function manifestBucket(scope: Construct): Bucket {
  const bucket = new Bucket(scope, "Bucket", {
    versioned: true,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  // `eventBridgeEnabled` of the construct would deploy a custom resource for this one property.
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
  return bucket;
}
