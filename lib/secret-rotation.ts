import { CfnCondition, CfnParameter, Duration, Fn, Stack } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import { CfnPermission } from "aws-cdk-lib/aws-lambda";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import { CfnRotationSchedule } from "aws-cdk-lib/aws-secretsmanager";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { failureQueue } from "./event-queue.ts";
import { grantGatewayAccess, namedSecretArn } from "./gateway-access.ts";
import type { LedgerTable } from "./ledger-table.ts";
import { maxEventAge, PeriodicSchedule } from "./periodic-schedule.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

export interface SecretRotationProps
  extends Pick<
    StackSettings,
    | "gatewayUrl"
    | "gatewayCredentials"
    | "logRetentionDays"
    | "retryPendingMinutes"
    | "rotations"
    | "secretCacheTtlSeconds"
  > {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/**
 * Secrets Manager -> a function that rotates the secrets of the setting `rotations`, and ends what
 * was replaced by a schedule. The rotation of a secret ends with the stack: deleting a rotation
 * schedule cancels it, and the secret stays.
 */
export class SecretRotation extends Construct {
  readonly worker: WorkerFunction;
  /** Looks that could not be handed over, or that failed twice. */
  readonly failures: Queue;

  constructor(scope: Construct, id: string, props: SecretRotationProps) {
    super(scope, id);
    this.worker = new WorkerFunction(this, "Function", {
      name: "secret-rotation",
      description: "Rotates the operator's login and provider keys of the AI Gateway",
      bundles: props.bundles,
      // A step waits for the lease of one that was killed, a minute, and tries a key by a call.
      timeout: Duration.minutes(3),
      memorySizeMiB: 256,
      logRetentionDays: props.logRetentionDays,
      environment: {
        GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: String(props.secretCacheTtlSeconds),
        // The function is told a secret, a version and a step; all else it knows from here.
        GATEWAY_OPS_ROTATIONS: JSON.stringify(
          props.rotations.map(({ everyDays: _, ...rotation }) => rotation),
        ),
      },
    });
    this.failures = failureQueue(this, "Failures");
    this.worker.function.configureAsyncInvoke({
      maxEventAge: maxEventAge(props.retryPendingMinutes),
      retryAttempts: 1,
      onFailure: new SqsDestination(this.failures),
    });
    new PeriodicSchedule(this, "Schedule", {
      everyMinutes: props.retryPendingMinutes,
      description: "End credentials that were replaced",
      input: { look: "revocations" },
      deadLetterQueue: this.failures,
      target: (delivery) => new LambdaInvoke(this.worker.function, delivery),
    });
    props.ledger.grantUse(this.worker);
    grantGatewayAccess(this.worker, props);
    this.#grantVersions(props.rotations.map(({ secret }) => secret));
    // The local AWS has no rotation schedules, nor conditions on the account.
    const target = new CfnParameter(Stack.of(this), "DeployTarget", {
      default: "aws",
      allowedValues: ["aws", "local"],
      description: "Where the stack is deployed: only AWS itself rotates secrets",
    });
    const onAws = new CfnCondition(this, "OnAws", {
      expression: Fn.conditionEquals(target.valueAsString, "aws"),
    });
    for (const { secret, everyDays } of props.rotations) this.#rotate(secret, everyDays, onAws);
  }

  /** Never its deletion, its tags or its policy. */
  #grantVersions(names: readonly string[]): void {
    Grant.addToPrincipal({
      grantee: this.worker,
      actions: [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
      ],
      resourceArns: names.map((name) => namedSecretArn(this, name)),
    });
  }

  #rotate(secret: string, everyDays: number, onAws: CfnCondition): void {
    const { functionArn } = this.worker.function;
    // A slash would end the name of a construct.
    const name = secret.replaceAll("/", "|");
    const permission = new CfnPermission(this, `Permission ${name}`, {
      action: "lambda:InvokeFunction",
      functionName: functionArn,
      principal: "secretsmanager.amazonaws.com",
      sourceAccount: Stack.of(this).account,
      sourceArn: namedSecretArn(this, secret),
    });
    const schedule = new CfnRotationSchedule(this, `Rotation ${name}`, {
      secretId: secret,
      rotationLambdaArn: functionArn,
      rotationRules: { automaticallyAfterDays: everyDays },
      // A deployment only has the function tested.
      rotateImmediatelyOnUpdate: false,
    });
    schedule.addResourceDependency(permission);
    schedule.cfnOptions.condition = onAws;
  }
}
