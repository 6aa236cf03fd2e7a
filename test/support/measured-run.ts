import { spawn } from "node:child_process";
import { watchMemory } from "./watch-memory.ts";

/** What a command printed, and what it cost. */
export interface MeasuredRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
  /** The most memory that it and what it started had at once. */
  readonly peakMiB: number;
}

/** Runs a script of Node in a process of its own. */
export async function runMeasured(
  script: string,
  argumentList: readonly string[],
  folder: string,
): Promise<MeasuredRun> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [script, ...argumentList], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, NODE_NO_WARNINGS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const peakMiB = watchMemory(child.pid);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  return { exitCode, ...texts, wallMs: performance.now() - startedMs, peakMiB: peakMiB() };
}
