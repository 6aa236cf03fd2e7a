import { Duration, Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  type IScheduleTarget,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from "aws-cdk-lib/aws-scheduler";
import type { ScheduleTargetBaseProps } from "aws-cdk-lib/aws-scheduler-targets";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";

export interface PeriodicScheduleProps {
  readonly everyMinutes: number;
  readonly description: string;
  /** JSON that the target receives; may contain `ContextAttribute`s of the scheduler. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Takes what could not be delivered before the next period began. */
  readonly deadLetterQueue: IQueue;
  readonly target: (delivery: ScheduleTargetBaseProps) => IScheduleTarget;
}

/** Calls a target at a fixed rate, and gives a late call up when the next one makes it pointless. */
export class PeriodicSchedule extends Construct {
  constructor(scope: Construct, id: string, props: PeriodicScheduleProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: {
          StringEquals: {
            "aws:SourceAccount": stack.account,
            "aws:SourceArn": stack.formatArn({
              service: "scheduler",
              resource: "schedule-group",
              resourceName: "default",
            }),
          },
        },
      }),
    });
    new Schedule(this, "Resource", {
      description: props.description,
      schedule: ScheduleExpression.rate(Duration.minutes(props.everyMinutes)),
      target: props.target({
        role,
        input: ScheduleTargetInput.fromObject(props.input),
        deadLetterQueue: props.deadLetterQueue,
        maxEventAge: maxEventAge(props.everyMinutes),
        retryAttempts: 1,
      }),
    });
  }
}

/** Just below the period; AWS accepts no less than a minute, which is then the whole period. */
export function maxEventAge(everyMinutes: number): Duration {
  return Duration.minutes(Math.max(everyMinutes - 1, 1));
}
