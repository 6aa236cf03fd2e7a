import { Duration } from "aws-cdk-lib";
import { Construct } from "constructs";
import { EventQueue } from "./event-queue.ts";
import { grantGatewayAccess, grantProviderSecrets } from "./gateway-access.ts";
import type { LedgerTable } from "./ledger-table.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

export interface SecretPushProps
  extends Pick<
    StackSettings,
    | "gatewayUrl"
    | "gatewayCredentials"
    | "logRetentionDays"
    | "retryPendingMinutes"
    | "secretCacheTtlSeconds"
    | "probe"
  > {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/** A new current version in Secrets Manager -> queue -> a function that hands it to the gateway. */
export class SecretPush extends Construct {
  readonly worker: WorkerFunction;
  readonly events: EventQueue;

  constructor(scope: Construct, id: string, props: SecretPushProps) {
    super(scope, id);
    this.worker = new WorkerFunction(this, "Function", {
      name: "secret-push",
      description: "Hands changed provider keys to the AI Gateway",
      bundles: props.bundles,
      timeout: Duration.minutes(1),
      memorySizeMiB: 256,
      logRetentionDays: props.logRetentionDays,
      environment: {
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: String(props.secretCacheTtlSeconds),
        GATEWAY_OPS_PROBE: String(props.probe),
      },
    });
    this.events = new EventQueue(this, "Events", { worker: this.worker, maxConcurrency: 2 });
    this.events.receive({
      source: ["aws.secretsmanager"],
      detailType: ["Secret Label Updated"],
      detail: { labelUpdated: ["AWSCURRENT"] },
    });
    this.events.lookEvery(props.retryPendingMinutes, "pending");
    props.ledger.grantUse(this.worker);
    grantGatewayAccess(this.worker, props);
    grantProviderSecrets(this.worker);
  }
}
