import * as z from "zod";
import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { type Ledger, type LedgerRecord, remove } from "./ledger.ts";
import { AFTER_CRITICAL, decidedMs, type Message, OUTBOX, type Severity } from "./message.ts";

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
  readonly deadline: Deadline;
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

/** Of which at most so many are in memory at once: a message has up to 256 KB. */
const PAGE_LENGTH = 100;

/**
 * Publishes whatever is in the outbox, page by page until the deadline: first all that is critical,
 * then the rest, the oldest first; of a page warnings go before what is only told. Deletes what is out.
 * Resending is the same act: whoever is killed between the two, or works beside another, publishes a
 * message twice under the same id. A message that fails stays, and holds up no other.
 */
export async function publishOutbox(dependencies: OutboxDependencies): Promise<OutboxResult> {
  const { clock, deadline } = dependencies;
  const published: string[] = [];
  const unpublished: Unpublished[] = [];
  const left: number[] = [];
  let page: Page | undefined;
  do {
    page = await publishPage(dependencies, page?.lastId);
    published.push(...page.published);
    unpublished.push(...page.unpublished);
    left.push(...page.leftMs);
  } while (page.isFull && deadline.leftMs() > 0);
  if (page.isFull) left.push(...(await oldestBehind(dependencies, page.lastId)));
  const nowMs = clock.nowMs();
  const oldestAgeMs = left.reduce((ageMs, timeMs) => Math.max(ageMs, nowMs - timeMs), 0);
  return { published, unpublished, oldestAgeMs };
}

/** Of the pages that were not looked at the critical ones come first, and the oldest of the rest. */
async function oldestBehind(
  { ledger }: OutboxDependencies,
  lastId: string | undefined = "",
): Promise<number[]> {
  const ids: string[] = [];
  for (const after of new Set([
    lastId,
    byBytes(lastId, AFTER_CRITICAL) < 0 ? AFTER_CRITICAL : lastId,
  ])) {
    const [first] = await ledger.list(OUTBOX, {
      after,
      limit: 1,
      onUnreadable: (id) => ids.push(id),
    });
    if (first) ids.push(first.id);
  }
  return ids.map(decidedMs);
}

/** What became of some messages that follow each other in the outbox. */
interface Page extends Omit<OutboxResult, "oldestAgeMs"> {
  readonly lastId: string | undefined;
  /** More may follow. */
  readonly isFull: boolean;
  /** When the messages were decided that stayed. */
  readonly leftMs: readonly number[];
}

async function publishPage(
  { ledger, channel }: OutboxDependencies,
  after: string | undefined,
): Promise<Page> {
  const unreadable: Unpublished[] = [];
  const listed = await ledger.list(OUTBOX, {
    after,
    limit: PAGE_LENGTH,
    onUnreadable: (id, { message }) => unreadable.push({ id, reason: message }),
  });
  const ids = [...listed, ...unreadable].map(({ id }) => id).sort(byBytes);
  const left = new Map<string, LedgerRecord<Message>>();
  for (const record of listed) {
    const { success, error } = messageSchema.safeParse(record.value);
    if (success) left.set(record.value.id, record);
    else unreadable.push({ id: record.id, reason: `not a message: ${z.prettifyError(error)}` });
  }
  const published: string[] = [];
  const failed = await channel.publish(byUrgency([...left.values()]), async (messages) => {
    const records = messages.flatMap(({ id }) => left.get(id) ?? []);
    await forget(ledger, records);
    for (const { id } of messages) {
      left.delete(id);
      published.push(id);
    }
  });
  return {
    published,
    unpublished: [...unreadable, ...failed],
    lastId: ids.at(-1),
    isFull: ids.length === PAGE_LENGTH,
    leftMs: [...unreadable, ...left.values()].map(({ id }) => decidedMs(id)),
  };
}

/** Another publisher may have been faster with some of them. */
async function forget(ledger: Ledger, records: readonly LedgerRecord<Message>[]): Promise<void> {
  if (await ledger.commit(records.map((record) => remove(OUTBOX, record)))) return;
  for (const record of records) await ledger.commit([remove(OUTBOX, record)]);
}

/** As the ledger orders its ids. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function byUrgency(records: readonly LedgerRecord<Message>[]): Message[] {
  return records
    .map(({ value }) => value)
    .sort((one, other) => URGENCY[one.severity] - URGENCY[other.severity]);
}
