import { type Deadline, deadlineOf, type FunctionContext } from "#runtime/deadline.ts";

/** In it what failed is recorded: some dozen calls of AWS, most of them a few milliseconds long. */
const RECORDING_MS = 10_000;
/** In it the function tells what it did, and AWS learns of it. */
const LAST_WORD_MS = 1000;

/** How long one invocation has. */
export interface Deadlines {
  /** For all that waits for the gateway or for somebody's secret. */
  readonly work: Deadline;
  /** For the memory: what the work ended with is recorded after its time. */
  readonly recording: AbortSignal;
}

/** Work is begun until `lastMs` before the function's end. @default until work has to end */
export function deadlinesOf(context: FunctionContext, lastMs = RECORDING_MS): Deadlines {
  return {
    work: deadlineOf(context, { endMs: RECORDING_MS, beginMs: lastMs }),
    recording: deadlineOf(context, { endMs: LAST_WORD_MS }).signal,
  };
}
