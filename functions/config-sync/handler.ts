import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { deadlinesOf } from "../deadlines.ts";
import { forEachRecord } from "../for-each-record.ts";
import { compose } from "./compose.ts";
import { handleTrigger } from "./handle-trigger.ts";
import { measure } from "./measure.ts";
import { readTrigger } from "./trigger.ts";

/** No change begins in the last minute: what is left is done by the next delivery. */
const LAST_MINUTE_MS = 60_000;

const { tools, metrics, dependencies } = compose();

/** A manifest, an approval or a file to be planned was put, or it is time to look again. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  forEachRecord(event, tools, async (record, delivery) => {
    const trigger = readTrigger(record.body);
    const run = dependencies(context.awsRequestId, deadlinesOf(context, LAST_MINUTE_MS));
    const done = await handleTrigger(run, trigger, delivery);
    measure(tools.logger, metrics, trigger, done);
  });
