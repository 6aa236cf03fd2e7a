import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { RunPlace } from "#runtime/lease.ts";
import { systemCode } from "./errors.ts";

type ProcessPlace = Omit<RunPlace, "by">;

export function thisProcess(): ProcessPlace {
  const { pid } = process;
  return { host: hostname(), process_id: pid, process_start: startOf(pid) };
}

/**
 * Whether a process of this machine has certainly ended; false for those that it cannot judge: of
 * other machines, and of containers that number their processes themselves.
 */
export function isGone({ host, process_id, process_start }: ProcessPlace): boolean {
  const mine = thisProcess();
  const isHere = host === mine.host && machineOf(process_start) === machineOf(mine.process_start);
  if (!isHere) return false;
  if (!isAlive(process_id)) return true;
  const start = startOf(process_id);
  return start !== undefined && start !== process_start;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, as another user's.
    return systemCode(error) !== "ESRCH";
  }
}

/** `<machine>/<time>`; the time is counted from the start of the machine. Only Linux tells. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const namespace = readlinkSync("/proc/self/ns/pid");
    // The name of the program stands in parentheses, and may hold some itself.
    const [, fields = ""] = /^.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return `${boot} ${namespace}/${fields.split(" ")[START_TIME]}`;
  } catch {
    return undefined;
  }
}

/** proc(5): field 22 of all, of which the first two stand before. */
const START_TIME = 19;

function machineOf(start: string | undefined): string | undefined {
  return start?.split("/")[0];
}
