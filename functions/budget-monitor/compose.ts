import { Logger } from "@aws-lambda-powertools/logger";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { DynamoLedger } from "#aws/ledger.ts";
import type { MonitorDependencies } from "#budgets/monitor.ts";
import { readSettings } from "#runtime/settings.ts";
import { GATEWAY_SETTINGS, gatewayAccess } from "../gateway-access.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    ...GATEWAY_SETTINGS,
    GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
  });
  const openGateway = gatewayAccess(new SecretsManagerClient(), settings);
  const ledger = new DynamoLedger(new DynamoDBClient(), settings.GATEWAY_OPS_LEDGER_TABLE);
  return {
    logger: new Logger(),
    dependencies: async (): Promise<MonitorDependencies> => ({
      ledger,
      gateway: await openGateway(),
    }),
  };
}
