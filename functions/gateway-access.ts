import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { awsCall } from "#aws/aws-call.ts";
import { GatewayClient } from "#gateway/client.ts";
import { SettingsError } from "#runtime/errors.ts";
import { Redacted } from "#runtime/redacted.ts";

/** Settings that every worker which talks to the gateway reads. */
export const GATEWAY_SETTINGS = {
  GATEWAY_OPS_GATEWAY_URL: z.url(),
  GATEWAY_OPS_CREDENTIALS_SECRET: z.string().min(1).optional(),
};

const UNAUTHORISED = 401;

interface Login {
  readonly username: string;
  readonly password: Redacted<string>;
}

/**
 * Gives clients of the gateway. The login is read from Secrets Manager once per container, and
 * again after the gateway refused it: somebody may have changed it meanwhile.
 */
export function gatewayAccess(
  secretsManager: SecretsManagerClient,
  settings: {
    GATEWAY_OPS_GATEWAY_URL: string;
    GATEWAY_OPS_CREDENTIALS_SECRET?: string | undefined;
  },
): () => Promise<GatewayClient> {
  const secretName = settings.GATEWAY_OPS_CREDENTIALS_SECRET;
  let login: Login | undefined;
  return async () => {
    if (secretName !== undefined) login ??= await readLogin(secretsManager, secretName);
    return new GatewayClient({
      trackingUri: settings.GATEWAY_OPS_GATEWAY_URL,
      ...(login ? { auth: login } : {}),
      onRequest: (_operation, _durationMs, status) => {
        if (status === UNAUTHORISED) login = undefined;
      },
    });
  };
}

async function readLogin(client: SecretsManagerClient, secretName: string): Promise<Login> {
  const command = new GetSecretValueCommand({ SecretId: secretName });
  const { SecretString } = await awsCall(`reading the gateway login ${secretName}`, () =>
    client.send(command),
  );
  const login = loginSchema.safeParse(parseJson(SecretString ?? ""));
  if (login.success) {
    return { username: login.data.username, password: new Redacted(login.data.password) };
  }
  throw new SettingsError(
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
