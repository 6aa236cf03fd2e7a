/** A program that lists the secrets of the server given; for `import` and for `require`. */
const PROGRAM = `
const client = new GatewayClient({
  trackingUri: process.argv[2],
  auth: { username: "ann", password: new Redacted("p") },
});
async function main() {
  const secrets = await client.secrets.list({ provider: "openai" });
  const error = await client.budgets.get({ budget_policy_id: "bp-1" }).catch((error) => error);
  console.log(JSON.stringify({
    secrets: secrets.map(({ secret_name }) => secret_name),
    isStatusError: error instanceof GatewayStatusError,
    message: error.message,
    exported: Object.keys(exported).sort(),
  }));
}
main();
`;

export const ESM_PROGRAM = `
import * as exported from "mlflow-gateway-ops/gateway";
import { GatewayClient, GatewayStatusError, Redacted } from "mlflow-gateway-ops/gateway";
${PROGRAM}`;

export const CJS_PROGRAM = `
const exported = require("mlflow-gateway-ops/gateway");
const { GatewayClient, GatewayStatusError, Redacted } = exported;
${PROGRAM}
process.on("exit", () => {
  const foreign = Object.keys(require.cache).filter((file) => !file.includes("gateway"));
  if (foreign.length > 0) throw new Error(foreign.join());
});`;

/** Uses every group of operations; a line that must not compile says so. */
export const TYPED_PROGRAM = `
import {
  type BudgetPolicy,
  capabilitiesOf,
  DURATION_UNITS,
  GatewayCallError,
  GatewayClient,
  type GatewayClientOptions,
  HttpTransport,
  Redacted,
  type Secret,
  type Transport,
} from "mlflow-gateway-ops/gateway";

const transport: Transport = new HttpTransport({ connections: "kept" });
const options: GatewayClientOptions = {
  trackingUri: "https://mlflow.example.com",
  auth: async () => ({ username: "ann", password: new Redacted("p") }),
  workspace: "team-a",
  timeoutMs: 5000,
  retry: { attemptsMax: 2 },
  headers: { "x-key": new Redacted("k") },
  signal: AbortSignal.timeout(60_000),
  transport,
};
const client = new GatewayClient(options);

export async function main(): Promise<unknown> {
  const secret: Secret = await client.secrets.create({
    secret_name: "openai",
    secret_value: [{ key: "api_key", value: new Redacted("sk") }],
    auth_config: { auth_mode: "api_key" },
  });
  const { model_definition_id } = await client.modelDefinitions.create({
    name: "gpt-4o",
    secret_id: secret.secret_id,
    provider: "openai",
    model_name: "gpt-4o",
  });
  const endpoint = await client.endpoints.create({
    name: "chat",
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
  });
  await client.bindings.list({ endpoint_id: endpoint.endpoint_id });
  const policies: BudgetPolicy[] = [];
  for await (const page of client.budgets.pages()) policies.push(...page);
  await client.guardrails.listForEndpoint({ endpoint_id: endpoint.endpoint_id });
  await client.discovery.providers();
  // @ts-expect-error: a name is a text
  await client.endpoints.get({ name: 1 });
  // @ts-expect-error: there is no such unit
  const unit: (typeof DURATION_UNITS)[number] = "YEARS";
  try {
    return [capabilitiesOf(await client.server.version()).targetScopes, unit];
  } catch (error) {
    if (error instanceof GatewayCallError && error.isRetryable) return error.operation;
    throw error;
  }
}
`;
