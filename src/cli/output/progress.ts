import type { GwopsContext } from "#cli/context.ts";
import type { ApplyOptions } from "#reconcile/apply/apply.ts";
import type { Clock } from "#runtime/clock.ts";

const LINE_EVERY_MS = 5_000;
const REWRITE_EVERY_MS = 100;
const WAITING_LINE_EVERY_MS = 10_000;
const ERASE_LINE = "\r\u001b[K";

interface Progress {
  readonly onOutcome: NonNullable<ApplyOptions["onOutcome"]>;
  /** Leaves an empty line for what follows. */
  readonly end: () => void;
}

/**
 * Tells on stderr how far long work got: one line that is written over and over at a terminal, and
 * elsewhere a line every few seconds. Short work says nothing.
 */
export function progressOf({ process, clock }: Pick<GwopsContext, "process" | "clock">): Progress {
  const { stderr } = process;
  const everyMs = stderr.isTTY ? REWRITE_EVERY_MS : LINE_EVERY_MS;
  let failed = 0;
  const isDue = limiter(clock, everyMs);
  return {
    onOutcome: ({ outcome }, done, total) => {
      if (outcome === "failed") failed += 1;
      if (done === total || !isDue()) return;
      const text = `${done} of ${total} changes done${failed > 0 ? `, ${failed} failed` : ""}`;
      stderr.write(stderr.isTTY ? `${ERASE_LINE}${text}` : `${text}\n`);
    },
    end: () => {
      if (stderr.isTTY) stderr.write(ERASE_LINE);
    },
  };
}

interface Waiting {
  readonly onWait: (waitedMs: number) => void;
  readonly end: () => void;
}

/** Tells on stderr for what and how long one waits, as {@link progressOf} does of work. */
export function waitingOf(
  { process, clock }: Pick<GwopsContext, "process" | "clock">,
  what: string,
): Waiting {
  const { stderr } = process;
  const isDue = limiter(clock, stderr.isTTY ? REWRITE_EVERY_MS : WAITING_LINE_EVERY_MS);
  return {
    onWait: (waitedMs) => {
      if (!isDue()) return;
      const text = `${what}: ${Math.round(waitedMs / 1000)} s`;
      stderr.write(stderr.isTTY ? `${ERASE_LINE}${text}` : `${text}\n`);
    },
    end: () => {
      if (stderr.isTTY) stderr.write(ERASE_LINE);
    },
  };
}

function limiter(clock: Clock, everyMs: number): () => boolean {
  let lastMs = clock.nowMs();
  return () => {
    const nowMs = clock.nowMs();
    if (nowMs - lastMs < everyMs) return false;
    lastMs = nowMs;
    return true;
  };
}
