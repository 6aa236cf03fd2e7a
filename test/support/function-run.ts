import { spawn } from "node:child_process";
import { watchMemory } from "./watch-memory.ts";

/** Runs the bundle of a function once, as AWS does, and tells what came of it in its last line. */
const INVOKE = `
const [bundle, event, leftMs] = process.argv.slice(1);
const endMs = Date.now() + Number(leftMs);
const context = {
  awsRequestId: "request-1",
  getRemainingTimeInMillis: () => Math.max(0, endMs - Date.now()),
};
const tell = (end) => process.stdout.write("\\n" + JSON.stringify(end), () => process.exit());
require(bundle).handler(JSON.parse(event), context).then(
  (answer) => tell({ answer }),
  ({ name, message }) => tell({ error: { name, message } }),
);
`;

export interface FunctionRun {
  /** The built file. */
  readonly bundle: string;
  readonly event: unknown;
  /** The time that the function has: then it is killed without a word. */
  readonly leftMs: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly nodeOptions?: readonly string[];
}

export interface FunctionEnd {
  /** AWS ended it. */
  readonly isKilled: boolean;
  readonly durationMs: number;
  /** The most memory that it and what it started had at once. */
  readonly peakMiB: number;
  /** What the handler returned, unless it threw. */
  readonly answer?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** One invocation of a built function in a process of its own. */
export async function runFunction(run: FunctionRun): Promise<FunctionEnd> {
  const { bundle, event, leftMs, environment, nodeOptions = [] } = run;
  const startedMs = Date.now();
  const argv = [...nodeOptions, "-e", INVOKE, bundle, JSON.stringify(event), String(leftMs)];
  const child = spawn(process.execPath, argv, {
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: "1", ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const memory = watchMemory(child.pid);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), leftMs);
  const signal = await new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
  clearTimeout(timer);
  const durationMs = Date.now() - startedMs;
  const peakMiB = memory();
  if (signal !== null) return { isKilled: true, durationMs, peakMiB };
  return { isKilled: false, durationMs, peakMiB, ...JSON.parse(output.split("\n").at(-1) ?? "") };
}
