import { Duration } from "aws-cdk-lib";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { ContextAttribute } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import type { Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { failureQueue } from "./event-queue.ts";
import { grantGatewayAccess } from "./gateway-access.ts";
import type { LedgerTable } from "./ledger-table.ts";
import { maxEventAge, PeriodicSchedule } from "./periodic-schedule.ts";
import type { StackSettings } from "./settings.ts";
import { WorkerFunction } from "./worker-function.ts";

export interface BudgetMonitorProps
  extends Pick<
    StackSettings,
    "gatewayUrl" | "gatewayCredentials" | "logRetentionDays" | "budgetPollMinutes"
  > {
  readonly bundles: string;
  readonly ledger: LedgerTable;
}

/** A schedule -> a function that looks at spend and puts alerts into the ledger's outbox. */
export class BudgetMonitor extends Construct {
  readonly worker: WorkerFunction;
  /** Polls that the scheduler could not hand over, or that failed twice. */
  readonly failures: Queue;

  constructor(scope: Construct, id: string, props: BudgetMonitorProps) {
    super(scope, id);
    this.worker = new WorkerFunction(this, "Function", {
      name: "budget-monitor",
      description: "Compares the spend of the AI Gateway with its budgets",
      bundles: props.bundles,
      timeout: Duration.minutes(2),
      memorySizeMiB: 256,
      logRetentionDays: props.logRetentionDays,
      environment: {},
    });
    this.failures = failureQueue(this, "Failures");
    // The scheduler only hands over: how often and how long a failed poll is retried is set here.
    this.worker.function.configureAsyncInvoke({
      maxEventAge: maxEventAge(props.budgetPollMinutes),
      retryAttempts: 1,
      onFailure: new SqsDestination(this.failures),
    });
    new PeriodicSchedule(this, "Schedule", {
      everyMinutes: props.budgetPollMinutes,
      description: "Look at the budgets",
      input: { scheduledTime: ContextAttribute.scheduledTime },
      deadLetterQueue: this.failures,
      target: (delivery) => new LambdaInvoke(this.worker.function, delivery),
    });
    props.ledger.grantUse(this.worker);
    grantGatewayAccess(this.worker, props);
  }
}
