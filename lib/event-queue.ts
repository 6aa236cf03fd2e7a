import { Duration } from "aws-cdk-lib";
import { type EventPattern, Rule } from "aws-cdk-lib/aws-events";
import { SqsQueue } from "aws-cdk-lib/aws-events-targets";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { ContextAttribute } from "aws-cdk-lib/aws-scheduler";
import { SqsSendMessage } from "aws-cdk-lib/aws-scheduler-targets";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { PeriodicSchedule } from "./periodic-schedule.ts";
import type { WorkerFunction } from "./worker-function.ts";

/** All messages of an ordered queue are in one group: one gateway has one writer at a time. */
const MESSAGE_GROUP = "gateway";
const RECEIVES_MAX = 5;

/** What workers know to look at without an event. */
const LOOKS = {
  pending: { id: "LookAtPending", description: "Retry what is pending" },
  drift: { id: "LookForDrift", description: "Compare the gateway with what was applied last" },
};

export interface EventQueueProps {
  readonly worker: WorkerFunction;
  /**
   * Handle messages strictly one after the other, in the order of arrival (FIFO).
   * @default false
   */
  readonly isOrdered?: boolean;
  /**
   * How many batches may be handled at the same time; for queues that are not ordered.
   * @default no limit
   */
  readonly maxConcurrency?: number;
}

/**
 * Feeds a worker through SQS: a failed message is redelivered alone, and ends in a dead-letter
 * queue when it can never be handled.
 */
export class EventQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  /** What EventBridge could not deliver to the queue; it must be standard even if the queue is FIFO. */
  readonly undeliveredQueue: Queue;
  readonly #messageGroup: { readonly messageGroupId?: string };

  constructor(scope: Construct, id: string, props: EventQueueProps) {
    super(scope, id);
    const { worker, isOrdered = false, maxConcurrency } = props;
    this.#messageGroup = isOrdered ? { messageGroupId: MESSAGE_GROUP } : {};
    const order: QueueProps = isOrdered ? { fifo: true, contentBasedDeduplication: true } : {};
    this.undeliveredQueue = failureQueue(this, "Undelivered");
    this.deadLetterQueue = failureQueue(this, "DeadLetters", order);
    this.queue = new Queue(this, "Resource", {
      ...order,
      // Six function timeouts, as AWS advises for when the function is throttled: AWS refuses to
      // feed a function from a queue that lets go of a message before the function's own timeout.
      // Once a worker runs, it keeps its message hidden itself, a minute at a time.
      visibilityTimeout: Duration.seconds(6 * worker.timeout.toSeconds()),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: RECEIVES_MAX },
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    worker.function.addEnvironment("GATEWAY_OPS_QUEUE_URL", this.queue.queueUrl);
    worker.function.addEventSource(
      new SqsEventSource(this.queue, {
        // One message may take all the time that a function has. And an ordered batch that fails
        // comes back whole: what was behind the failure would count as delivered, yet untried.
        batchSize: 1,
        reportBatchItemFailures: true,
        ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
      }),
    );
  }

  /**
   * Queues the events that match, as they are: an ordered queue drops equal bodies for 5 minutes,
   * so a body without the event's own id would lose events.
   */
  receive(eventPattern: EventPattern): void {
    new Rule(this, "Rule", {
      eventPattern,
      targets: [
        new SqsQueue(this.queue, {
          ...this.#messageGroup,
          deadLetterQueue: this.undeliveredQueue,
        }),
      ],
    });
  }

  /** Regularly tells the worker to look at something of its own accord. */
  lookEvery(everyMinutes: number, look: keyof typeof LOOKS): void {
    const { id, description } = LOOKS[look];
    new PeriodicSchedule(this, id, {
      everyMinutes,
      description,
      // The time makes each body unique, so that an ordered queue does not drop it as a repeat.
      input: { look, at: ContextAttribute.scheduledTime },
      deadLetterQueue: this.undeliveredQueue,
      target: (delivery) => new SqsSendMessage(this.queue, { ...delivery, ...this.#messageGroup }),
    });
  }
}

/** A queue for what went wrong, kept as long as SQS allows so that people can look at it. */
export function failureQueue(scope: Construct, id: string, order: QueueProps = {}): Queue {
  return new Queue(scope, id, {
    ...order,
    retentionPeriod: Duration.days(14),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
  });
}
