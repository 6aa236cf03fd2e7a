import type { EventEmitter } from "node:events";
import { untilStopped } from "#runtime/deadline.ts";

/** What is under way when somebody wants the command to stop gets so long to end. */
export const GRACE_MS = 30_000;
/** And what it ended with so much longer to be recorded, and the lease to be given back. */
const RECORDING_MS = 10_000;

type Process = Pick<EventEmitter, "on" | "once">;

/** How a command learns that it shall stop, and what ends the calls of its memory after that. */
export function interruption(process: Process) {
  const recording = new AbortController();
  let stop: AbortSignal | undefined;
  const begin = () => {
    const begun = interruptOf(process);
    const { signal } = untilStopped(begun, GRACE_MS + RECORDING_MS);
    signal.addEventListener("abort", () => recording.abort(signal.reason), { once: true });
    return begun;
  };
  return {
    recording: recording.signal,
    /** One for the whole command: what was said between two waits counts for the second, too. */
    onInterrupt: () => {
      stop ??= begin();
      return stop;
    },
  };
}

/**
 * Aborted when somebody wants the process to end. A second Ctrl-C ends it as ever. A closed terminal
 * tells it several times, once by itself and once by its shell: that is nobody's second thought.
 */
function interruptOf(process: Process): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, abort);
  process.on("SIGHUP", abort);
  return controller.signal;
}
