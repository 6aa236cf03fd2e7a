import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { awsCall, callOptions } from "#aws/aws-call.ts";
import type { RequestObserver } from "#gateway/call/caller.ts";
import type { GatewayAuth } from "#gateway/http/connection.ts";
import { workspaceClients } from "#gateway/workspace-clients.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { Redacted } from "#runtime/redacted.ts";

/** Settings that every worker which talks to the gateway reads. */
export const GATEWAY_SETTINGS = {
  GATEWAY_OPS_GATEWAY_URL: z.url(),
  GATEWAY_OPS_CREDENTIALS_SECRET: z.string().min(1).optional(),
};

/** The stored login is not one; what was to be done with it passes once it is mended. */
class GatewayLoginError extends GatewayOpsError {
  override readonly name = "GatewayLoginError";
  readonly code = "gateway-login";
  readonly disposition = "retry";
}

const UNAUTHORISED = 401;

/**
 * The gateway, and the tracking server that it is part of, as each workspace sees them. Clients are
 * made on demand and kept. Their common login is read from Secrets Manager with the first request
 * of a container, and again after it was refused: somebody may have changed it meanwhile.
 */
export function openGateway(
  secretsManager: SecretsManagerClient,
  settings: {
    GATEWAY_OPS_GATEWAY_URL: string;
    GATEWAY_OPS_CREDENTIALS_SECRET?: string | undefined;
  },
  onRequest: RequestObserver<string> = () => {},
) {
  const secretName = settings.GATEWAY_OPS_CREDENTIALS_SECRET;
  let login: GatewayAuth | undefined;
  const readOnce = async (name: string, signal: AbortSignal | undefined) => {
    login ??= await readLogin(secretsManager, name, signal);
    return login;
  };
  return workspaceClients({
    trackingUri: settings.GATEWAY_OPS_GATEWAY_URL,
    ...(secretName === undefined
      ? {}
      : { auth: (signal?: AbortSignal) => readOnce(secretName, signal) }),
    onRequest: (operation, durationMs, status) => {
      if (status === UNAUTHORISED) login = undefined;
      onRequest(operation, durationMs, status);
    },
  });
}

async function readLogin(
  client: SecretsManagerClient,
  secretName: string,
  signal: AbortSignal | undefined,
): Promise<GatewayAuth> {
  const command = new GetSecretValueCommand({ SecretId: secretName });
  const { SecretString } = await awsCall(`reading the gateway login ${secretName}`, () =>
    client.send(command, callOptions(signal)),
  );
  const login = loginSchema.safeParse(parseJson(SecretString ?? ""));
  if (login.success) {
    return { username: login.data.username, password: new Redacted(login.data.password) };
  }
  throw new GatewayLoginError(
    `the secret ${secretName} must hold {"username": ..., "password": ...} for the gateway`,
  );
}

const loginSchema = z.object({ username: z.string().min(1), password: z.string().min(1) });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the login.
    return undefined;
  }
}
