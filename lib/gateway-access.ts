import { ArnFormat, Stack } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IConstruct } from "constructs";
import type { StackSettings } from "./settings.ts";
import type { WorkerFunction } from "./worker-function.ts";

/** Tells the worker where the gateway is, and lets it read the login it uses there. */
export function grantGatewayAccess(
  worker: WorkerFunction,
  { gatewayUrl, gatewayCredentials }: Pick<StackSettings, "gatewayUrl" | "gatewayCredentials">,
): void {
  worker.function.addEnvironment("GATEWAY_OPS_GATEWAY_URL", gatewayUrl);
  if (gatewayCredentials === undefined) return;
  worker.function.addEnvironment("GATEWAY_OPS_CREDENTIALS_SECRET", gatewayCredentials);
  Grant.addToPrincipal({
    grantee: worker,
    actions: ["secretsmanager:GetSecretValue"],
    resourceArns: [namedSecretArn(worker, gatewayCredentials)],
  });
}

/**
 * Lets the worker read provider keys: only secrets that carry the tag `gateway-ops:owner`, so that
 * tagging a secret is the act of handing it to the gateway. Which owner may use which secret is
 * decided by the worker from the tag's value.
 */
export function grantProviderSecrets(worker: WorkerFunction): void {
  Grant.addToPrincipal({
    grantee: worker,
    actions: ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
    resourceArns: [secretArn(worker, "*")],
    conditions: { Null: { "aws:ResourceTag/gateway-ops:owner": "false" } },
  });
}

/** Secrets Manager appends six random characters to the name. */
export function namedSecretArn(scope: IConstruct, name: string): string {
  return secretArn(scope, `${name}-??????`);
}

function secretArn(scope: IConstruct, resourceName: string): string {
  return Stack.of(scope).formatArn({
    service: "secretsmanager",
    resource: "secret",
    resourceName,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
