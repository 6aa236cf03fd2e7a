import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type LifecycleRule,
} from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { EventQueue } from "./event-queue.ts";
import { grantGatewayAccess, grantProviderSecrets } from "./gateway-access.ts";
import type { LedgerTable } from "./ledger-table.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

/** People write here, and each object that they put is an event; workers only read. */
export const INPUT_PREFIXES = ["manifests/", "plans/", "approvals/"] as const;
/** Workers write here, and no rule listens to it: a report can never cause another run. */
export const OUTPUT_PREFIXES = ["runs/", "applied/", "plan-results/"] as const;
/** The output that workers read again; it is kept, as the ledger names it. */
const APPLIED_PREFIX = "applied/";
/** What is of no use later; S3 has no rule for all of a prefix but a part of it. */
const EXPIRING_PREFIXES = ["runs/", "plans/", "plan-results/"] as const;
const RESULTS_KEPT = Duration.days(90);
/** Versions that were replaced, as those of `latest.json` are with every run. */
const REPLACED_RESULTS_KEPT = Duration.days(7);

export interface ConfigSyncProps
  extends Pick<
    StackSettings,
    | "gatewayUrl"
    | "gatewayCredentials"
    | "logRetentionDays"
    | "retryPendingMinutes"
    | "secretCacheTtlSeconds"
    | "probe"
    | "driftMinutes"
    | "prune"
    | "selfHeal"
    | "maxDeleteShare"
    | "maxUpdateShare"
    | "maxWritesPerSecond"
    | "tenancy"
    | "allowLoopbackApiBase"
  > {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/** What people put into the bucket, and schedules -> ordered queue -> a function that brings the gateway in line. */
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
      // The largest folder that is read takes 700 MiB.
      memorySizeMiB: 1024,
      logRetentionDays: props.logRetentionDays,
      environment: {
        GATEWAY_OPS_MANIFEST_BUCKET: this.bucket.bucketName,
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: String(props.secretCacheTtlSeconds),
        GATEWAY_OPS_PROBE: String(props.probe),
        GATEWAY_OPS_PRUNE: String(props.prune),
        GATEWAY_OPS_SELF_HEAL: String(props.selfHeal),
        GATEWAY_OPS_MAX_DELETE_SHARE: String(props.maxDeleteShare),
        GATEWAY_OPS_MAX_UPDATE_SHARE: String(props.maxUpdateShare),
        GATEWAY_OPS_MAX_WRITES_PER_SECOND: String(props.maxWritesPerSecond),
        GATEWAY_OPS_TENANCY: props.tenancy,
        GATEWAY_OPS_ALLOW_LOOPBACK_API_BASE: String(props.allowLoopbackApiBase),
      },
    });
    this.events = new EventQueue(this, "Events", { worker: this.worker, isOrdered: true });
    this.events.receive({
      source: ["aws.s3"],
      detailType: ["Object Created"],
      detail: {
        bucket: { name: [this.bucket.bucketName] },
        object: { key: INPUT_PREFIXES.map((prefix) => ({ prefix })) },
      },
    });
    this.events.lookEvery(props.retryPendingMinutes, "pending");
    this.events.lookEvery(props.driftMinutes, "drift");
    this.#grantBucket();
    props.ledger.grantUse(this.worker);
    grantGatewayAccess(this.worker, props);
    grantProviderSecrets(this.worker);
  }

  #grantBucket(): void {
    this.#grantObjects("s3:GetObject", [...INPUT_PREFIXES, APPLIED_PREFIX]);
    this.#grantObjects("s3:PutObject", OUTPUT_PREFIXES);
    // With it S3 answers that a deleted manifest is not there, and without it that access is denied.
    // It must be unconditional: reading an object offers no prefix that a condition could test.
    Grant.addToPrincipal({
      grantee: this.worker,
      actions: ["s3:ListBucket"],
      resourceArns: [this.bucket.bucketArn],
    });
  }

  #grantObjects(action: string, prefixes: readonly string[]): void {
    Grant.addToPrincipal({
      grantee: this.worker,
      actions: [action],
      resourceArns: prefixes.map((prefix) => this.bucket.arnForObjects(`${prefix}*`)),
    });
  }
}

/** Versions of manifests and of what was applied are never expired: the ledger names them. */
function manifestBucket(scope: Construct): Bucket {
  const bucket = new Bucket(scope, "Bucket", {
    versioned: true,
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.RETAIN,
    lifecycleRules: EXPIRING_PREFIXES.flatMap(expiringResults),
  });
  // `eventBridgeEnabled` of the construct would deploy a custom resource for this one property.
  (bucket.node.defaultChild as CfnBucket).notificationConfiguration = {
    eventBridgeConfiguration: { eventBridgeEnabled: true },
  };
  return bucket;
}

/** In a bucket with versions what expires leaves a marker behind, which needs a rule of its own. */
function expiringResults(prefix: string): LifecycleRule[] {
  return [
    {
      prefix,
      expiration: RESULTS_KEPT,
      noncurrentVersionExpiration: REPLACED_RESULTS_KEPT,
    },
    { prefix, expiredObjectDeleteMarker: true },
  ];
}
