import { type Ledger, type LedgerKind, type LedgerWrite, put } from "./ledger.ts";
import { ledgerId } from "./ledger-limits.ts";

/** `alerts` is for the people who spend, `operations` for the people who run the gateway. */
export type Topic = "alerts" | "operations";
export type Severity = "info" | "warning" | "critical";

/**
 * One message to people and machines: a CloudEvent (its `id` removes duplicates) with the text
 * of an e-mail beside it.
 */
export interface Message {
  readonly topic: Topic;
  /** CloudEvents id: the same fact always has the same id. */
  readonly id: string;
  /** CloudEvents type, such as `mlflow-gateway-ops.budget.threshold-crossed`. */
  readonly type: string;
  readonly severity: Severity;
  readonly timeMs: number;
  /** Subject of the e-mail; the publisher cuts it to the 100 ASCII characters that SNS allows. */
  readonly subject: string;
  /** Body of the e-mail. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** For SNS filter policies, the most useful first; numbers stay numbers. */
  readonly attributes: Readonly<Record<string, string | number>>;
}

/**
 * Bodies of messages that are not published yet, by {@link outboxId}. Whoever publishes one deletes
 * its body.
 */
export const OUTBOX: LedgerKind<Message> = { name: "outbox", version: 1 };

/** That a message was decided, by its id; it outlives the body, so that nothing is decided twice. */
const ONCE_KEYS: LedgerKind<{ readonly decided_at_ms: number }> = { name: "once", version: 1 };

const ONCE_KEY_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Messages are decided by this commit of state and the messages that follow from it, all or
 * nothing: each is a once-key and a body. A message whose once-key is there is left out: it was
 * decided before. False: the state was changed by another run.
 */
export async function commitWithMessages(
  ledger: Ledger,
  writes: readonly LedgerWrite[],
  messages: readonly Message[],
): Promise<boolean> {
  if (await ledger.commit([...writes, ...messages.flatMap(messageWrites)])) return true;
  const fresh: Message[] = [];
  for (const message of messages) {
    if (!(await ledger.read(ONCE_KEYS, ledgerId(message.id)))) fresh.push(message);
  }
  if (fresh.length === messages.length) return false;
  return ledger.commit([...writes, ...fresh.flatMap(messageWrites)]);
}

/** Stands before all digits: what is critical is listed first. */
const CRITICAL = "!";
/** All critical messages are listed before this id, and no other one. */
export const AFTER_CRITICAL = '"';

/**
 * Begins with the time, so that the outbox is listed oldest first and the age needs no body; all
 * that is critical comes before the rest, however much of that waits.
 */
function outboxId({ timeMs, id, severity }: Message): string {
  const urgency = severity === "critical" ? CRITICAL : "";
  return ledgerId(`${urgency}${new Date(timeMs).toISOString()}/${id}`);
}

/** When a message was decided, by its id in the outbox; whatever else is there is as old as can be. */
export function decidedMs(id: string): number {
  const start = id.startsWith(CRITICAL) ? CRITICAL.length : 0;
  const timeMs = Date.parse(id.slice(start, id.indexOf("/")));
  return Number.isNaN(timeMs) ? 0 : timeMs;
}

function messageWrites(message: Message): LedgerWrite[] {
  const { id, timeMs } = message;
  const expiresAtMs = timeMs + ONCE_KEY_DAYS * DAY_MS;
  return [
    put(ONCE_KEYS, ledgerId(id), { decided_at_ms: timeMs }, undefined, { expiresAtMs }),
    put(OUTBOX, outboxId(message), message, undefined),
  ];
}
