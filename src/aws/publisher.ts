import {
  type BatchResultErrorEntry,
  PublishBatchCommand,
  type SNSClient,
} from "@aws-sdk/client-sns";
import type { Deadline } from "#runtime/deadline.ts";
import type { Message, Topic } from "#runtime/message.ts";
import type { MessageChannel, Unpublished } from "#runtime/outbox.ts";
import { awsCall, callOptions, errorName } from "./aws-call.ts";
import { asEntry, type SnsEntry } from "./sns-entry.ts";

/** SNS takes at most this many messages in one call, and this many bytes of all together. */
const BATCH_MAX = 10;
const BATCH_BYTES_MAX = 256 * 1024;

/** Of a whole call, although one of its messages may be to blame. */
const MESSAGE_FAULTS = [
  "BatchRequestTooLongException",
  "InvalidParameterException",
  "InvalidParameterValueException",
  "ValidationException",
];

type OnPublished = (messages: readonly Message[]) => Promise<void>;

/**
 * The topics of SNS. A message that SNS refuses is published a second time where that may help, and
 * a call that fails because of its messages is taken apart, so that only the one at fault stays. A
 * topic that takes nothing, be it throttled or gone, is left for the next time and holds up no other.
 */
export class SnsChannel implements MessageChannel {
  readonly #client: SNSClient;
  readonly #topics: Readonly<Record<Topic, string>>;
  readonly #source: string;
  readonly #deadline: Deadline;

  /** `source` names the gateway; no call begins after the deadline, and each ends with it. */
  constructor(
    client: SNSClient,
    topics: Readonly<Record<Topic, string>>,
    source: string,
    deadline: Deadline,
  ) {
    this.#client = client;
    this.#topics = topics;
    this.#source = source;
    this.#deadline = deadline;
  }

  async publish(
    messages: readonly Message[],
    onPublished: OnPublished,
  ): Promise<readonly Unpublished[]> {
    const unpublished: Unpublished[] = [];
    for (const topic of Object.keys(this.#topics) as Topic[]) {
      const entries = messages
        .filter((message) => message.topic === topic)
        .map((message) => asEntry(message, this.#source));
      unpublished.push(...(await this.#publishTo(this.#topics[topic], entries, onPublished)));
    }
    return unpublished;
  }

  async #publishTo(
    topicArn: string,
    entries: readonly SnsEntry[],
    onPublished: OnPublished,
  ): Promise<Unpublished[]> {
    const unpublished: Unpublished[] = [];
    const batches = batchesOf(entries);
    let closed: string | undefined;
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      if (this.#deadline.leftMs() === 0) closed ??= "the time of this wake was over";
      const answer =
        closed === undefined ? await this.#send(topicArn, batch) : refused(batch, closed);
      if (answer.published.length > 0) {
        await onPublished(answer.published.map(({ message }) => message));
      }
      batches.unshift(...answer.again);
      unpublished.push(...answer.unpublished);
      closed ??= answer.closed;
    }
    return unpublished;
  }

  async #send(topicArn: string, batch: Batch): Promise<Answer> {
    const { entries, isLast } = batch;
    const command = new PublishBatchCommand({
      TopicArn: topicArn,
      PublishBatchRequestEntries: entries.map(({ fields }, index) => ({
        Id: String(index),
        ...fields,
      })),
    });
    try {
      const { Failed = [] } = await awsCall("publishing to SNS", () =>
        this.#client.send(command, callOptions(this.#deadline.signal)),
      );
      const failed = new Map(Failed.map((failure) => [entries[Number(failure.Id)], failure]));
      const mayPass = (entry: SnsEntry) => !isLast && failed.get(entry)?.SenderFault === false;
      const again = entries.filter(mayPass);
      return {
        published: entries.filter((entry) => !failed.has(entry)),
        again: again.length > 0 ? [{ entries: again, isLast: true }] : [],
        unpublished: entries
          .filter((entry) => failed.has(entry) && !mayPass(entry))
          .map((entry) => notOut(entry, reasonOf(failed.get(entry)))),
      };
    } catch (error) {
      const { message, cause } = error as Error;
      if (!MESSAGE_FAULTS.includes(errorName(cause)))
        return { ...refused(batch, message), closed: message };
      if (entries.length === 1) return refused(batch, message);
      const alone = entries.map((entry) => ({ entries: [entry], isLast }));
      return { published: [], again: alone, unpublished: [] };
    }
  }
}

/** Messages of one call. */
interface Batch {
  readonly entries: readonly SnsEntry[];
  /** It was sent before: what fails now waits for the next time. */
  readonly isLast: boolean;
}

interface Answer {
  readonly published: readonly SnsEntry[];
  readonly again: readonly Batch[];
  readonly unpublished: readonly Unpublished[];
  /** Why the topic takes nothing at all. */
  readonly closed?: string;
}

function refused({ entries }: Batch, reason: string): Answer {
  return { published: [], again: [], unpublished: entries.map((entry) => notOut(entry, reason)) };
}

function notOut({ message }: SnsEntry, reason: string): Unpublished {
  return { id: message.id, reason };
}

function reasonOf(failure: BatchResultErrorEntry | undefined): string {
  return `SNS refused it: ${failure?.Code} ${failure?.Message ?? ""}`.trimEnd();
}

/** A message that is too large for any call has one of its own, so that SNS says so. */
function batchesOf(entries: readonly SnsEntry[]): Batch[] {
  const batches: SnsEntry[][] = [];
  let bytesLeft = 0;
  for (const entry of entries) {
    const current = batches.at(-1);
    if (current && current.length < BATCH_MAX && entry.bytes <= bytesLeft) current.push(entry);
    else {
      batches.push([entry]);
      bytesLeft = BATCH_BYTES_MAX;
    }
    bytesLeft -= entry.bytes;
  }
  return batches.map((batch) => ({ entries: batch, isLast: false }));
}
