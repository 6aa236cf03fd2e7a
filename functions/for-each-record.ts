import type { Logger } from "@aws-lambda-powertools/logger";
import type { SQSBatchItemFailure, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";
import { GatewayOpsError } from "#runtime/errors.ts";

/** Deliveries of a message that fails for now; then the worker records it as pending. */
const DELIVERIES_MAX = 3;
const FIRST_DELAY_SECONDS = 5;
const DELAY_FACTOR = 3;

export interface Delivery {
  /** No further delivery will follow: what fails now must be recorded by the worker itself. */
  readonly isLast: boolean;
}

export interface RecordTools {
  readonly logger: Logger;
  readonly redeliverAfter: (record: SQSRecord, delaySeconds: number) => Promise<void>;
}

/**
 * Works through a batch from SQS: the one place that turns a thrown error into a redelivery or an
 * acknowledgement.
 *
 * - rejected input is logged and acknowledged: its worker has reported it
 * - everything else is delivered again, soon; what can never be handled ends in the dead-letter
 *   queue by the queue's own count
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
    if (!isStopped && (await isDone(record, tools, work))) continue;
    isStopped = record.attributes.MessageGroupId !== undefined;
    await redeliver(record, tools);
    failures.push({ itemIdentifier: record.messageId });
  }
  return { batchItemFailures: failures };
}

async function isDone(
  record: SQSRecord,
  { logger }: RecordTools,
  work: (record: SQSRecord, delivery: Delivery) => Promise<void>,
): Promise<boolean> {
  try {
    await work(record, { isLast: attemptOf(record) >= DELIVERIES_MAX });
    return true;
  } catch (error) {
    if (error instanceof GatewayOpsError && error.disposition === "reject") {
      logger.error("input rejected", error);
      return true;
    }
    logger.warn("failed for now", { attempt: attemptOf(record), error: error as Error });
    return false;
  }
}

async function redeliver(record: SQSRecord, { logger, redeliverAfter }: RecordTools) {
  const delaySeconds = FIRST_DELAY_SECONDS * DELAY_FACTOR ** (attemptOf(record) - 1);
  try {
    await redeliverAfter(record, delaySeconds);
  } catch (error) {
    // Then the queue's own, longer time applies.
    logger.warn("could not shorten the delay", error as Error);
  }
}

function attemptOf(record: SQSRecord): number {
  return Number(record.attributes.ApproximateReceiveCount);
}
