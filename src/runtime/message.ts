import { type Ledger, type LedgerKind, type LedgerWrite, put } from "./ledger.ts";

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
 * Messages are decided by writing them here in the same commit as the state they follow from;
 * the table's stream delivers them at least once. A message that is already here was decided before.
 */
const OUTBOX: LedgerKind<Message> = { name: "outbox", version: 1 };

const OUTBOX_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Commits state and the messages that follow from it, all or nothing. A message that is in the
 * outbox already is left out: it was decided before. False: the state was changed by another run.
 */
export async function commitWithMessages(
  ledger: Ledger,
  writes: readonly LedgerWrite[],
  messages: readonly Message[],
): Promise<boolean> {
  if (await ledger.commit([...writes, ...messages.map(outboxWrite)])) return true;
  const fresh: Message[] = [];
  for (const message of messages) {
    if (!(await ledger.read(OUTBOX, message.id))) fresh.push(message);
  }
  if (fresh.length === messages.length) return false;
  if (writes.length + fresh.length === 0) return true;
  return ledger.commit([...writes, ...fresh.map(outboxWrite)]);
}

function outboxWrite(message: Message): LedgerWrite {
  return put(OUTBOX, message.id, message, undefined, {
    expiresAtMs: message.timeMs + OUTBOX_DAYS * DAY_MS,
  });
}
