import { spawnSync } from "node:child_process";
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
  for (const command of COMMANDS) run(command);
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

function run(command: readonly string[]): void {
  console.log(`\non MLflow ${NEWEST}: node ${command.join(" ")}`);
  const { status } = spawnSync(process.execPath, command, {
    stdio: "inherit",
    env: { ...process.env, GATEWAY_OPS_MLFLOW: NEWEST },
  });
  if (status !== 0) process.exit(status ?? 1);
}
