import { randomUUID } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import type { Clock } from "#runtime/clock.ts";
import type { RunPlace } from "#runtime/lease.ts";
import { LocalLockError, systemCode } from "./errors.ts";
import { createFile, readIfAny } from "./private-file.ts";
import { isGone, thisProcess } from "./process.ts";

/** The work under a lock takes milliseconds: one this old was left behind. */
const STALE_AFTER_MS = 60_000;
const WAIT_MS_MAX = 10_000;
const POLL_MS = 10;

export interface LockFile {
  readonly path: string;
  readonly clock: Clock;
  /** Ends the wait for another process. @default never */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while nobody else holds the lock file: a process on this machine or on a shared disk.
 * Throws {@link LocalLockError} when another one keeps it for 10 seconds, or until the signal aborts.
 */
export async function withFileLock<R>(lock: LockFile, work: () => Promise<R>): Promise<R> {
  const { path } = lock;
  const mine = JSON.stringify({ ...thisProcess(), id: randomUUID() });
  await acquire(lock, mine);
  try {
    return await work();
  } finally {
    if ((await readIfAny(path)) === mine) await rm(path, { force: true });
  }
}

async function acquire({ path, clock, signal }: LockFile, mine: string): Promise<void> {
  const deadlineMs = clock.nowMs() + WAIT_MS_MAX;
  while (!(await createFile(path, mine))) {
    const held = await readIfAny(path);
    if (held === undefined) continue;
    if (await isStale(path, held)) {
      await removeStale(path, held, mine);
    } else if (signal?.aborted || clock.nowMs() >= deadlineMs) {
      throw new LocalLockError(
        `${path} is held by another process: ${held}. If no gwops is running, remove the file`,
      );
    }
    await clock.sleep(POLL_MS, signal);
  }
}

/** Only one process at a time may remove a stale lock, else it could remove the one that followed. */
async function removeStale(path: string, stale: string, mine: string): Promise<void> {
  const breaker = `${path}.breaking`;
  if (!(await createFile(breaker, mine))) {
    if (await isOld(breaker)) await rm(breaker, { force: true });
    return;
  }
  try {
    if ((await readIfAny(path)) === stale) await rm(path, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

async function isStale(path: string, held: string): Promise<boolean> {
  return isOfDeadProcess(held) || (await isOld(path));
}

function isOfDeadProcess(held: string): boolean {
  const { process_id, host, process_start } = parse(held);
  if (typeof process_id !== "number" || typeof host !== "string") return false;
  const start = typeof process_start === "string" ? process_start : undefined;
  return isGone({ process_id, host, process_start: start });
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(path)).mtimeMs > STALE_AFTER_MS;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

function parse(held: string): { [field in keyof RunPlace]?: unknown } {
  try {
    return JSON.parse(held) as object;
  } catch {
    return {};
  }
}
