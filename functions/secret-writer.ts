import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import * as z from "zod";
import { DynamoLedger } from "#aws/ledger.ts";
import { redeliverAfter } from "#aws/queue.ts";
import { SecretsManagerSource } from "#aws/secret-source.ts";
import type { RequestObserver } from "#gateway/call/caller.ts";
import { systemClock } from "#runtime/clock.ts";
import type { RunPlace } from "#runtime/lease.ts";
import type { Deadlines } from "./deadlines.ts";
import { GATEWAY_SETTINGS, openGateway } from "./gateway-access.ts";
import { openLogger } from "./logger.ts";
import { truth } from "./truth.ts";

/** Settings of the workers that write gateway secrets and are fed by a queue. */
export const SECRET_WRITER_SETTINGS = {
  ...GATEWAY_SETTINGS,
  GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
  GATEWAY_OPS_QUEUE_URL: z.string().min(1),
  GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: z.coerce.number().int().positive(),
  GATEWAY_OPS_PROBE: truth,
  // AWS sets these: they lead a person to the logs of a run.
  AWS_LAMBDA_FUNCTION_NAME: z.string().default("a function"),
  AWS_LAMBDA_LOG_STREAM_NAME: z.string().default("an unknown machine"),
};

type SecretWriterSettings = z.infer<z.ZodObject<typeof SECRET_WRITER_SETTINGS>>;

/** What these workers have in common: the tools of a batch, and all that pushing needs in one invocation. */
export function secretWriter(settings: SecretWriterSettings, onRequest?: RequestObserver<string>) {
  const sqs = new SQSClient();
  const secretsManager = new SecretsManagerClient();
  const dynamo = new DynamoDBClient();
  const gateway = openGateway(secretsManager, settings, onRequest);
  const comeBackAfter = ({ receiptHandle }: SQSRecord, delaySeconds: number) =>
    redeliverAfter(sqs, settings.GATEWAY_OPS_QUEUE_URL, receiptHandle, delaySeconds);
  const place: RunPlace = {
    by: settings.AWS_LAMBDA_FUNCTION_NAME,
    host: settings.AWS_LAMBDA_LOG_STREAM_NAME,
    process_id: process.pid,
  };
  const logger = openLogger();
  const onLeaseLeft = (name: string, error: unknown) =>
    logger.warn("a lease was not given back: it runs out by itself", {
      lease: name,
      error: error as Error,
    });
  return {
    tools: {
      logger,
      clock: systemClock,
      hideFor: comeBackAfter,
      redeliverAfter: comeBackAfter,
    },
    parts: (runId: string, { work, recording }: Deadlines) => ({
      ledger: new DynamoLedger(dynamo, settings.GATEWAY_OPS_LEDGER_TABLE, recording),
      source: new SecretsManagerSource(secretsManager),
      ...gateway,
      clock: systemClock,
      runId,
      place,
      onLeaseLeft,
      deadline: work,
      secretCacheTtlMs: settings.GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS * 1000,
      probesByDefault: settings.GATEWAY_OPS_PROBE,
    }),
  };
}
