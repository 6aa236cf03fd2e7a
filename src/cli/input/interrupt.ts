import type { EventEmitter } from "node:events";

/**
 * Aborted when somebody wants the process to end. A second Ctrl-C ends it as ever. A closed terminal
 * tells it several times, once by itself and once by its shell: that is nobody's second thought.
 */
export function interruptOf(process: Pick<EventEmitter, "on" | "once">): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, abort);
  process.on("SIGHUP", abort);
  return controller.signal;
}
