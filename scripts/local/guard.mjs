import { spawn } from "node:child_process";

// `node guard.mjs <grace ms> <command> [args]` runs one command as the leader of a process group.
// The parent holds our stdin open: it closes when the parent wants the end, and also however the
// parent dies (SIGKILL too). Then the whole group ends, so that no server is ever left behind.
const [graceMs, command, ...args] = process.argv.slice(2);
const POLL_MS = 50;
/** What still runs after its leader has ended gets this long. */
const STRAGGLER_GRACE_MS = 2000;
/** Where nobody collects orphans (a container without an init), killed ones stay in the group. */
const KILLED_GRACE_MS = 500;

const child = spawn(command, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
let killAtMs = Number.POSITIVE_INFINITY;
let exitCode = 0;

child.on("error", (error) => {
  console.error(`${command}: ${error.message}`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  if (signal !== null && killAtMs === Number.POSITIVE_INFINITY) {
    console.error(`${command} was ended by ${signal}`);
  }
  exitCode = code ?? 1;
  endGroup(STRAGGLER_GRACE_MS);
});
const onEnd = () => endGroup(Number(graceMs));
process.stdin.on("end", onEnd).on("error", onEnd).resume();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, onEnd);
}

function endGroup(patienceMs) {
  const isFirst = killAtMs === Number.POSITIVE_INFINITY;
  killAtMs = Math.min(killAtMs, Date.now() + patienceMs);
  if (isFirst && child.pid !== undefined) {
    signalGroup("SIGTERM");
    setInterval(exitWhenGone, POLL_MS);
  }
}

function exitWhenGone() {
  const lateMs = Date.now() - killAtMs;
  if (!signalGroup(lateMs > 0 ? "SIGKILL" : 0) || lateMs > KILLED_GRACE_MS) {
    process.exit(exitCode);
  }
}

/** False when nobody of the group is left. */
function signalGroup(signal) {
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}
