import { randomBytes } from "node:crypto";
import { homedir, hostname, userInfo } from "node:os";
import { createInterface } from "node:readline";
import { openBackend } from "#cli/connection/compose.ts";
import type { GwopsContext, Output } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { interruption } from "#cli/input/interrupt.ts";
import { tolerateLoss } from "#cli/output/lost-output.ts";
import { wantsColour } from "#cli/output/style.ts";
import { runGwops } from "#cli/run.ts";
import { systemClock } from "#runtime/clock.ts";
import packageJson from "../package.json" with { type: "json" };

const { argv, env, stdin, stdout, stderr } = process;

const lost = tolerateLoss({ stdout, stderr });

// Which Node the SDK will need some day is a matter of who bundles it, not of who runs it.
env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const { recording, onInterrupt } = interruption(process);
const surroundings = {
  process: { stdout: outputOf(stdout), stderr: outputOf(stderr) },
  recording,
  env,
  home: env.HOME || homedir(),
  folder: process.cwd(),
  clock: systemClock,
  runId: newRunId(),
  user: userName(),
};
const context: GwopsContext = {
  ...surroundings,
  isColoured: wantsColour(argv, env, outputOf(stdout)),
  readStdin,
  ask: stdin.isTTY && stderr.isTTY ? ask : undefined,
  onInterrupt,
  open: (request) => openBackend(surroundings, request),
  openBucket: async (place) =>
    (await import("#cli/connection/stack.ts")).openBucket(place, { env, recording }),
  permissionsOf: async (stack) =>
    (await import("#cli/connection/stack.ts")).permissionsOfStack(stack, { env, recording }),
};
const status = await runGwops(argv.slice(2), context, packageJson);
process.exitCode = status;
process.once("beforeExit", () => {
  for (const sentence of lost()) stderr.write(`gwops: ${sentence}\n`);
  if (lost().length > 0) process.exitCode = status || EXIT.error;
});

function outputOf(stream: NodeJS.WriteStream): Output {
  return { write: (text) => void stream.write(text), isTTY: stream.isTTY === true };
}

/** Sorts by time, and is short enough to be typed. */
function newRunId(): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-${randomBytes(2).toString("hex")}`;
}

function userName(): string {
  return `${env.USER || env.LOGNAME || accountName()}@${hostname()}`;
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under an id that has no name.
    return String(process.getuid?.());
  }
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** Ctrl-C and Ctrl-D answer nothing. */
function ask(question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr });
  return new Promise((resolve) => {
    lines.on("close", () => resolve(""));
    lines.question(question, (answer) => {
      resolve(answer);
      lines.close();
    });
  });
}
