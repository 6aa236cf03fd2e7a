import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "#cli/context.ts";
import { UsageError } from "#cli/usage-error.ts";
import type { GatewayAuth } from "#gateway/http/connection.ts";
import { Redacted } from "#runtime/redacted.ts";
import { parseCredentials } from "./credentials-file.ts";

/** Settings of MLflow's clients that change who we are or whom we trust, and that gwops lacks. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  MLFLOW_TRACKING_INSECURE_TLS:
    "gwops always checks certificates: trust the server's by NODE_EXTRA_CA_CERTS=<file>",
  MLFLOW_TRACKING_SERVER_CERT_PATH: "set NODE_EXTRA_CA_CERTS to this path",
  MLFLOW_TRACKING_CLIENT_CERT_PATH: "gwops sends no client certificate",
  MLFLOW_TRACKING_AWS_SIGV4: "gwops does not sign requests: put a proxy that does in front",
  MLFLOW_TRACKING_AUTH: "gwops knows a username with a password, or a token",
};
const OFF = ["", "false", "0"];

/**
 * The login as MLflow's own clients find it: username and password from the environment, each
 * else from `~/.mlflow/credentials`; without both the token; without that none.
 */
export async function loginOf(env: Environment, home: string): Promise<GatewayAuth> {
  refuseUnsupported(env);
  const file = await readCredentials(join(home, ".mlflow", "credentials"));
  const username = env.MLFLOW_TRACKING_USERNAME || file.mlflow_tracking_username;
  const password = env.MLFLOW_TRACKING_PASSWORD || file.mlflow_tracking_password;
  if (username && password) return { username, password: new Redacted(password) };
  const token = env.MLFLOW_TRACKING_TOKEN;
  return token ? { token: new Redacted(token) } : { kind: "none" };
}

function refuseUnsupported(env: Environment): void {
  for (const [name, remedy] of Object.entries(UNSUPPORTED)) {
    const isOn = !OFF.includes((env[name] ?? "").trim().toLowerCase());
    const isServed = name === "MLFLOW_TRACKING_SERVER_CERT_PATH" && env.NODE_EXTRA_CA_CERTS;
    if (isOn && !isServed) throw new UsageError(`${name} is set: ${remedy}`);
  }
}

async function readCredentials(path: string): Promise<Readonly<Record<string, string>>> {
  try {
    return parseCredentials(await readFile(path, "utf8"));
  } catch (error) {
    if (Object(error).code === "ENOENT") return {};
    throw new UsageError(`${path} cannot be read`, { cause: error });
  }
}
