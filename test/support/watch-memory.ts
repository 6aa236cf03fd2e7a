import { existsSync, readFileSync } from "node:fs";

const INTERVAL_MS = 10;

/**
 * Looks again and again at the memory that a process and what it started hold; the function that is
 * returned ends that and tells the most of it, in MiB. Only Linux says: elsewhere it is 0.
 */
export function watchMemory(pid: number | undefined): () => number {
  if (pid === undefined || !existsSync("/proc/self/status")) return () => 0;
  let peakKiB = 0;
  const look = (): void => {
    peakKiB = Math.max(peakKiB, residentKiB(pid));
  };
  const timer = setInterval(look, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    return peakKiB / 1024;
  };
}

/** Of children without the pages of files: they are the same as ours, as the program is. */
function residentKiB(pid: number | string, field = "VmRSS"): number {
  const own = Number(new RegExp(`${field}:\\s+(\\d+)`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean);
  return children.reduce((sum, child) => sum + residentKiB(child, "RssAnon"), own);
}

/** Nothing of a process that has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
