import { spawn } from "node:child_process";
import { installMlflow } from "./local/mlflow-server.ts";
import { NEWEST, PINNED } from "./mlflow-versions.ts";

/**
 * Runs the client's integration tests and the story on the newest MLflow. Where it cannot be
 * installed, that is said and nothing fails: what everything runs on is the pinned one.
 */
const COMMANDS = [
  ["scripts/test.mjs", "--selectProjects", "integration", "--", "gateway-", "client-docs"],
  ["--import", "tsx", "scripts/start.ts", "--once"],
];

const reason = (NEWEST as string) === PINNED ? "it is the pinned one" : await whyNot();
if (reason === undefined) {
  // The story waits for schedules while the tests work: they run at the same time.
  const ran = await Promise.all(COMMANDS.map(run));
  for (const { shown } of ran) console.log(shown);
  process.exitCode = ran.find(({ status }) => status !== 0)?.status ?? 0;
} else {
  console.log(`nothing is run on MLflow ${NEWEST}: ${reason}`);
}

async function whyNot(): Promise<string | undefined> {
  try {
    await installMlflow(NEWEST);
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    const lines = (stderr ?? message).split("\n").filter((line) => line.includes("ERROR"));
    return `it cannot be installed (${lines.at(-1) ?? message})`;
  }
}

/** Runs a command to its end; what it says is shown whole then, not mixed with that of another. */
async function run(command: readonly string[]): Promise<{ status: number; shown: string }> {
  console.log(`on MLflow ${NEWEST}: node ${command.join(" ")}`);
  const child = spawn(process.execPath, command, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, GATEWAY_OPS_MLFLOW: NEWEST },
  });
  const said: Buffer[] = [];
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (part: Buffer) => said.push(part));
  }
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  return { status, shown: `\n$ node ${command.join(" ")}\n${Buffer.concat(said)}` };
}
