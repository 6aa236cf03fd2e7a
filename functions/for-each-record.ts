import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { GatewayOpsError, LeaseHeldError } from "#runtime/errors.ts";
import { type HideTools, whileHidden } from "./hidden-message.ts";

/** Deliveries of a message that fails for now; then the worker records it as pending. */
const DELIVERIES_MAX = 3;
const FIRST_DELAY_SECONDS = 5;
const DELAY_FACTOR = 3;

export interface Delivery {
  /** No further delivery will follow: what fails now must be recorded by the worker itself. */
  readonly isLast: boolean;
}

export interface RecordTools extends HideTools {
  readonly redeliverAfter: (record: SQSRecord, delaySeconds: number) => Promise<void>;
}

/**
 * Works through a batch from SQS: the one place that turns a thrown error into a redelivery or an
 * acknowledgement.
 *
 * - rejected input is logged and acknowledged: its worker has reported it
 * - everything else is delivered again, soon; what can never be handled ends in the dead-letter
 *   queue by the queue's own count
 * - what another run holds until the last delivery is left to the schedule: that looks at all that
 *   is not done yet
 * - in an ordered queue the first failure ends the batch; what is behind it comes back too, since
 *   a message that stays invisible holds up all others
 */
export async function forEachRecord(
  event: SQSEvent,
  tools: RecordTools,
  work: (record: SQSRecord, delivery: Delivery) => Promise<void>,
): Promise<SQSBatchResponse> {
  const failures: SQSBatchItemFailure[] = [];
  let isStopped = false;
  for (const record of event.Records) {
    const failure = isStopped ? NOT_TRIED : await failureOf(record, tools, work);
    if (!failure) continue;
    isStopped = record.attributes.MessageGroupId !== undefined;
    await redeliver(record, failure, tools);
    failures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures: failures };
}

/** Why a message must be delivered again. */
interface Failure {
  readonly error?: unknown;
}

const NOT_TRIED: Failure = {};

async function failureOf(
  record: SQSRecord,
  tools: RecordTools,
  work: (record: SQSRecord, delivery: Delivery) => Promise<void>,
): Promise<Failure | undefined> {
  const { logger } = tools;
  const delivery = { isLast: attemptOf(record) >= DELIVERIES_MAX };
  try {
    await whileHidden(record, tools, () => work(record, delivery));
    return undefined;
  } catch (error) {
    if (error instanceof GatewayOpsError && error.disposition === "reject") {
      logger.error("input rejected", error);
      return undefined;
    }
    if (error instanceof LeaseHeldError && delivery.isLast) {
      logger.warn("another run writes: left to the schedule", error);
      return undefined;
    }
    logger.warn("failed for now", { attempt: attemptOf(record), error: error as Error });
    return { error };
  }
}

async function redeliver(
  record: SQSRecord,
  { error }: Failure,
  { logger, redeliverAfter }: RecordTools,
): Promise<void> {
  const backoffSeconds = FIRST_DELAY_SECONDS * DELAY_FACTOR ** (attemptOf(record) - 1);
  const delaySeconds = Math.max(backoffSeconds, leaseSeconds(error));
  try {
    await redeliverAfter(record, delaySeconds);
  } catch (error) {
    // Then the queue's own, longer time applies.
    logger.warn("could not shorten the delay", error as Error);
  }
}

/** Before the lease of a run that was killed runs out, another delivery would be in vain. */
function leaseSeconds(error: unknown): number {
  return error instanceof LeaseHeldError ? Math.ceil((error.retryAfterMs ?? 0) / 1000) : 0;
}

function attemptOf(record: SQSRecord): number {
  return Number(record.attributes.ApproximateReceiveCount);
}
