import { expect, test } from "@jest/globals";
import { GatewayNetworkError } from "#gateway/errors.ts";
import { parseRetryAfterMs, RETRY_POLICY, retryDelayMs } from "#gateway/retry.ts";
import { aSecret, type FakeAnswer, failureOf, fakeGateway } from "./fake-gateway.ts";

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const BUSY: FakeAnswer = { status: 503, body: "busy" };
const CREATE = { secret_name: "openai", secret_value: { api_key: "sk-1" } };

const networkError = (isOutcomeUnknown: boolean) =>
  new GatewayNetworkError("createSecret", "broke", { isOutcomeUnknown });

test("delays double, spread over half their length and stay below their bound", () => {
  const delay = (attempt: number, random: number) =>
    retryDelayMs(
      { ...RETRY_POLICY, attemptsMax: 99 },
      { attempt, random, elapsedMs: 0, retryAfterMs: undefined },
    );

  expect([1, 2, 3].map((attempt) => delay(attempt, 1))).toEqual([250, 500, 1000]);
  expect(delay(1, 0)).toBe(125);
  expect(delay(50, 1)).toBe(10_000);
});

test.each([
  ["the attempts are used up", { attempt: 3 }],
  ["the time is used up", { elapsedMs: 59_900 }],
  ["the server asks for more patience than there is", { retryAfterMs: 10_001 }],
])("there is no further attempt when %s", (_, state) => {
  const base = { attempt: 1, elapsedMs: 0, retryAfterMs: undefined, random: 1 };

  expect(retryDelayMs(RETRY_POLICY, { ...base, ...state })).toBeUndefined();
});

test.each([
  [undefined, undefined],
  ["2", 2000],
  ["Mon, 23 Nov 2026 12:00:03 GMT", 3000],
  ["Mon, 23 Nov 2026 11:00:00 GMT", 0],
  ["-5", undefined],
  ["soon", undefined],
])("Retry-After %j asks for %j ms", (header, expected) => {
  expect(parseRetryAfterMs(header, NOW_MS)).toBe(expected);
});

test("a read is repeated until it succeeds, and each attempt is observed", async () => {
  const seen: unknown[][] = [];
  const { client, sleepsMs } = fakeGateway([BUSY, networkError(true), { json: {} }], {
    onRequest: (...facts) => seen.push(facts),
  });

  await expect(client.secrets.list()).resolves.toEqual([]);

  expect(sleepsMs).toEqual([250, 500]);
  expect(seen).toEqual([
    ["listSecrets", 0, 503],
    ["listSecrets", 0, undefined],
    ["listSecrets", 0, 200],
  ]);
});

test("after three attempts the last failure is thrown", async () => {
  const { client, requests } = fakeGateway([BUSY, BUSY, { status: 502 }, { json: {} }]);

  await expect(client.secrets.list()).rejects.toMatchObject({ status: 502 });
  expect(requests).toHaveLength(3);
});

test("an update is repeated, because it replaces what it writes", async () => {
  const { client } = fakeGateway([networkError(true), { json: { secret: aSecret() } }]);

  await expect(client.secrets.update({ secret_id: "s-1" })).resolves.toMatchObject(aSecret());
});

test.each([
  ["the connection broke half-way", networkError(true)],
  ["a proxy gave up", { status: 504 }],
  ["the server is busy and does not say until when", BUSY],
  [
    "the pool of database connections ran dry",
    { status: 400, body: '{"error_code":"BAD_REQUEST","message":"QueuePool limit of size 5"}' },
  ],
  ["the server crashed", { status: 500, body: "<html>" }],
] satisfies [string, FakeAnswer][])("a create is not repeated when %s", async (_, answer) => {
  const { client, requests } = fakeGateway([answer]);

  const error = await failureOf(client.secrets.create(CREATE));

  expect(error).toMatchObject({ isOutcomeUnknown: true, disposition: "retry" });
  expect(requests).toHaveLength(1);
});

test.each([
  ["there was no connection", networkError(false), 250],
  ["it was turned away", { status: 429, headers: { "retry-after": "3" } }, 3000],
  ["the server says when to come back", { ...BUSY, headers: { "retry-after": "1" } }, 1000],
] satisfies [string, FakeAnswer, number][])(
  "a create is repeated when %s",
  async (_, answer, ms) => {
    const { client, sleepsMs } = fakeGateway([answer, { json: { secret: aSecret() } }]);

    await expect(client.secrets.create(CREATE)).resolves.toMatchObject(aSecret());
    expect(sleepsMs).toEqual([ms]);
  },
);

test("what only a person can change is not repeated", async () => {
  const { client, requests } = fakeGateway([{ status: 401, body: "You are not authenticated" }]);

  await expect(client.secrets.list()).rejects.toMatchObject({ code: "gateway-unauthorised" });
  expect(requests).toHaveLength(1);
});

test("no request starts after the caller's signal", async () => {
  const { client, requests } = fakeGateway([], { signal: AbortSignal.abort("no time left") });

  await expect(client.secrets.list()).rejects.toMatchObject({
    code: "gateway-aborted",
    isOutcomeUnknown: false,
    cause: "no time left",
  });
  expect(requests).toEqual([]);
});
