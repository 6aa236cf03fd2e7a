import type { Logger } from "@aws-lambda-powertools/logger";
import type { SQSRecord } from "aws-lambda";
import type { Clock } from "#runtime/clock.ts";

/** So long after the last sign of life of its worker a message comes back. */
const HIDDEN_SECONDS = 60;
const RENEW_EVERY_MS = 20_000;

export interface HideTools {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly hideFor: (record: SQSRecord, seconds: number) => Promise<void>;
}

/**
 * Works on a message while nobody else is given it. The queue's own time is several times that of
 * the function; a worker that is killed shall not cost as much.
 */
export async function whileHidden<R>(
  record: SQSRecord,
  { logger, clock, hideFor }: HideTools,
  work: () => Promise<R>,
): Promise<R> {
  const hide = () =>
    hideFor(record, HIDDEN_SECONDS).catch((error: unknown) => {
      // Then the time that was set before applies, the queue's own at first.
      logger.warn("could not keep the message hidden", error as Error);
    });
  let hiding = hide();
  const stop = clock.every(RENEW_EVERY_MS, () => {
    hiding = hide();
  });
  try {
    return await work();
  } finally {
    stop();
    // Else it could undo what is decided about the message next.
    await hiding;
  }
}
