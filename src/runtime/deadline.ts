/**
 * How long a run may work. One goes from the handler of a function, or from the command line, to
 * whatever waits: calls of the gateway and of AWS, pauses between attempts, loops over many things.
 * Work is begun only while time is left; what is under way then may still end well, until the
 * signal aborts.
 */
export interface Deadline {
  /** Time in which work may be begun, in milliseconds: never below 0, infinite without an end. */
  leftMs(): number;
  /** Aborts when what is under way must end too: the time is over, or somebody wants it to stop. */
  readonly signal: AbortSignal;
}

/** For work that may last as long as it takes. */
export const NO_DEADLINE: Deadline = {
  leftMs: () => Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
};

/** The part of a Lambda context that tells the time. */
export interface FunctionContext {
  getRemainingTimeInMillis(): number;
}

export interface Reserves {
  /** What is under way ends so long before the function does. */
  readonly endMs: number;
  /** Nothing is begun so long before the function ends. @default the same */
  readonly beginMs?: number;
}

/**
 * Of a function, which AWS ends without a word when its time is over. The signal's reason is a
 * `TimeoutError`.
 */
export function deadlineOf(
  context: FunctionContext,
  { endMs, beginMs = endMs }: Reserves,
): Deadline {
  const leftMs = (reserveMs: number) => Math.max(0, context.getRemainingTimeInMillis() - reserveMs);
  return { leftMs: () => leftMs(beginMs), signal: AbortSignal.timeout(leftMs(endMs)) };
}

/** Of a command: from the abort on nothing is begun, and what is under way gets `graceMs` to end. */
export function untilStopped(stop: AbortSignal, graceMs: number): Deadline {
  const cut = new AbortController();
  const cutLater = () => void setTimeout(() => cut.abort(stop.reason), graceMs).unref();
  if (stop.aborted) cutLater();
  else stop.addEventListener("abort", cutLater, { once: true });
  return {
    leftMs: () => (stop.aborted ? 0 : Number.POSITIVE_INFINITY),
    signal: cut.signal,
  };
}

/** The same, but all of it ends at once when the signal aborts. */
export function endedBy(deadline: Deadline, signal: AbortSignal): Deadline {
  return {
    leftMs: () => (signal.aborted ? 0 : deadline.leftMs()),
    signal: AbortSignal.any([deadline.signal, signal]),
  };
}

/** The same, but what is under way ends after `limitMs` at the latest. */
export function limitedTo(deadline: Deadline, limitMs: number): Deadline {
  return endedBy(deadline, AbortSignal.timeout(limitMs));
}
