import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { DynamoLedger } from "#aws/ledger.ts";
import type { MonitorDependencies } from "#budgets/monitor.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { readSettings } from "#runtime/settings.ts";
import { GATEWAY_SETTINGS, openGateway } from "../gateway-access.ts";
import { openLogger } from "../logger.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    ...GATEWAY_SETTINGS,
    GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
  });
  const dependencies: MonitorDependencies = {
    ledger: new DynamoLedger(new DynamoDBClient(), settings.GATEWAY_OPS_LEDGER_TABLE),
    gateway: openGateway(new SecretsManagerClient(), settings).gatewayOf(WORKSPACE_DEFAULT),
  };
  return { logger: openLogger(), dependencies };
}
