import type {
  PublishBatchCommand,
  PublishBatchCommandOutput,
  SNSClient,
} from "@aws-sdk/client-sns";
import { expect, test } from "@jest/globals";
import { SnsChannel } from "#aws/publisher.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import type { Message } from "#runtime/message.ts";
import { aMessage } from "../../support/builders.ts";
import { expectHarmless, HOSTILE } from "../../support/hostile.ts";

const TOPICS = { alerts: "arn:alerts", operations: "arn:operations" };
const SOURCE = "https://mlflow.example.com";

type Answer = Partial<PublishBatchCommandOutput> | Error;

/** An SNS that remembers the batches it was sent and gives the answers in turn. */
function setup(answers: readonly Answer[] = [], deadline = NO_DEADLINE) {
  const batches: PublishBatchCommand["input"][] = [];
  const send = ({ input }: PublishBatchCommand) => {
    batches.push(input);
    const answer = answers[batches.length - 1] ?? { Successful: [] };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const client = { send } as unknown as SNSClient;
  const published: string[] = [];
  const publish = (messages: readonly Message[]) =>
    new SnsChannel(client, TOPICS, SOURCE, deadline).publish(messages, (group) => {
      published.push(...group.map(({ id }) => id));
      return Promise.resolve();
    });
  const entries = () => batches.flatMap((batch) => batch.PublishBatchRequestEntries ?? []);
  /** Ids of the messages of each call. */
  const calls = () =>
    batches.map(({ PublishBatchRequestEntries = [] }) =>
      PublishBatchRequestEntries.map(({ Message = "" }) => {
        const { default: event } = JSON.parse(Message) as { default: string };
        return (JSON.parse(event) as { id: string }).id;
      }),
    );
  return { batches, publish, published, entries, calls };
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

test("only the messages that SNS refused are published again, once", async () => {
  const failure = { Code: "InternalError", SenderFault: false };
  const { publish, published, calls } = setup([
    { Failed: [{ Id: "1", ...failure }] },
    { Failed: [{ Id: "0", ...failure, Message: "try later" }] },
  ]);

  const unpublished = await publish(many(3));

  expect(calls()).toEqual([["m-0", "m-1", "m-2"], ["m-1"]]);
  expect(published).toEqual(["m-0", "m-2"]);
  expect(unpublished).toEqual([{ id: "m-1", reason: "SNS refused it: InternalError try later" }]);
});

test("a message that SNS finds fault with is not published again, and holds up no other", async () => {
  const { publish, published, calls } = setup([
    { Failed: [{ Id: "0", Code: "InvalidParameter", SenderFault: true }] },
  ]);

  expect(await publish(many(11))).toEqual([
    { id: "m-0", reason: "SNS refused it: InvalidParameter" },
  ]);

  expect(calls().map((ids) => ids.length)).toEqual([10, 1]);
  expect(published).toHaveLength(10);
});

test("a call that fails because of one of its messages is taken apart", async () => {
  const fault = Object.assign(new Error("no such character"), {
    name: "InvalidParameterException",
  });
  const { publish, published, calls } = setup([fault, {}, fault, {}]);

  expect(await publish(many(3))).toEqual([
    {
      id: "m-1",
      reason: "publishing to SNS failed with InvalidParameterException: no such character",
    },
  ]);

  expect(calls()).toEqual([["m-0", "m-1", "m-2"], ["m-0"], ["m-1"], ["m-2"]]);
  expect(published).toEqual(["m-0", "m-2"]);
});

test("a message that is too large goes alone, and stays alone", async () => {
  const tooLong = Object.assign(new Error("too long"), { name: "BatchRequestTooLongException" });
  const { publish, published, calls } = setup([{}, tooLong, {}]);
  const [before, large, after] = many(3);
  if (!before || !large || !after) throw new Error("three were made");

  const unpublished = await publish([before, { ...large, text: "x".repeat(300_000) }, after]);

  expect(calls()).toEqual([["m-0"], ["m-1"], ["m-2"]]);
  expect(published).toEqual(["m-0", "m-2"]);
  expect(unpublished).toMatchObject([{ id: "m-1", reason: expect.stringContaining("too long") }]);
});

test.each(["ThrottledException", "NotFoundException", "TimeoutError"])(
  "a topic that answers %s is left for the next time, and the other one is not",
  async (name) => {
    const { batches, publish, published } = setup([{}, Object.assign(new Error("no"), { name })]);
    const alerts = many(25, { topic: "alerts" });

    const unpublished = await publish([...alerts, aMessage({ id: "o", topic: "operations" })]);

    expect(batches.map(({ TopicArn }) => TopicArn)).toEqual([
      "arn:alerts",
      "arn:alerts",
      "arn:operations",
    ]);
    expect(published).toEqual([...alerts.slice(0, 10).map(({ id }) => id), "o"]);
    expect(unpublished).toEqual(
      alerts
        .slice(10)
        .map(({ id }) => ({ id, reason: `publishing to SNS failed with ${name}: no` })),
    );
  },
);

test("what does not go out in time waits for the next wake", async () => {
  const times = [1, 1, 0, 0, 0];
  const { batches, publish } = setup([], { ...NO_DEADLINE, leftMs: () => times.shift() ?? 0 });

  const unpublished = await publish(many(25));

  expect(batches).toHaveLength(2);
  expect(unpublished).toHaveLength(5);
  expect(unpublished[0]).toEqual({ id: "m-20", reason: "the time of this wake was over" });
});

test("what is out is told before the next call, so that a publisher that dies repeats little", async () => {
  const { batches, publish } = setup();
  const client = { send: () => Promise.resolve({}) } as unknown as SNSClient;
  const groups: number[] = [];

  const interrupted = new SnsChannel(client, TOPICS, SOURCE, NO_DEADLINE).publish(
    many(30),
    (group) => {
      groups.push(group.length);
      return Promise.reject(new Error("killed"));
    },
  );

  await expect(interrupted).rejects.toThrow("killed");
  expect(groups).toEqual([10]);
  await publish(many(30));
  expect(batches).toHaveLength(3);
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
