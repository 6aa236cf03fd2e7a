import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { OLDEST, PINNED } from "../mlflow-versions.ts";
import { makeRunFolder, mlflowBin, mlflowWheel, projectFolder, venvBin } from "./folders.ts";
import { answersOk, callLocal } from "./http.ts";
import { freePort, requirePort } from "./ports.ts";
import { cleanEnvironment, type RunningProcess, startServer } from "./processes.ts";

/** A cold start of a new CI machine reads 900 MB of Python from disk, and several start at once. */
const START_TIMEOUT_MS = 240_000;

/** The shortest the server allows: a pushed key is in use that soon. MLflow's default is 60. */
export const SECRETS_CACHE_TTL_SECONDS = 10;

/** What runs where no other version is asked for; scripts/newest.ts sets another one. */
export const MLFLOW_VERSION = process.env.GATEWAY_OPS_MLFLOW || PINNED;

export interface MlflowUser {
  readonly username: string;
  readonly password: string;
}

export interface MlflowOptions {
  /** Installed when it is first asked for. @default {@link MLFLOW_VERSION} */
  readonly version?: string;
  /** @default 1 */
  readonly workers?: number;
  /** Names are then unique per workspace, which requests choose by a header. @default false */
  readonly workspaces?: boolean;
  /** Holds database, artifacts, keys and log; an existing one goes on where it stopped. */
  readonly folder?: string;
  readonly port?: number;
  /** Basic auth with an admin of a random password; on unless said otherwise. */
  readonly auth?: boolean;
  /** Added to, and stronger than, the environment below. */
  readonly env?: Readonly<Record<string, string>>;
  /** Plain users made once the server runs; needs auth. */
  readonly users?: readonly MlflowUser[];
}

export interface MlflowServer {
  readonly trackingUri: string;
  readonly port: number;
  readonly admin: MlflowUser | undefined;
  readonly folder: string;
  readonly logFile: string;
  readonly pid: number;
  /** Ends the server; its folder stays. */
  stop(): Promise<void>;
  /** Starts it again (ending it first if need be) on the same port and folder. */
  restart(): Promise<void>;
}

interface Keys {
  readonly kekPassphrase: string;
  readonly sessionKey: string;
  readonly adminPassword: string;
}

/** Starts a real `mlflow server` on 127.0.0.1 and waits until it answers. */
export async function startMlflow(options: MlflowOptions = {}): Promise<MlflowServer> {
  const installation = await installMlflow(options.version ?? MLFLOW_VERSION);
  const folder = options.folder ?? makeRunFolder("mlflow");
  mkdirSync(folder, { recursive: true });
  const port =
    options.port === undefined
      ? await freePort()
      : await requirePort(options.port, "--mlflow-port");
  const keys = keysOf(folder);
  const trackingUri = `http://127.0.0.1:${port}`;
  const logFile = path.join(folder, "mlflow.log");
  const start = (): Promise<RunningProcess> =>
    startServer({
      name: "mlflow server",
      command: path.join(installation.bin, "python"),
      args: serverArguments(folder, port, options),
      cwd: folder,
      env: serverEnvironment(folder, keys, installation, options),
      logFile,
      isReady: () => answersOk(`${trackingUri}/health`),
      startTimeoutMs: START_TIMEOUT_MS,
    });

  let server = await start();
  const admin = hasAuth(options) ? { username: "admin", password: keys.adminPassword } : undefined;
  for (const user of options.users ?? []) {
    await createUser(trackingUri, admin, user);
  }
  return {
    trackingUri,
    port,
    admin,
    folder,
    logFile,
    get pid() {
      return server.pid;
    },
    stop: () => server.stop(),
    async restart() {
      await server.stop();
      server = await start();
    },
  };
}

const run = promisify(execFile);

interface Installation {
  readonly bin: string;
  /** What leads Python to the server. */
  readonly env: Readonly<Record<string, string>>;
}

/** Slow the first time (it downloads the server), then only a check. */
export async function installMlflow(version: string): Promise<Installation> {
  if (version === PINNED) return { bin: venvBin, env: {} };
  await run(process.execPath, ["scripts/setup.mjs", `--mlflow=${version}`], { cwd: projectFolder });
  const bin = mlflowBin(version);
  return existsSync(bin)
    ? { bin, env: {} }
    : { bin: venvBin, env: { PYTHONPATH: mlflowWheel(version) } };
}

function hasAuth({ auth = true }: MlflowOptions): boolean {
  return auth;
}

function serverArguments(folder: string, port: number, options: MlflowOptions): string[] {
  return [
    ...["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", String(port)],
    // Each worker has its own budget tracker and caches; one makes every answer the same.
    ...["--workers", String(options.workers ?? 1)],
    // The environment variable of this name has no effect: the option's default overwrites it.
    ...["--secrets-cache-ttl", String(SECRETS_CACHE_TTL_SECONDS)],
    ...["--backend-store-uri", `sqlite:///${path.join(folder, "mlflow.db")}`],
    ...["--artifacts-destination", path.join(folder, "artifacts")],
    ...(hasAuth(options) ? ["--app-name", "basic-auth"] : []),
    ...(options.workspaces ? ["--enable-workspaces"] : []),
  ];
}

/** Keys and passwords travel here and not in the arguments, which every user can list. */
function serverEnvironment(
  folder: string,
  keys: Keys,
  { bin, env }: Installation,
  options: MlflowOptions,
): Record<string, string> {
  return cleanEnvironment({
    PATH: `${bin}:${process.env.PATH ?? ""}`,
    ...env,
    PYTHONUNBUFFERED: "1",
    MLFLOW_CRYPTO_KEK_PASSPHRASE: keys.kekPassphrase,
    MLFLOW_DISABLE_TELEMETRY: "true",
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false",
    // The upstream of a local run listens on 127.0.0.1 without TLS.
    MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES: "http,https",
    MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS: "true",
    MLFLOW_GATEWAY_BUDGET_REFRESH_INTERVAL: "5",
    // Prices come with the package; without a way out, asking for newer ones takes minutes.
    MLFLOW_MODEL_CATALOG_URI: "",
    ...(hasAuth(options) ? authEnvironment(folder, keys, options) : {}),
    ...options.env,
  });
}

function authEnvironment(
  folder: string,
  keys: Keys,
  { version }: MlflowOptions,
): Record<string, string> {
  const configFile = path.join(folder, "auth.ini");
  writeFileSync(
    configFile,
    [
      "[mlflow]",
      "default_permission = READ",
      `database_uri = sqlite:///${path.join(folder, "auth.db")}`,
      "admin_username = admin",
      "authorization_function = mlflow.server.auth:authenticate_request_basic_auth",
      "grant_default_workspace_access = false",
      // Checking a password takes longer than most calls; a changed one is noticed at once
      // because there is one worker.
      "auth_cache_ttl_seconds = 60",
      // The oldest has a default password here instead of the environment variable.
      ...(version === OLDEST ? [`admin_password = ${keys.adminPassword}`] : []),
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  return {
    MLFLOW_AUTH_CONFIG_PATH: configFile,
    MLFLOW_AUTH_ADMIN_PASSWORD: keys.adminPassword,
    MLFLOW_FLASK_SERVER_SECRET_KEY: keys.sessionKey,
  };
}

/** The keys belong to the folder: its database cannot be read with others. */
function keysOf(folder: string): Keys {
  const file = path.join(folder, "keys.json");
  if (!existsSync(file)) {
    const random = (): string => randomBytes(24).toString("base64url");
    const keys: Keys = {
      kekPassphrase: random() + random(),
      sessionKey: random(),
      adminPassword: random(),
    };
    writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, "utf8")) as Keys;
}

async function createUser(
  trackingUri: string,
  admin: MlflowUser | undefined,
  user: MlflowUser,
): Promise<void> {
  const { status } = await callLocal(`${trackingUri}/api/2.0/mlflow/users/create`, {
    method: "POST",
    user: admin,
    json: user,
  });
  if (status !== 200) {
    throw new Error(`creating the mlflow user ${user.username} failed with ${status}`);
  }
}
