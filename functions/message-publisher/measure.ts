import type { Logger } from "@aws-lambda-powertools/logger";
import { type Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { OutboxResult } from "#runtime/outbox.ts";

/** A topic that is closed for long is no reason for a line for each of thousands of messages. */
const LOGGED_MAX = 100;

/** Logs what was published and what was not, and how long the oldest message waits. */
export function measure(
  logger: Logger,
  metrics: Metrics,
  { published, unpublished, oldestAgeMs }: OutboxResult,
): void {
  if (published.length > 0) {
    logger.info("messages published", { ids: published.slice(0, LOGGED_MAX) });
  }
  for (const message of unpublished.slice(0, LOGGED_MAX)) {
    logger.error("message not published", { ...message });
  }
  metrics.addMetric("MessagesUnpublished", MetricUnit.Count, unpublished.length);
  metrics.addMetric("OldestMessageAge", MetricUnit.Seconds, Math.round(oldestAgeMs / 1000));
  metrics.publishStoredMetrics();
}
