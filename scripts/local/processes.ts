import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, closeSync, openSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const GUARD = fileURLToPath(new URL("./guard.mjs", import.meta.url));
const READY_POLL_MS = 50;
const DEFAULT_GRACE_MS = 10_000;
const SHOWN_LOG_LINES = 20;

interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** How long the group may take to end after SIGTERM before it is killed. */
  readonly graceMs?: number;
}

export interface ServerSpec extends ProcessSpec {
  readonly isReady: () => Promise<boolean>;
  readonly startTimeoutMs: number;
}

export interface CommandSpec extends ProcessSpec {
  readonly timeoutMs: number;
  readonly onLine?: ((line: string) => void) | undefined;
}

export interface RunningProcess {
  /** Of the guard that leads the process group and ends after everything in it. */
  readonly pid: number;
  stop(): Promise<void>;
}

interface Guarded extends RunningProcess {
  readonly child: ChildProcess;
  readonly exitCode: Promise<number>;
  hasExited(): boolean;
}

const running = new Set<Guarded>();
let hasSignalHandlers = false;

/**
 * Starts a server and resolves once it is ready; ends it again when it is not ready in time.
 * It also ends with us, however we end: its guard sees our end of a pipe close (guard.mjs).
 * It does not keep us running: a script that waits for Ctrl-C has to wait by itself.
 */
export async function startServer(spec: ServerSpec): Promise<RunningProcess> {
  const log = openSync(spec.logFile, "a");
  const guarded = startGuarded(spec, log);
  closeSync(log);
  guarded.child.unref();
  (guarded.child.stdin as unknown as { unref(): void }).unref();
  try {
    await untilReady(spec, guarded);
  } catch (error) {
    await guarded.stop();
    throw error;
  }
  return guarded;
}

/** Runs a command to its end; throws with its last lines unless it ends well and in time. */
export async function runCommand(spec: CommandSpec): Promise<void> {
  const guarded = startGuarded(spec, "pipe");
  const lines = [guarded.child.stdout, guarded.child.stderr].map((output) =>
    eachLine(output as Readable, (line) => {
      appendFileSync(spec.logFile, `${line}\n`);
      spec.onLine?.(line);
    }),
  );
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void guarded.stop();
  }, spec.timeoutMs);
  const exitCode = await guarded.exitCode;
  clearTimeout(timer);
  await Promise.all(lines);
  if (isLate) {
    throw new Error(describeEnd(spec, `did not end within ${spec.timeoutMs / 1000} s`));
  }
  if (exitCode !== 0) {
    throw new Error(describeEnd(spec, `ended with status ${exitCode}`));
  }
}

/** Ends everything started here. SIGINT, SIGTERM and SIGHUP do so by themselves. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((each) => each.stop()));
}

/**
 * The environment of a child: of ours only what every program needs, so that a profile, an
 * endpoint or a proxy set in somebody's shell cannot change what a run does.
 */
export function cleanEnvironment(given: Readonly<Record<string, string>>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "TMPDIR", "LANG"]) {
    const value = process.env[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  return { ...environment, ...given };
}

function startGuarded(spec: ProcessSpec, output: number | "pipe"): Guarded {
  endOnSignals();
  const graceMs = String(spec.graceMs ?? DEFAULT_GRACE_MS);
  const child = spawn(process.execPath, [GUARD, graceMs, spec.command, ...spec.args], {
    cwd: spec.cwd,
    env: { ...spec.env },
    // Its own session: Ctrl-C in a terminal must reach us only, and we decide on the order.
    detached: true,
    stdio: ["pipe", output, output],
  });
  // A guard that is gone already has nothing left to be told.
  child.stdin?.on("error", () => undefined);
  const exitCode = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
  const guarded: Guarded = {
    child,
    exitCode,
    pid: child.pid ?? 0,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      child.ref();
      child.stdin?.destroy();
      await exitCode;
    },
  };
  running.add(guarded);
  exitCode.then(
    () => running.delete(guarded),
    () => running.delete(guarded),
  );
  return guarded;
}

async function untilReady(spec: ServerSpec, guarded: Guarded): Promise<void> {
  const deadlineMs = Date.now() + spec.startTimeoutMs;
  while (!(await spec.isReady())) {
    if (guarded.hasExited()) {
      const status = await guarded.exitCode;
      throw new Error(describeEnd(spec, `ended with status ${status} before it was ready`));
    }
    if (Date.now() > deadlineMs) {
      throw new Error(describeEnd(spec, `was not ready within ${spec.startTimeoutMs / 1000} s`));
    }
    await sleep(READY_POLL_MS);
  }
}

function describeEnd(spec: ProcessSpec, what: string): string {
  const lines = readFileSync(spec.logFile, { encoding: "utf8", flag: "a+" }).trimEnd().split("\n");
  const shown = lines.slice(-SHOWN_LOG_LINES).join("\n");
  return `${spec.name} ${what}; the last lines of ${spec.logFile}:\n${shown}`;
}

async function eachLine(input: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    onLine(line);
  }
}

/**
 * The guards would notice our end anyway; waiting for them frees the ports before the shell gets
 * its prompt back. Unless the program has a handler of its own, we then end by the same signal.
 */
function endOnSignals(): void {
  if (hasSignalHandlers) {
    return;
  }
  hasSignalHandlers = true;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const onSignal = (): void => {
      void stopAll().finally(() => {
        process.off(signal, onSignal);
        if (process.listenerCount(signal) === 0) {
          process.kill(process.pid, signal);
        }
      });
    };
    process.on(signal, onSignal);
  }
}
