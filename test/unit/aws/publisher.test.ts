import type {
  PublishBatchCommand,
  PublishBatchCommandOutput,
  SNSClient,
} from "@aws-sdk/client-sns";
import { expect, test } from "@jest/globals";
import { publishMessages } from "#aws/publisher.ts";
import type { Message } from "#runtime/message.ts";
import { aMessage } from "../../support/builders.ts";
import { expectHarmless, HOSTILE } from "../../support/hostile.ts";

const TOPICS = { alerts: "arn:alerts", operations: "arn:operations" };
const SOURCE = "https://mlflow.example.com";

type Answer = Partial<PublishBatchCommandOutput> | Error;

/** An SNS that remembers the batches it was sent and gives the answers in turn. */
function setup(answers: readonly Answer[] = []) {
  const batches: PublishBatchCommand["input"][] = [];
  const send = ({ input }: PublishBatchCommand) => {
    batches.push(input);
    const answer = answers[batches.length - 1] ?? { Successful: [] };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const client = { send } as unknown as SNSClient;
  const publish = (messages: readonly Message[]) =>
    publishMessages(client, TOPICS, SOURCE, messages);
  const entries = () => batches.flatMap((batch) => batch.PublishBatchRequestEntries ?? []);
  return { batches, publish, entries };
}

function many(count: number, changes: Partial<Message> = {}): Message[] {
  return Array.from({ length: count }, (_, index) => aMessage({ id: `m-${index}`, ...changes }));
}

test("a message is a CloudEvent for machines and a text for people", async () => {
  const { entries, publish } = setup();
  const data = { budget_policy_id: "bp-1", spend: 1.5 };

  await publish([aMessage({ id: "fact-1", type: "a.type", severity: "critical", data })]);

  const [entry] = entries();
  expect(entry?.MessageStructure).toBe("json");
  const forms = JSON.parse(entry?.Message ?? "") as { default: string; email: string };
  expect(forms.email).toBe("A text");
  expect(JSON.parse(forms.default)).toEqual({
    specversion: "1.0",
    id: "fact-1",
    source: SOURCE,
    type: "a.type",
    time: "2026-11-23T12:00:00.000Z",
    subject: "A subject",
    datacontenttype: "application/json",
    severity: "critical",
    data,
  });
});

test("messages go out in batches of ten, each with an id of its own", async () => {
  const { batches, publish } = setup();

  await publish(many(23));

  expect(
    batches.map(({ PublishBatchRequestEntries }) => PublishBatchRequestEntries?.length),
  ).toEqual([10, 10, 3]);
  for (const { PublishBatchRequestEntries = [] } of batches) {
    expect(new Set(PublishBatchRequestEntries.map(({ Id }) => Id)).size).toBe(
      PublishBatchRequestEntries.length,
    );
  }
});

test("a call stays below the 256 KiB that SNS takes of all its messages together", async () => {
  const { batches, publish } = setup();

  await publish(many(5, { text: "x".repeat(100_000) }));

  const sizes = batches.map(
    ({ PublishBatchRequestEntries = [] }) => JSON.stringify(PublishBatchRequestEntries).length,
  );
  expect(batches.map((batch) => batch.PublishBatchRequestEntries?.length)).toEqual([2, 2, 1]);
  expect(Math.max(...sizes)).toBeLessThan(256 * 1024);
});

test("each message goes to its topic, and a topic without messages is not called", async () => {
  const { batches, publish } = setup();

  await publish([aMessage({ topic: "operations" }), aMessage({ topic: "alerts" })]);
  await publish([aMessage({ topic: "operations" })]);
  await publish([]);

  expect(batches.map(({ TopicArn }) => TopicArn)).toEqual([
    "arn:alerts",
    "arn:operations",
    "arn:operations",
  ]);
});

test("a message that SNS refuses among others is a failure of the whole delivery", async () => {
  const { publish } = setup([{ Failed: [{ Id: "1", Code: "InternalError", SenderFault: false }] }]);

  await expect(publish(many(3))).rejects.toMatchObject({
    code: "aws-call",
    disposition: "retry",
    message: "SNS refused 1 of 3 messages: m-1: InternalError",
  });
});

test("an SNS that cannot be reached is a failure that may pass", async () => {
  const { publish } = setup([Object.assign(new Error("too fast"), { name: "Throttled" })]);

  await expect(publish(many(1))).rejects.toMatchObject({
    disposition: "retry",
    message: "publishing to SNS failed with Throttled: too fast",
  });
});

test("a subject is cut to the 100 ASCII characters that SNS takes", async () => {
  const { entries, publish } = setup();

  await publish([
    aMessage({ subject: `Größe\n${"x".repeat(200)}` }),
    aMessage({ subject: "y".repeat(100) }),
  ]);

  const [cut, whole] = entries().map(({ Subject }) => Subject);
  expect(cut).toBe(`Gr??e?${"x".repeat(94)}`);
  expect(whole).toBe("y".repeat(100));
});

test("numbers stay numbers, and an empty attribute is left out", async () => {
  const { entries, publish } = setup();

  await publish([
    aMessage({
      type: "a.type",
      severity: "warning",
      attributes: { thresholdPercent: 80, owner: "search", team: "", none: 0 },
    }),
  ]);

  expect(entries()[0]?.MessageAttributes).toEqual({
    thresholdPercent: { DataType: "Number", StringValue: "80" },
    none: { DataType: "Number", StringValue: "0" },
    owner: { DataType: "String", StringValue: "search" },
    eventType: { DataType: "String", StringValue: "a.type" },
    severity: { DataType: "String", StringValue: "warning" },
  });
});

test("at most ten attributes go out, the first ones: a raw queue gets no message with more", async () => {
  const { entries, publish } = setup();
  const attributes = Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [`label${index}`, "x"]),
  );

  await publish([aMessage({ attributes })]);

  const names = Object.keys(entries()[0]?.MessageAttributes ?? {});
  expect(names).toHaveLength(10);
  expect(names.slice(0, 3)).toEqual(["eventType", "severity", "label0"]);
});

test.each(Object.entries(HOSTILE))("%s is harmless in every part of a message", async (_, text) => {
  const { entries, publish } = setup();

  await publish([
    aMessage({ subject: text, text, data: { [text]: text }, attributes: { owner: text } }),
  ]);

  const [entry] = entries();
  const { default: event, email } = JSON.parse(entry?.Message ?? "");
  const attributes = Object.values(entry?.MessageAttributes ?? {});
  for (const shown of [
    entry?.Subject ?? "",
    event,
    email,
    JSON.parse(event).subject,
    ...attributes.map(({ StringValue = "" }) => StringValue),
  ]) {
    expectHarmless(shown);
  }
  expect(JSON.parse(event).data).toEqual({ [text]: text });
});
