import { pollBudgets } from "#budgets/monitor.ts";
import { systemClock } from "#runtime/clock.ts";
import { compose } from "./compose.ts";

const { logger, dependencies } = compose();

interface ScheduledEvent {
  /** ISO 8601; what is no date is not substituted, as on a local AWS, and means now. */
  readonly scheduledTime?: string;
}

/** It is time to look at the budgets. */
export const handler = async (event: ScheduledEvent): Promise<void> => {
  const scheduledMs = Date.parse(event.scheduledTime ?? "");
  const nowMs = Number.isNaN(scheduledMs) ? systemClock.nowMs() : scheduledMs;
  const { policies, policiesWithoutWindow, messages } = await pollBudgets(dependencies, nowMs);
  const decided = messages.map(({ id }) => id);
  logger.info("budgets polled", { policies, policiesWithoutWindow, decided });
};
