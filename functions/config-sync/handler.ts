import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { syncManifest, syncPending } from "#reconcile/sync.ts";
import { forEachRecord } from "../for-each-record.ts";
import { compose } from "./compose.ts";
import { readTrigger } from "./trigger.ts";

const { tools, dependencies } = compose();

/** A manifest was put, or it is time to go on with what is pending. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  forEachRecord(event, tools, async (record, delivery) => {
    const trigger = readTrigger(record.body);
    const run = dependencies(context.awsRequestId);
    const reports =
      "lookAgain" in trigger
        ? await syncPending(run)
        : [await syncManifest(run, trigger.key, delivery)];
    for (const report of reports) {
      if (!report) tools.logger.info("already settled", { trigger });
      else {
        const { manifest, outcome, error, changes } = report;
        tools.logger.info("manifest synced", { manifest, outcome, error, changes: changes.length });
      }
    }
  });
