import type { Logger } from "@aws-lambda-powertools/logger";
import { expect, test } from "@jest/globals";
import type { SQSRecord } from "aws-lambda";
import { LeaseHeldError } from "#runtime/errors.ts";
import { type Delivery, forEachRecord } from "../../../functions/for-each-record.ts";
import { anSqsEvent, anSqsRecord, ExpectedError } from "../../support/builders.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function setup({ isQueueBroken = false } = {}) {
  const clock = new FakeClock();
  const hidden: [string, number][] = [];
  const delays: [string, number][] = [];
  const logged: string[] = [];
  const log = (level: string) => (message: unknown) => void logged.push(`${level}: ${message}`);
  const tools = {
    logger: { error: log("error"), warn: log("warn") } as unknown as Logger,
    clock,
    hideFor: ({ messageId }: SQSRecord, seconds: number) => {
      hidden.push([messageId, seconds]);
      return Promise.resolve();
    },
    redeliverAfter: ({ messageId }: SQSRecord, delaySeconds: number) => {
      delays.push([messageId, delaySeconds]);
      return isQueueBroken ? Promise.reject(new Error("no queue")) : Promise.resolve();
    },
  };
  const worked: string[] = [];
  const deliveries: Delivery[] = [];
  /** Fails for the messages that have a failure. */
  const workOf = (failures: Readonly<Record<string, unknown>>) => {
    return async ({ messageId }: SQSRecord, delivery: Delivery) => {
      worked.push(messageId);
      deliveries.push(delivery);
      if (messageId in failures) throw failures[messageId];
      return Promise.resolve();
    };
  };
  return { tools, clock, hidden, delays, logged, worked, deliveries, workOf };
}

const RETRY = new ExpectedError("retry");
const REJECT = new ExpectedError("reject");

function records(ids: readonly string[], options: { attempt?: number; group?: string } = {}) {
  return anSqsEvent(...ids.map((messageId) => anSqsRecord({}, { messageId, ...options })));
}

test("a batch that works is acknowledged whole", async () => {
  const { tools, worked, logged, workOf } = setup();

  const response = await forEachRecord(records(["a", "b"]), tools, workOf({}));

  expect(response).toEqual({ batchItemFailures: [] });
  expect(worked).toEqual(["a", "b"]);
  expect(logged).toEqual([]);
});

test("rejected input is logged and acknowledged", async () => {
  const { tools, logged, delays, workOf } = setup();

  const response = await forEachRecord(records(["a"]), tools, workOf({ a: REJECT }));

  expect(response).toEqual({ batchItemFailures: [] });
  expect(logged).toEqual(["error: input rejected"]);
  expect(delays).toEqual([]);
});

test.each([
  ["a failure that may pass", RETRY],
  ["a bug", new TypeError("a bug")],
  ["something that is no error", "thrown"],
])("%s is delivered again", async (_, failure) => {
  const { tools, logged, delays, workOf } = setup();

  const response = await forEachRecord(records(["a"]), tools, workOf({ a: failure }));

  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }] });
  expect(logged).toEqual(["warn: failed for now"]);
  expect(delays).toEqual([["a", 5]]);
});

test("each delivery waits longer than the one before", async () => {
  const { tools, delays, workOf } = setup();

  for (const attempt of [1, 2, 3, 4]) {
    await forEachRecord(records(["a"], { attempt }), tools, workOf({ a: RETRY }));
  }

  expect(delays.map(([, seconds]) => seconds)).toEqual([5, 15, 45, 135]);
});

test("the third delivery is the last, and so is every one after it", async () => {
  const { tools, deliveries, workOf } = setup();

  for (const attempt of [1, 2, 3, 4]) {
    await forEachRecord(records(["a"], { attempt }), tools, workOf({}));
  }

  expect(deliveries.map(({ isLast }) => isLast)).toEqual([false, false, true, true]);
});

test("in a queue without order a failure does not stop the others", async () => {
  const { tools, worked, workOf } = setup();

  const response = await forEachRecord(records(["a", "b", "c"]), tools, workOf({ b: RETRY }));

  expect(worked).toEqual(["a", "b", "c"]);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "b" }] });
});

test("in an ordered queue the first failure ends the batch, and the rest comes back", async () => {
  const { tools, worked, workOf } = setup();
  const event = records(["a", "b", "c", "d"], { group: "gateway" });

  const response = await forEachRecord(event, tools, workOf({ b: RETRY, d: RETRY }));

  expect(worked).toEqual(["a", "b"]);
  expect(response).toEqual({
    batchItemFailures: [{ itemIdentifier: "b" }, { itemIdentifier: "c" }, { itemIdentifier: "d" }],
  });
});

test("the rest of an ordered batch comes back no later than what it waits for", async () => {
  const { tools, delays, workOf } = setup();
  const event = records(["a", "b", "c"], { group: "gateway", attempt: 2 });

  await forEachRecord(event, tools, workOf({ a: RETRY }));

  // SQS gives out nothing of a group while any message of it is invisible.
  expect(delays).toEqual([
    ["a", 15],
    ["b", 15],
    ["c", 15],
  ]);
});

test("in an ordered queue rejected input does not stop the others", async () => {
  const { tools, worked, workOf } = setup();
  const event = records(["a", "b"], { group: "gateway" });

  const response = await forEachRecord(event, tools, workOf({ a: REJECT }));

  expect(worked).toEqual(["a", "b"]);
  expect(response).toEqual({ batchItemFailures: [] });
});

test("a queue that does not take the delay is survived", async () => {
  const { tools, logged, workOf } = setup({ isQueueBroken: true });

  const response = await forEachRecord(records(["a", "b"]), tools, workOf({ a: RETRY }));

  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }] });
  expect(logged).toEqual(["warn: failed for now", "warn: could not shorten the delay"]);
});

test("a message is kept from others for a minute, again every 20 s while it is worked on, then no more", async () => {
  const { tools, clock, hidden } = setup();
  const counts: number[] = [];

  await forEachRecord(records(["a"]), tools, async () => {
    for (const seconds of [0, 19, 1, 20, 60]) {
      clock.advance(seconds * 1000);
      counts.push(hidden.length);
    }
    return Promise.resolve();
  });
  clock.advance(600_000);

  expect(counts).toEqual([1, 1, 2, 3, 6]);
  expect(hidden).toEqual(Array.from({ length: 6 }, () => ["a", 60]));
});

test("a message that cannot be kept from others is worked on all the same", async () => {
  const { tools, logged, worked, workOf } = setup();
  const hideFor = () => Promise.reject(new Error("no queue"));

  const response = await forEachRecord(records(["a"]), { ...tools, hideFor }, workOf({}));

  expect(response).toEqual({ batchItemFailures: [] });
  expect(worked).toEqual(["a"]);
  expect(logged).toEqual(["warn: could not keep the message hidden"]);
});

test("what is decided about a message comes after the last call that kept it hidden", async () => {
  const { tools, delays, workOf } = setup();
  const order: string[] = [];
  let answer: () => void = () => undefined;
  const slow = {
    ...tools,
    hideFor: () =>
      new Promise<void>((resolve) => {
        answer = () => {
          order.push("hidden");
          resolve();
        };
      }),
    redeliverAfter: async (record: SQSRecord, seconds: number) => {
      order.push("redelivered");
      await tools.redeliverAfter(record, seconds);
    },
  };

  const done = forEachRecord(records(["a"]), slow, workOf({ a: RETRY }));
  await new Promise((resolve) => setImmediate(resolve));
  answer();
  await done;

  expect(order).toEqual(["hidden", "redelivered"]);
  expect(delays).toEqual([["a", 5]]);
});

test("what another run holds is tried again when its lease can have run out, not before", async () => {
  const { tools, delays, workOf } = setup();
  const held = new LeaseHeldError("held", { retryAfterMs: 38_001 });

  await forEachRecord(records(["a"]), tools, workOf({ a: held }));
  await forEachRecord(records(["b"], { attempt: 2 }), tools, workOf({ b: held }));
  const soon = new LeaseHeldError("held", { retryAfterMs: 1000 });
  await forEachRecord(records(["c"], { attempt: 2 }), tools, workOf({ c: soon }));

  expect(delays).toEqual([
    ["a", 39],
    ["b", 39],
    ["c", 15],
  ]);
});

test("at the last delivery what another run holds is left to the schedule, and never a dead letter", async () => {
  const { tools, delays, logged, worked, workOf } = setup();
  const held = new LeaseHeldError("held", { retryAfterMs: 38_001 });
  const event = records(["a", "b"], { attempt: 3, group: "gateway" });

  const response = await forEachRecord(event, tools, workOf({ a: held }));

  expect(response).toEqual({ batchItemFailures: [] });
  expect(worked).toEqual(["a", "b"]);
  expect(delays).toEqual([]);
  expect(logged).toEqual(["warn: another run writes: left to the schedule"]);
});
