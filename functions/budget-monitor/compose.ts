import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { DynamoLedger } from "#aws/ledger.ts";
import type { MonitorDependencies } from "#budgets/monitor.ts";
import { WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import { readSettings } from "#runtime/settings.ts";
import type { Deadlines } from "../deadlines.ts";
import { GATEWAY_SETTINGS, openGateway } from "../gateway-access.ts";
import { openLogger } from "../logger.ts";

/** Builds the worker's adapters, once per container. */
export function compose() {
  const settings = readSettings({
    ...GATEWAY_SETTINGS,
    GATEWAY_OPS_LEDGER_TABLE: z.string().min(1),
  });
  const dynamo = new DynamoDBClient();
  const { gatewayOf } = openGateway(new SecretsManagerClient(), settings);
  const dependencies = ({ work, recording }: Deadlines): MonitorDependencies => ({
    ledger: new DynamoLedger(dynamo, settings.GATEWAY_OPS_LEDGER_TABLE, recording),
    gateway: gatewayOf(WORKSPACE_DEFAULT, work),
  });
  return { logger: openLogger(), dependencies };
}
