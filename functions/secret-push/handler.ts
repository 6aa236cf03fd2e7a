import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { pushChanged } from "#secrets/push-changed.ts";
import { deadlinesOf } from "../deadlines.ts";
import { forEachRecord } from "../for-each-record.ts";
import { compose } from "./compose.ts";
import { readTrigger } from "./trigger.ts";

/** No secret is begun so long before the function ends: one that is under way has time to end. */
const LAST_PUSH_MS = 20_000;

const { tools, dependencies } = compose();

/** A secret got a new current version, or it is time to go on with what is pending. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  forEachRecord(event, tools, async (record, delivery) => {
    const trigger = readTrigger(record.body);
    const runId = `${context.awsRequestId}/${record.messageId}`;
    const run = dependencies(runId, deadlinesOf(context, LAST_PUSH_MS));
    const outcomes = await pushChanged(run, trigger, delivery);
    tools.logger.info("secrets pushed", { trigger, outcomes });
  });
