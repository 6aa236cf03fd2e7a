import type { Context } from "aws-lambda";
import { pollBudgets } from "#budgets/monitor.ts";
import { systemClock } from "#runtime/clock.ts";
import { deadlinesOf } from "../deadlines.ts";
import { compose } from "./compose.ts";

const { logger, dependencies } = compose();

interface ScheduledEvent {
  /** ISO 8601; what is no date is not substituted, as on a local AWS, and means now. */
  readonly scheduledTime?: string;
}

/** It is time to look at the budgets. */
export const handler = async (event: ScheduledEvent, context: Context): Promise<void> => {
  const scheduledMs = Date.parse(event.scheduledTime ?? "");
  const nowMs = Number.isNaN(scheduledMs) ? systemClock.nowMs() : scheduledMs;
  const poll = await pollBudgets(dependencies(deadlinesOf(context)), nowMs);
  const { policies, policiesWithoutWindow, messages } = poll;
  const decided = messages.map(({ id }) => id);
  logger.info("budgets polled", { policies, policiesWithoutWindow, decided });
};
