import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeRunFolder, projectFolder, venvBin } from "./folders.ts";
import { answersOk } from "./http.ts";
import { freePort, requirePort } from "./ports.ts";
import { cleanEnvironment, runCommand, startServer } from "./processes.ts";

const REGION = "us-east-1";
const ACCOUNT = "000000000000";
const START_TIMEOUT_MS = 120_000;
const DEPLOY_TIMEOUT_MS = 300_000;

export interface LocalAwsOptions {
  readonly port?: number;
  readonly folder?: string;
  /** Whether policies of IAM hold; our own stack, which wants TLS, cannot be deployed then. */
  readonly isEnforcing?: boolean;
}

interface DeployOptions {
  /** Passed to the app as `-c key=value`. */
  readonly context: Readonly<Record<string, string>>;
  readonly outputsFile?: string;
  readonly onLine?: (line: string) => void;
  /** A deploy can hang for ever when a custom resource does not answer. */
  readonly timeoutMs?: number;
}

export interface LocalAws {
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  /** What an AWS SDK or the CDK needs to talk to this AWS and to no other. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly logFile: string;
  readonly pid: number;
  /** Deploys this CDK app (bootstrapping first) and returns the outputs of its stack. */
  deploy(options: DeployOptions): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts MiniStack, a local AWS in one process, on 127.0.0.1 and waits until it answers. */
export async function startLocalAws(options: LocalAwsOptions = {}): Promise<LocalAws> {
  const folder = options.folder ?? makeRunFolder("aws");
  const temporary = path.join(folder, "tmp");
  mkdirSync(temporary, { recursive: true });
  // It unpacks functions here, below our own package.json, which would make ES modules of them.
  writeFileSync(path.join(temporary, "package.json"), '{ "type": "commonjs" }\n');
  const port =
    options.port === undefined ? await freePort() : await requirePort(options.port, "--aws-port");
  const endpoint = `http://127.0.0.1:${port}`;
  const logFile = path.join(folder, "ministack.log");
  const server = await startServer({
    name: "the local AWS (MiniStack)",
    command: path.join(venvBin, "python"),
    args: ["-m", "ministack"],
    cwd: folder,
    env: serverEnvironment(port, temporary, options.isEnforcing ? { AUTH: "true" } : {}),
    logFile,
    isReady: () => answersOk(`${endpoint}/_ministack/health`),
    startTimeoutMs: START_TIMEOUT_MS,
  });
  const environment = clientEnvironment(endpoint, folder);
  return {
    endpoint,
    port,
    region: REGION,
    environment,
    folder,
    logFile,
    pid: server.pid,
    deploy: (deployment) => deploy(deployment, folder, environment),
    stop: () => server.stop(),
  };
}

/** Functions inherit this environment too: nothing may be in it that a function must not see. */
function serverEnvironment(
  port: number,
  temporary: string,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const node = path.dirname(process.execPath);
  return cleanEnvironment({
    // Functions run on the first `node` of the PATH: the one that runs us, for any function runtime.
    PATH: `${node}:${venvBin}:${process.env.PATH ?? ""}`,
    PYTHONUNBUFFERED: "1",
    TMPDIR: temporary,
    GATEWAY_PORT: String(port),
    // Without these two it listens on every interface and hands out queue URLs of `localhost`.
    BIND_HOST: "127.0.0.1",
    MINISTACK_HOST: "127.0.0.1",
    // Else a second port opens on every interface.
    IOT_MTLS_ENABLED: "0",
    // It sweeps containers that carry its label, when it starts and when it ends; those of
    // somebody else's MiniStack are none of our business.
    DOCKER_HOST: `unix://${temporary}/no-docker.sock`,
    // The SDK's notice on old Nodes would be in the log of every function.
    NODE_NO_WARNINGS: "1",
    ...more,
  });
}

function clientEnvironment(endpoint: string, folder: string): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: ACCOUNT,
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    // Real profiles stay out of reach: a slip of ours cannot touch somebody's account.
    AWS_CONFIG_FILE: path.join(folder, "no-aws-config"),
    AWS_SHARED_CREDENTIALS_FILE: path.join(folder, "no-aws-credentials"),
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

async function deploy(
  options: DeployOptions,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const outputsFile = options.outputsFile ?? path.join(folder, "outputs.json");
  const deadlineMs = Date.now() + (options.timeoutMs ?? DEPLOY_TIMEOUT_MS);
  const cdk = (name: string, cwd: string, args: readonly string[]): Promise<void> =>
    runCommand({
      name,
      command: process.execPath,
      args: [path.join(projectFolder, "node_modules/aws-cdk/bin/cdk"), ...args],
      cwd,
      env: cdkEnvironment(environment, folder),
      logFile: path.join(folder, "cdk.log"),
      timeoutMs: Math.max(0, deadlineMs - Date.now()),
      onLine: options.onLine,
    });

  // In a folder without cdk.json: bootstrapping needs no app, and building it twice costs seconds.
  await cdk("cdk bootstrap", folder, ["bootstrap", `aws://${ACCOUNT}/${REGION}`, "--no-notices"]);
  await cdk("cdk deploy", projectFolder, [
    ...["deploy", "--require-approval", "never", "--no-notices"],
    ...["--output", path.join(folder, "cdk.out"), "--outputs-file", outputsFile],
    ...Object.entries(options.context).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
    // It knows no rotation schedules; the parameter is there only where a secret is rotated.
    ...(options.context.rotations === undefined ? [] : ["--parameters", "DeployTarget=local"]),
  ]);
  const stacks = JSON.parse(readFileSync(outputsFile, "utf8")) as Record<
    string,
    Record<string, string>
  >;
  return Object.assign({}, ...Object.values(stacks)) as Record<string, string>;
}

function cdkEnvironment(
  environment: Readonly<Record<string, string>>,
  folder: string,
): Record<string, string> {
  return cleanEnvironment({
    ...environment,
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH ?? ""}`,
    CI: "1",
    NODE_NO_WARNINGS: "1",
    CDK_HOME: path.join(folder, "cdk-home"),
    // A local run talks to this machine only.
    CDK_DISABLE_CLI_TELEMETRY: "true",
    CDK_DISABLE_VERSION_CHECK: "true",
    // The CDK's checks of a template take longer than all else of a local deploy; `npm run synth`
    // and the synth tests make them.
    CDK_VALIDATION: "false",
  });
}
