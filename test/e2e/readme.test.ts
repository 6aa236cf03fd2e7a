import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { projectFolder } from "../../scripts/local/folders.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { cleanEnvironment } from "../../scripts/local/processes.ts";
import { madeUpKey } from "../../scripts/story/actions.ts";
import { CREDENTIALS_SECRET, exampleManifest } from "../../scripts/story/world.ts";

// The commands that the README shows are run as they stand, in one shell, but for what stands for
// something else there: the address of the server, the login, the files that a reader has.

const run = promisify(execFile);
const readme = readFileSync(path.join(projectFolder, "README.md"), "utf8");
const folder = mkdtempSync(path.join(tmpdir(), "gateway-ops-readme-"));
let mlflow: MlflowServer;
let aws: LocalAws;
let gateway: GatewayClient;

beforeAll(async () => {
  [mlflow, aws] = await Promise.all([startMlflow(), startLocalAws()]);
  if (!mlflow.admin) throw new Error("the server was started without user accounts");
  gateway = new GatewayClient({ trackingUri: mlflow.trackingUri, auth: mlflow.admin });
}, 480_000);

afterAll(async () => {
  await mlflow?.stop();
  await aws?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** The lines of the shell blocks under a heading. */
function commandsUnder(heading: string): string[] {
  const section = readme.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? "";
  const blocks = [...section.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  return blocks.flatMap((block) => block.split("\n").filter((line) => line !== ""));
}

interface Ran {
  readonly command: string;
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function type(
  commands: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran[]> {
  const file = (index: number, name: string) => path.join(folder, `${index}.${name}`);
  const lines = commands.map(
    (command, index) => `{ ${command}\n} > ${file(index, "out")} 2> ${file(index, "err")}; echo $?`,
  );
  const { stdout } = await run("bash", ["-c", lines.join("\n")], {
    cwd: projectFolder,
    env: cleanEnvironment(env),
    timeout: 280_000,
  });
  const statuses = stdout.trim().split("\n").map(Number);
  return commands.map((command, index) => ({
    command,
    status: statuses[index],
    stdout: readFileSync(file(index, "out"), "utf8"),
    stderr: readFileSync(file(index, "err"), "utf8"),
  }));
}

test("what the README says to begin with works on a server that somebody set up by hand", async () => {
  const created = await gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: madeUpKey("by-hand") },
    provider: "openai",
  });
  const commands = commandsUnder("Begin on your own server").map((command) =>
    command
      .replace("https://mlflow.example.com", mlflow.trackingUri)
      .replace("=admin", `=${mlflow.admin?.username}`)
      .replace("=...", `=${mlflow.admin?.password}`)
      .replaceAll("gateway.yaml", path.join(folder, "gateway.yaml"))
      // Nobody answers here.
      .replace(/ apply \S+/, "$& --yes"),
  );
  await gateway.modelDefinitions.create({
    name: "made-by-hand",
    secret_id: created.secret_id,
    provider: "openai",
    model_name: "gpt-4o",
  });

  const ran = await type(commands, { XDG_STATE_HOME: folder });

  expect(ran.map(({ status, stderr }) => [status, status === 1 ? stderr : ""])).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
    [2, ""],
    [0, ""],
  ]);
  expect(ran[3]?.stdout).toContain("Plan: 0 to create, 0 to update, 0 to delete, 1 to adopt");
  const [again] = await type(commands.slice(3, 4), {
    XDG_STATE_HOME: folder,
    MLFLOW_TRACKING_URI: mlflow.trackingUri,
    MLFLOW_TRACKING_USERNAME: mlflow.admin?.username ?? "",
    MLFLOW_TRACKING_PASSWORD: mlflow.admin?.password ?? "",
  });
  expect(again?.status).toBe(0);
}, 120_000);

test("the commands that deploy to AWS work in their order", async () => {
  const hasCli = await run("aws", ["--version"]).then(
    () => true,
    () => false,
  );
  // Nothing but the AWS CLI itself can show that its lines are right.
  if (!hasCli) process.stdout.write("the AWS CLI is not on this machine: its lines are left out\n");
  write("login.json", JSON.stringify(mlflow.admin));
  write("openai.json", JSON.stringify({ OPENAI_API_KEY: madeUpKey("openai") }));
  write("backup.txt", madeUpKey("backup"));
  write("gateway.yaml", exampleManifest({ url: "http://127.0.0.1:9/v1" }));
  const commands = commandsUnder("Deploy to AWS")
    .filter((command) => hasCli || !/\baws /.test(command))
    .map((command) =>
      command
        .replace("https://mlflow.example.com", mlflow.trackingUri)
        // A server on this machine may speak of providers on this machine only.
        .replace(/ -c gatewayUrl/, " -c allowLoopbackApiBase=true$&")
        .replace("examples/gateway.yaml", `${folder}/gateway.yaml`)
        .replace("file://", `file://${folder}/`)
        .replace(/^(aws s3 cp \S+latest\.json"? -)$/, "until $1; do sleep 1; done"),
    );

  const ran = await type(commands, {
    ...aws.environment,
    // Of the AWS CLI 1, and of who cannot be asked.
    ...{ AWS_DEFAULT_REGION: aws.region, CDK_REQUIRE_APPROVAL: "never", CI: "1" },
    ...{ CDK_HOME: path.join(folder, "cdk"), CDK_DISABLE_CLI_TELEMETRY: "true" },
    NODE_NO_WARNINGS: "1",
  });

  for (const { command, status, stderr } of ran) {
    expect([command, status, status === 0 ? "" : stderr.slice(-1000)]).toEqual([command, 0, ""]);
  }
  if (!hasCli) return;
  expect(JSON.parse(ran.at(-1)?.stdout ?? "")).toMatchObject({
    owner: "default",
    outcome: "applied",
  });
  expect((await gateway.endpoints.list()).map(({ name }) => name)).toContain("chat");
  expect(readme).toContain(`-c gatewayCredentials=${CREDENTIALS_SECRET}`);
}, 300_000);

function write(name: string, text: string): void {
  writeFileSync(path.join(folder, name), text);
}
