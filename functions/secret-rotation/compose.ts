import { randomBytes, randomUUID } from "node:crypto";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { DynamoLedger } from "#aws/ledger.ts";
import { SecretsManagerVersions } from "#aws/versioned-secrets.ts";
import { UserLogins } from "#gateway/user-logins.ts";
import { FedSecrets } from "#rotation/fed-secrets.ts";
import { MlflowUserStrategy } from "#rotation/mlflow-user.ts";
import type { Rotation } from "#rotation/rotation.ts";
import type { RotationDependencies } from "#rotation/run-step.ts";
import { StaticKeyStrategy } from "#rotation/static-key.ts";
import { systemClock } from "#runtime/clock.ts";
import { readSettings } from "#runtime/settings.ts";
import { probeValue } from "#secrets/probe/probe-value.ts";
import type { Deadlines } from "../deadlines.ts";
import { GATEWAY_SETTINGS, openGateway } from "../gateway-access.ts";
import { openLogger } from "../logger.ts";

/** Beside the gateway's cache: a call that began with the former credential has time to end. */
const GRACE_MARGIN_MS = 60_000;
/** 32 characters; MLflow asks for 12. */
const PASSWORD_BYTES = 24;

const rotation: z.ZodType<Rotation> = z.discriminatedUnion("strategy", [
  z.object({
    secret: z.string(),
    strategy: z.literal("mlflow-user"),
    users: z.tuple([z.string(), z.string()]),
  }),
  z.object({
    secret: z.string(),
    strategy: z.literal("static"),
    on_inconclusive: z.enum(["fail", "proceed"]),
  }),
]);

const SETTINGS = {
  ...GATEWAY_SETTINGS,
  GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
  GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS: z.coerce.number().int().positive(),
  GATEWAY_OPS_ROTATIONS: z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.array(rotation)),
  AWS_LAMBDA_FUNCTION_NAME: z.string().default("a function"),
  AWS_LAMBDA_LOG_STREAM_NAME: z.string().default("an unknown machine"),
};

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings(SETTINGS);
  const dynamo = new DynamoDBClient();
  const secretsManager = new SecretsManagerClient();
  const secrets = new SecretsManagerVersions(secretsManager);
  const gateway = openGateway(secretsManager, settings);
  const logins = new UserLogins({ trackingUri: settings.GATEWAY_OPS_GATEWAY_URL });
  const newPassword = () => randomBytes(PASSWORD_BYTES).toString("base64url");
  const fed = new FedSecrets((target, value, deadline) =>
    probeValue(gateway, target, value, deadline),
  );
  const logger = openLogger();
  const dependencies = (runId: string, { work, recording }: Deadlines): RotationDependencies => ({
    ledger: new DynamoLedger(dynamo, settings.GATEWAY_OPS_LEDGER_TABLE, recording),
    clock: systemClock,
    deadline: work,
    runId,
    place: {
      by: settings.AWS_LAMBDA_FUNCTION_NAME,
      host: settings.AWS_LAMBDA_LOG_STREAM_NAME,
      process_id: process.pid,
    },
    onLeaseLeft: (lease, error) =>
      logger.warn("a lease was not given back: it runs out by itself", { lease, error }),
    secrets,
    rotations: settings.GATEWAY_OPS_ROTATIONS,
    strategies: {
      "mlflow-user": new MlflowUserStrategy({ secrets, logins, newPassword }),
      static: new StaticKeyStrategy({ secrets, fed }),
    },
    newVersionId: randomUUID,
    graceMs: settings.GATEWAY_OPS_SECRET_CACHE_TTL_SECONDS * 1000 + GRACE_MARGIN_MS,
  });
  return { logger, dependencies };
}
