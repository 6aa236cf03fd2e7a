import * as z from "zod";
import type { Clock } from "./clock.ts";
import { type Ledger, type LedgerRecord, remove } from "./ledger.ts";
import { type Message, OUTBOX, type Severity } from "./message.ts";

/** Where messages go. */
export interface MessageChannel {
  /**
   * Publishes messages, in their order per topic. `onPublished` is awaited for each group that is
   * out before the next one goes. Returns those that are not out; throws nothing but what
   * `onPublished` throws.
   */
  publish(
    messages: readonly Message[],
    onPublished: (messages: readonly Message[]) => Promise<void>,
  ): Promise<readonly Unpublished[]>;
}

export interface Unpublished {
  /** Of the message; of its record where the message cannot be read. */
  readonly id: string;
  readonly reason: string;
}

export interface OutboxDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly channel: MessageChannel;
}

export interface OutboxResult {
  /** Ids of messages. */
  readonly published: readonly string[];
  readonly unpublished: readonly Unpublished[];
  /** Of the oldest message that is still in the outbox, in milliseconds; 0 when it is empty. */
  readonly oldestAgeMs: number;
}

const messageSchema: z.ZodType<Message> = z.object({
  topic: z.enum(["alerts", "operations"]),
  id: z.string(),
  type: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  timeMs: z.number(),
  subject: z.string(),
  text: z.string(),
  data: z.record(z.string(), z.unknown()),
  attributes: z.record(z.string(), z.union([z.string(), z.number()])),
});

const URGENCY: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/**
 * Publishes whatever is in the outbox, critical messages first and the oldest of each severity
 * before the newer, and deletes what is out. Resending is the same act: whoever is killed between
 * the two, or works beside another, publishes a message twice under the same id. A message that
 * fails stays, and holds up no other.
 */
export async function publishOutbox({
  ledger,
  clock,
  channel,
}: OutboxDependencies): Promise<OutboxResult> {
  const unreadable: Unpublished[] = [];
  const listed = await ledger.list(OUTBOX, {
    onUnreadable: (id, { message }) => unreadable.push({ id, reason: message }),
  });
  const left = new Map<string, LedgerRecord<Message>>();
  for (const record of listed) {
    const { success, error } = messageSchema.safeParse(record.value);
    if (success) left.set(record.value.id, record);
    else unreadable.push({ id: record.id, reason: `not a message: ${z.prettifyError(error)}` });
  }
  const published: string[] = [];
  const failed = await channel.publish(byUrgency([...left.values()]), async (messages) => {
    for (const { id } of messages) {
      const record = left.get(id);
      // Another publisher may have been faster.
      if (record) await ledger.commit([remove(OUTBOX, record)]);
      left.delete(id);
      published.push(id);
    }
  });
  const oldest = [...unreadable, ...left.values()].map(({ id }) => id).sort()[0];
  return {
    published,
    unpublished: [...unreadable, ...failed],
    oldestAgeMs: oldest === undefined ? 0 : ageOf(oldest, clock.nowMs()),
  };
}

function byUrgency(records: readonly LedgerRecord<Message>[]): Message[] {
  return records
    .map(({ value }) => value)
    .sort((one, other) => URGENCY[one.severity] - URGENCY[other.severity]);
}

/** See `outboxId`; whatever else somebody put there is as old as it can be. */
function ageOf(id: string, nowMs: number): number {
  const sinceMs = Date.parse(id.slice(0, id.indexOf("/")));
  return Number.isNaN(sinceMs) ? nowMs : Math.max(0, nowMs - sinceMs);
}
