import { readFileSync } from "node:fs";
import { S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { SNSClient } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { GatewayClient } from "#gateway/client.ts";
import { Redacted } from "#runtime/redacted.ts";
import { type LocalAws, startLocalAws } from "../local/local-aws.ts";
import {
  type MlflowServer,
  type MlflowUser,
  SECRETS_CACHE_TTL_SECONDS,
  startMlflow,
} from "../local/mlflow-server.ts";
import { stopAll } from "../local/processes.ts";
import { startUpstream, type Upstream } from "../local/upstream-stub.ts";
import { type Mailbox, subscribe } from "./mailbox.ts";

/** Name of the secret with the operator's login, as it is given to the stack. */
export const CREDENTIALS_SECRET = "gateway-ops/operator";

export interface WorldOptions {
  readonly mlflowPort?: number | undefined;
  readonly awsPort?: number | undefined;
  readonly upstreamPort?: number | undefined;
  /** Settings of the stack, besides those that make it fit for a short story. */
  readonly context?: Readonly<Record<string, string>>;
  /** Plain users of the MLflow server. */
  readonly users?: readonly MlflowUser[];
  /** Told before each part is started, and each line of the deployment. */
  readonly onProgress: (line: string) => void;
}

/** Everything that the product meets in production, running on this machine. */
export interface World {
  readonly mlflow: MlflowServer;
  readonly aws: LocalAws;
  readonly upstream: Upstream;
  /** A client of ours, as the admin; only to look. */
  readonly gateway: GatewayClient;
  readonly outputs: Readonly<Record<string, string>>;
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly alerts: Mailbox;
  readonly operations: Mailbox;
  close(): Promise<void>;
}

/** Starts the real servers and deploys the same app that goes to AWS. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { onProgress } = options;
  onProgress("starting a real mlflow server, a local AWS and a stub of an LLM provider");
  const servers = await startServers(options);
  try {
    const { mlflow, aws } = servers;
    const clients = awsClients(aws);
    await storeLogin(clients.secretsManager, mlflow);
    onProgress("deploying the CDK app to the local AWS");
    const outputs = await aws.deploy({
      context: {
        gatewayUrl: mlflow.trackingUri,
        gatewayCredentials: CREDENTIALS_SECRET,
        budgetPollMinutes: "1",
        retryPendingMinutes: "1",
        driftMinutes: "1",
        secretCacheTtlSeconds: String(SECRETS_CACHE_TTL_SECONDS),
        allowLoopbackApiBase: "true",
        ...options.context,
      },
    });
    const subscriber = (topic: string, name: string) =>
      subscribe(clients, output(outputs, topic), name);
    return {
      ...servers,
      ...clients,
      outputs,
      gateway: new GatewayClient({
        trackingUri: mlflow.trackingUri,
        ...(mlflow.admin ? { auth: mlflow.admin } : {}),
      }),
      alerts: await subscriber("AlertsTopicArn", "alerts-subscriber"),
      operations: await subscriber("OperationsTopicArn", "operations-subscriber"),
    };
  } catch (error) {
    await servers.close();
    throw error;
  }
}

/** All three or none: what did start is ended again when another does not. */
async function startServers(options: WorldOptions) {
  const started = await Promise.allSettled([
    startMlflow({ ...portOf(options.mlflowPort), users: options.users ?? [] }),
    startLocalAws(portOf(options.awsPort)),
    startUpstream(portOf(options.upstreamPort)),
  ]);
  const [mlflow, aws, upstream] = started;
  const close = async () => {
    if (upstream.status === "fulfilled") await upstream.value.stop();
    await stopAll();
  };
  if (
    mlflow.status === "fulfilled" &&
    aws.status === "fulfilled" &&
    upstream.status === "fulfilled"
  ) {
    return { mlflow: mlflow.value, aws: aws.value, upstream: upstream.value, close };
  }
  await close();
  throw started.find((result) => result.status === "rejected")?.reason;
}

function portOf(port: number | undefined): { port?: number } {
  return port === undefined ? {} : { port };
}

export function output(outputs: Readonly<Record<string, string>>, name: string): string {
  const value = outputs[name];
  if (value === undefined) throw new Error(`the stack has no output ${name}`);
  return value;
}

/** The example with its provider on this machine, as there is no way to a real one. */
export function exampleManifest(upstream: Pick<Upstream, "url">): string {
  const example = readFileSync(new URL("../../examples/gateway.yaml", import.meta.url), "utf8");
  return example.replaceAll("https://api.openai.com/v1", upstream.url);
}

function awsClients({ endpoint, region }: LocalAws) {
  const config = {
    endpoint,
    region,
    credentials: { accessKeyId: "000000000000", secretAccessKey: "test" },
  };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    sqs: new SQSClient(config),
    sns: new SNSClient(config),
    secretsManager: new SecretsManagerClient(config),
  };
}

async function storeLogin(client: SecretsManagerClient, { admin }: MlflowServer): Promise<void> {
  const login = new Redacted(JSON.stringify(admin));
  await client.send(
    new CreateSecretCommand({ Name: CREDENTIALS_SECRET, SecretString: login.reveal() }),
  );
}
