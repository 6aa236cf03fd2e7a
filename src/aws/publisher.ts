import {
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  type SNSClient,
} from "@aws-sdk/client-sns";
import type { Message, Topic } from "#runtime/message.ts";
import { visible, visibleJson, visibleText } from "#runtime/visible.ts";
import { AwsCallError, awsCall } from "./aws-call.ts";

/** SNS takes at most this many messages in one call, and this many bytes of all together. */
const BATCH_MAX = 10;
const BATCH_BYTES_MAX = 256 * 1024;
const SUBJECT_LENGTH_MAX = 100;
/** A queue with raw delivery gets no message that has more. */
const ATTRIBUTES_MAX = 10;

/**
 * Publishes messages to SNS as CloudEvents (structured JSON), with readable text for e-mail.
 * `source` names the gateway. Throws when any message could not be published: the caller's
 * delivery is repeated, and receivers drop what they have by the event's id.
 */
export async function publishMessages(
  client: SNSClient,
  topics: Readonly<Record<Topic, string>>,
  source: string,
  messages: readonly Message[],
): Promise<void> {
  for (const topic of Object.keys(topics) as Topic[]) {
    const ofTopic = messages.filter((message) => message.topic === topic);
    for (const batch of batchesOf(ofTopic.map((message) => asEntry(message, source)))) {
      await publishBatch(client, topics[topic], batch);
    }
  }
}

interface Entry {
  /** Of the message. */
  readonly id: string;
  readonly fields: Omit<PublishBatchRequestEntry, "Id">;
}

function asEntry(message: Message, source: string): Entry {
  const fields = {
    Subject: asSubject(message.subject),
    MessageStructure: "json",
    Message: JSON.stringify({
      default: visibleJson(asCloudEvent(message, source)),
      email: visibleText(message.text),
    }),
    MessageAttributes: asAttributes(message),
  };
  return { id: message.id, fields };
}

function batchesOf(entries: readonly Entry[]): Entry[][] {
  const batches: Entry[][] = [];
  let bytesLeft = 0;
  for (const entry of entries) {
    const bytes = Buffer.byteLength(JSON.stringify(entry.fields));
    const current = batches.at(-1);
    if (current && current.length < BATCH_MAX && bytes <= bytesLeft) current.push(entry);
    else {
      batches.push([entry]);
      bytesLeft = BATCH_BYTES_MAX;
    }
    bytesLeft -= bytes;
  }
  return batches;
}

async function publishBatch(
  client: SNSClient,
  topicArn: string,
  entries: readonly Entry[],
): Promise<void> {
  const command = new PublishBatchCommand({
    TopicArn: topicArn,
    PublishBatchRequestEntries: entries.map(({ fields }, index) => ({
      Id: String(index),
      ...fields,
    })),
  });
  const { Failed } = await awsCall("publishing to SNS", () => client.send(command));
  if (!Failed || Failed.length === 0) return;
  const reasons = Failed.map(({ Id, Code }) => `${entries[Number(Id)]?.id}: ${Code}`).join(", ");
  throw new AwsCallError(`SNS refused ${Failed.length} of ${entries.length} messages: ${reasons}`);
}

function asCloudEvent(message: Message, source: string): Record<string, unknown> {
  return {
    specversion: "1.0",
    id: message.id,
    source,
    type: message.type,
    time: new Date(message.timeMs).toISOString(),
    subject: visible(message.subject),
    datacontenttype: "application/json",
    severity: message.severity,
    data: message.data,
  };
}

/** SNS refuses subjects that are long, empty, or not plain ASCII. */
function asSubject(subject: string): string {
  return visible(subject.replace(/[^\x20-\x7e]/g, "?")).slice(0, SUBJECT_LENGTH_MAX);
}

function asAttributes(message: Message) {
  const own = { eventType: message.type, severity: message.severity };
  const attributes = { ...own, ...message.attributes, ...own };
  return Object.fromEntries(
    Object.entries(attributes)
      // SNS refuses a message with an empty attribute.
      .filter(([, value]) => value !== "")
      .slice(0, ATTRIBUTES_MAX)
      .map(([name, value]) => [
        name,
        typeof value === "number"
          ? { DataType: "Number", StringValue: String(value) }
          : { DataType: "String", StringValue: visible(value) },
      ]),
  );
}
