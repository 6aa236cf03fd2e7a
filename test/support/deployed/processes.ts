import { readdirSync, readFileSync } from "node:fs";

/** Processes in which the local AWS runs a function, by what it gave them to read. */
export function functionProcesses(awsPid: number, service: string): number[] {
  return descendantsOf(awsPid).filter((pid) =>
    readProcess(pid, "environ").split("\0").includes(`POWERTOOLS_SERVICE_NAME=${service}`),
  );
}

function descendantsOf(pid: number): number[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const children = all.filter((one) => parentOf(one) === pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** The name of the program stands in parentheses, then the state and the parent follow. */
function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/.exec(readProcess(pid, "stat"))?.[1]);
}

/** Empty when the process has just ended. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
