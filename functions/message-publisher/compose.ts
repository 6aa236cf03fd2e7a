import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SNSClient } from "@aws-sdk/client-sns";
import * as z from "zod";
import { DynamoLedger } from "#aws/ledger.ts";
import { SnsChannel } from "#aws/publisher.ts";
import { systemClock } from "#runtime/clock.ts";
import type { OutboxDependencies } from "#runtime/outbox.ts";
import { readSettings } from "#runtime/settings.ts";
import type { Deadlines } from "../deadlines.ts";
import { openLogger } from "../logger.ts";
import { openMetrics } from "../metrics.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    GATEWAY_OPS_GATEWAY_URL: z.url(),
    GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
    GATEWAY_OPS_ALERTS_TOPIC_ARN: z.string().min(1),
    GATEWAY_OPS_OPERATIONS_TOPIC_ARN: z.string().min(1),
  });
  const topics = {
    alerts: settings.GATEWAY_OPS_ALERTS_TOPIC_ARN,
    operations: settings.GATEWAY_OPS_OPERATIONS_TOPIC_ARN,
  };
  const dynamo = new DynamoDBClient();
  const sns = new SNSClient();
  const dependencies = ({ work, recording }: Deadlines): OutboxDependencies => ({
    ledger: new DynamoLedger(dynamo, settings.GATEWAY_OPS_LEDGER_TABLE, recording),
    clock: systemClock,
    deadline: work,
    channel: new SnsChannel(sns, topics, settings.GATEWAY_OPS_GATEWAY_URL, work),
  });
  return { logger: openLogger(), metrics: openMetrics(), dependencies };
}
