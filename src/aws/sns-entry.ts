import type { PublishBatchRequestEntry } from "@aws-sdk/client-sns";
import type { Message } from "#runtime/message.ts";
import { visible, visibleJson, visibleText } from "#runtime/visible.ts";

const SUBJECT_LENGTH_MAX = 100;
/** A queue with raw delivery gets no message that has more. */
const ATTRIBUTES_MAX = 10;

/** A message as SNS takes it. */
export interface SnsEntry {
  readonly message: Message;
  readonly fields: Omit<PublishBatchRequestEntry, "Id">;
  /** Of body and attributes. */
  readonly bytes: number;
}

/**
 * A message as a CloudEvent (structured JSON), with readable text for e-mail. `source` names the
 * gateway.
 */
export function asEntry(message: Message, source: string): SnsEntry {
  const fields = {
    Subject: asSubject(message.subject),
    MessageStructure: "json",
    Message: JSON.stringify({
      default: visibleJson(asCloudEvent(message, source)),
      email: visibleText(message.text),
    }),
    MessageAttributes: asAttributes(message),
  };
  return { message, fields, bytes: Buffer.byteLength(JSON.stringify(fields)) };
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
