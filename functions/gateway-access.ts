import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { awsCall, callOptions, errorName } from "#aws/aws-call.ts";
import type { RequestObserver } from "#gateway/call/caller.ts";
import { workspaceClients } from "#gateway/workspace-clients.ts";
import { systemClock } from "#runtime/clock.ts";
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
 * of a container, and again after it was refused: somebody may have changed it meanwhile. A login
 * that is still AWSCURRENT then may be one that is just being rotated: AWSPENDING is the last to be
 * tried, as the client asks for a login once more after a refusal, and not again.
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
  let login: StoredLogin | undefined;
  let sinceMs = 0;
  let refused: StoredLogin | undefined;
  const readOnce = async (name: string, signal: AbortSignal | undefined) => {
    if (login) return login;
    const read = (stage: string) => readLogin(secretsManager, name, stage, signal);
    login = await newest(read, refused);
    sinceMs = systemClock.nowMs();
    return login;
  };
  return workspaceClients({
    trackingUri: settings.GATEWAY_OPS_GATEWAY_URL,
    ...(secretName === undefined
      ? {}
      : { auth: (signal?: AbortSignal) => readOnce(secretName, signal) }),
    onRequest: (operation, durationMs, status) => {
      // A request that began before this login was read was refused with another one.
      if (status === UNAUTHORISED && systemClock.nowMs() - durationMs >= sinceMs) {
        refused = login ?? refused;
        login = undefined;
      }
      onRequest(operation, durationMs, status);
    },
  });
}

interface StoredLogin {
  readonly username: string;
  readonly password: Redacted<string>;
}

/** AWSCURRENT unless it is the one that was refused, and there is another in the making. */
async function newest(
  read: (stage: string) => Promise<StoredLogin | undefined>,
  refused: StoredLogin | undefined,
): Promise<StoredLogin> {
  const current = await read("AWSCURRENT");
  if (!current) throw new GatewayLoginError("the secret of the gateway login has no AWSCURRENT");
  const isRefused =
    current.username === refused?.username &&
    current.password.reveal() === refused.password.reveal();
  return (isRefused && (await read("AWSPENDING"))) || current;
}

/** Undefined when no version has the stage, or the version has no value yet. */
async function readLogin(
  client: SecretsManagerClient,
  secretName: string,
  VersionStage: string,
  signal: AbortSignal | undefined,
): Promise<StoredLogin | undefined> {
  const command = new GetSecretValueCommand({ SecretId: secretName, VersionStage });
  const { SecretString } = await awsCall(`reading the gateway login ${secretName}`, async () => {
    try {
      return await client.send(command, callOptions(signal));
    } catch (error) {
      const isMissing = errorName(error) === "ResourceNotFoundException";
      if (isMissing && VersionStage === "AWSPENDING") return { SecretString: undefined };
      throw error;
    }
  });
  if (SecretString === undefined && VersionStage === "AWSPENDING") return undefined;
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
