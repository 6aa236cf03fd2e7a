import { Logger } from "@aws-lambda-powertools/logger";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { SQSRecord } from "aws-lambda";
import * as z from "zod";
import { ManifestBucket } from "#aws/bucket.ts";
import { DynamoLedger } from "#aws/ledger.ts";
import { redeliverAfter } from "#aws/queue.ts";
import { SecretsManagerSource } from "#aws/secret-source.ts";
import { parseManifest } from "#manifest/parse.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { SyncDependencies } from "#reconcile/sync.ts";
import { systemClock } from "#runtime/clock.ts";
import { readSettings } from "#runtime/settings.ts";
import { GATEWAY_SETTINGS, openGateway } from "../gateway-access.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    ...GATEWAY_SETTINGS,
    GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
    GATEWAY_OPS_MANIFEST_BUCKET: z.string().min(1),
    GATEWAY_OPS_QUEUE_URL: z.string().min(1),
    GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: z.coerce.number().int().positive(),
  });
  const logger = new Logger();
  const sqs = new SQSClient();
  const secretsManager = new SecretsManagerClient();
  const bucket = new ManifestBucket(
    // Path style works with every S3, whatever its name resolution.
    new S3Client({ forcePathStyle: true }),
    settings.GATEWAY_OPS_MANIFEST_BUCKET,
  );
  const parts = {
    ledger: new DynamoLedger(new DynamoDBClient(), settings.GATEWAY_OPS_LEDGER_TABLE),
    source: new SecretsManagerSource(secretsManager),
    manifests: bucket,
    reports: bucket,
    gateway: openGateway(secretsManager, settings),
    clock: systemClock,
    secretCacheTtlMs: settings.GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS * 1000,
    parse: parseManifest,
    toDesired,
  };
  return {
    logger,
    redeliverAfter: (record: SQSRecord, delaySeconds: number) =>
      redeliverAfter(sqs, settings.GATEWAY_OPS_QUEUE_URL, record.receiptHandle, delaySeconds),
    dependencies: (runId: string): SyncDependencies => ({ ...parts, runId }),
  };
}
