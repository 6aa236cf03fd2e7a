import { type SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { until } from "./until.ts";

/** A message as a subscriber receives it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly type: string;
  readonly severity: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** For filter policies. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Mailbox {
  /** Everything received so far, in order of arrival. */
  received(): Promise<readonly ReceivedEvent[]>;
  waitFor(
    what: string,
    timeoutMs: number,
    matches: (event: ReceivedEvent) => boolean,
  ): Promise<ReceivedEvent>;
}

/** Subscribes a queue of its own to a topic, as a team would to hear of its budgets. */
export async function subscribe(
  clients: { readonly sns: SNSClient; readonly sqs: SQSClient },
  topicArn: string,
  name: string,
): Promise<Mailbox> {
  const { sns, sqs } = clients;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  await sns.send(
    new SubscribeCommand({
      TopicArn: topicArn,
      Protocol: "sqs",
      Endpoint: Attributes?.QueueArn,
      Attributes: { RawMessageDelivery: "true" },
    }),
  );
  const events: ReceivedEvent[] = [];
  const received = async () => {
    const { Messages } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ["All"],
      }),
    );
    for (const { Body, MessageAttributes, ReceiptHandle } of Messages ?? []) {
      const attributes = Object.entries(MessageAttributes ?? {});
      events.push({
        ...JSON.parse(Body ?? "{}"),
        attributes: Object.fromEntries(
          attributes.map(([key, { StringValue }]) => [key, StringValue ?? ""]),
        ),
      });
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    return events;
  };
  return {
    received,
    waitFor: (what, timeoutMs, matches) =>
      until(what, timeoutMs, async () => (await received()).find(matches)),
  };
}
