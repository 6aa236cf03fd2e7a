import { parseArgs } from "node:util";
import { stopAll } from "./local/processes.ts";
import { CHAPTERS } from "./story/chapters.ts";
import { openWorld, output, type World } from "./story/world.ts";

const HELP = `npm start [-- options]

Starts a real MLflow server and a local AWS, deploys the CDK app and plays the main job, with a
check behind each line. Then everything stays up for you to try, until Ctrl-C.

  --once               end after the last check; exit status 0 only if every check held
  --mlflow-port PORT   port of the MLflow server     (default: a free one)
  --aws-port PORT      port of the local AWS         (default: a free one)
  --upstream-port PORT port of the LLM provider stub (default: a free one)
  --help               show this

Examples
  npm start
  npm start -- --once
  npm start -- --mlflow-port 5000
`;

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return;
  }
  // The SDK's notice that it will drop Node 20 would come in the middle of the story.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";
  const startMs = Date.now();
  const elapsed = () => `${((Date.now() - startMs) / 1000).toFixed(1)} s`.padStart(8);
  const tell = (line: string) => console.log(`${elapsed()}  ${line}`);
  const world = await openWorld({ ...options, onProgress: tell });
  try {
    tell(`MLflow ${await world.gateway.server.version()} at ${world.mlflow.trackingUri}`);
    tell(`local AWS at ${world.aws.endpoint}, stack deployed`);
    for (const [index, { title, play }] of CHAPTERS.entries()) {
      console.log(`\n${String.fromCharCode(97 + index)}. ${title}`);
      await play(world, (line) => tell(`✓ ${line.replaceAll("\n", `\n${" ".repeat(12)}`)}`));
    }
    console.log(`\nEvery check held, ${elapsed().trim()} after the start.`);
    if (!options.once) await stayUp(world);
  } finally {
    await world.close();
  }
}

/** Prints what to try, and waits for the signal that ends us. */
function stayUp(world: World): Promise<never> {
  const { mlflow, aws, outputs } = world;
  const bucket = output(outputs, "ManifestBucketName");
  const manifest = `s3://${bucket}/manifests/default/gateway.yaml`;
  const environment = Object.entries(aws.environment)
    .filter(([name]) => name.startsWith("AWS_"))
    .map(([name, value]) => `export ${name}=${value}`);
  console.log(`
Everything stays up until Ctrl-C. To look around, in another terminal:

  MLflow     ${mlflow.trackingUri} (user ${mlflow.admin?.username}; the password is in the local
             AWS under the secret gateway-ops/operator)
  logs       ${mlflow.logFile}
             ${aws.logFile}

  ${environment.join("\n  ")}
  export AWS_DEFAULT_REGION=${aws.region}

  # change the manifest: the file is the only thing that you touch
  aws s3 cp ${manifest} - | sed 's/team: search/team: growth/' | aws s3 cp - ${manifest}
  aws s3 ls s3://${bucket}/runs/

  # change a key
  aws secretsmanager put-secret-value --secret-id prod/openai-backup --secret-string another-value

  # what the workers say
  for group in $(aws logs describe-log-groups --query 'logGroups[].logGroupName' --output text); do
    aws logs filter-log-events --log-group-name "$group" --query 'events[].message' --output text
  done
`);
  return new Promise(() => {
    // A pending promise alone does not keep Node running.
    setInterval(() => undefined, 60_000);
  });
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      once: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      "mlflow-port": { type: "string" },
      "aws-port": { type: "string" },
      "upstream-port": { type: "string" },
    },
  });
  return {
    once: values.once,
    help: values.help,
    mlflowPort: readPort("--mlflow-port", values["mlflow-port"]),
    awsPort: readPort("--aws-port", values["aws-port"]),
    upstreamPort: readPort("--upstream-port", values["upstream-port"]),
  };
}

function readPort(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`${flag} must be a port from 1 to 65535, got "${text}"`);
}

main().catch(async (error: unknown) => {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
  await stopAll();
});
