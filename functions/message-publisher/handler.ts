import type { Context } from "aws-lambda";
import { publishOutbox } from "#runtime/outbox.ts";
import { deadlinesOf } from "../deadlines.ts";
import { compose } from "./compose.ts";
import { measure } from "./measure.ts";

const { logger, metrics, dependencies } = compose();

/**
 * Something was put into the outbox, it is time to look again, or somebody asks for it: the event
 * only wakes, and what it says plays no part. A message that fails now is tried with the next wake.
 */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  measure(logger, metrics, await publishOutbox(dependencies(deadlinesOf(context))));
};
