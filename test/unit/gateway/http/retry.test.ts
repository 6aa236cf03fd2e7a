import { expect, test } from "@jest/globals";
import { GatewayNetworkError } from "#gateway/errors.ts";
import type { Transport } from "#gateway/http/request.ts";
import { parseRetryAfterMs, RETRY_POLICY, retryDelayMs } from "#gateway/http/retry.ts";
import { aSecretEntity, type FakeAnswer, NOW_MS, scriptedGateway } from "../scripted-gateway.ts";

const BUSY: FakeAnswer = { status: 503, body: "busy" };
const NOTHING: FakeAnswer = {
  status: 404,
  body: '{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"not found"}',
};
const REFUSED: FakeAnswer = { status: 401, body: "You are not authenticated" };
const CREATE = { secret_name: "openai", secret_value: { api_key: "sk-1" } };

const networkError = (isOutcomeUnknown: boolean) =>
  new GatewayNetworkError("createSecret", "broke", { isOutcomeUnknown });

test("delays double, spread over half their length and stay below their bound", () => {
  const delay = (attempt: number, random: number) =>
    retryDelayMs(
      { ...RETRY_POLICY, attemptsMax: 99 },
      { attempt, random, retryAfterMs: undefined },
    );

  expect([1, 2, 3].map((attempt) => delay(attempt, 1))).toEqual([250, 500, 1000]);
  expect(delay(1, 0)).toBe(125);
  expect(delay(50, 1)).toBe(10_000);
});

test.each([
  ["the attempts are used up", { attempt: 3 }],
  ["the server asks for more patience than there is", { retryAfterMs: 10_001 }],
])("there is no further attempt when %s", (_, state) => {
  const base = { attempt: 1, retryAfterMs: undefined, random: 1 };

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
  const { client, sleepsMs } = scriptedGateway([BUSY, networkError(true), { json: {} }], {
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
  const { client, requests } = scriptedGateway([BUSY, BUSY, { status: 502 }, { json: {} }]);

  await expect(client.secrets.list()).rejects.toMatchObject({ status: 502 });
  expect(requests).toHaveLength(3);
});

test("an update is repeated, because it replaces what it writes", async () => {
  const { client } = scriptedGateway([networkError(true), { json: { secret: aSecretEntity() } }]);

  await expect(client.secrets.update({ secret_id: "s-1" })).resolves.toMatchObject(aSecretEntity());
});

test.each([
  ["there was no connection", networkError(false), 250],
  ["it was turned away", { status: 429, headers: { "retry-after": "3" } }, 3000],
] satisfies [string, FakeAnswer, number][])(
  "a create is repeated when %s",
  async (_, answer, ms) => {
    const { client, sleepsMs } = scriptedGateway([answer, { json: { secret: aSecretEntity() } }]);

    await expect(client.secrets.create(CREATE)).resolves.toMatchObject(aSecretEntity());
    expect(sleepsMs).toEqual([ms]);
  },
);

test.each([
  [503, "1", 1000],
  [503, "Mon, 23 Nov 2026 12:00:02 GMT", 2000],
  [502, "1", 1000],
  [504, undefined, 250],
  [520, undefined, 250],
  [524, "0", 250],
  [529, "3", 3000],
  [408, "1", 1000],
  [500, "1", 1000],
] as const)("a create is looked for after a %i with Retry-After %j", async (status, wait, ms) => {
  const headers = wait === undefined ? {} : { "retry-after": wait };
  const stored = aSecretEntity({ created_at: NOW_MS, last_updated_at: NOW_MS });
  const { client, requests, sleepsMs } = scriptedGateway([
    { status, headers, body: "<html>" },
    { json: { secrets: [stored] } },
  ]);

  await expect(client.secrets.create(CREATE)).resolves.toMatchObject(stored);

  expect(requests.map(({ operation }) => operation)).toEqual(["createSecret", "listSecrets"]);
  expect(sleepsMs).toEqual([ms]);
});

test.each([501, 505])("a %i is final: a server, or a proxy, that did nothing", async (status) => {
  const { client, requests } = scriptedGateway([{ status, headers: { "retry-after": "1" } }]);

  await expect(client.secrets.create(CREATE)).rejects.toMatchObject({
    code: "gateway-refused",
    isOutcomeUnknown: false,
  });
  expect(requests).toHaveLength(1);
});

test("a removal whose first answer was lost has succeeded when there is nothing left", async () => {
  const { client, requests } = scriptedGateway([networkError(true), NOTHING, NOTHING]);

  await expect(client.endpoints.delete({ endpoint_id: "e-1" })).resolves.toBeUndefined();
  expect(requests).toHaveLength(2);
  await expect(client.endpoints.delete({ endpoint_id: "e-1" })).rejects.toMatchObject({
    code: "gateway-not-found",
  });
});

test("a removal that found no connection first has removed nothing", async () => {
  const { client } = scriptedGateway([networkError(false), NOTHING]);

  await expect(client.endpoints.delete({ endpoint_id: "e-1" })).rejects.toMatchObject({
    code: "gateway-not-found",
  });
});

test("a login that was changed meanwhile is asked for once more, and the call repeated", async () => {
  const logins = ["old-password", "new-password"];
  const auth = async () => ({ username: "ops", password: logins.shift() ?? "new-password" });
  const { client, requests, sleepsMs } = scriptedGateway(
    [REFUSED, { json: { secret: aSecretEntity() } }],
    {
      auth,
    },
  );

  await expect(client.secrets.create(CREATE)).resolves.toMatchObject(aSecretEntity());

  expect(sleepsMs).toEqual([]);
  expect(requests.map(({ headers }) => headers.authorization)).toEqual(
    ["b3BzOm9sZC1wYXNzd29yZA==", "b3BzOm5ldy1wYXNzd29yZA=="].map((pair) => `Basic ${pair}`),
  );
});

test("a login is asked for no third time, and a login that stays the same is not tried again", async () => {
  let asked = 0;
  const changing = scriptedGateway([REFUSED, REFUSED], {
    auth: async () => ({ username: "ops", password: `password-${asked++}` }),
  });
  const constant = scriptedGateway([REFUSED], { auth: async () => ({ token: "the same" }) });

  await expect(changing.client.secrets.list()).rejects.toMatchObject({ status: 401 });
  await expect(constant.client.secrets.list()).rejects.toMatchObject({ status: 401 });

  expect(asked).toBe(2);
  expect(changing.requests).toHaveLength(2);
  expect(constant.requests).toHaveLength(1);
});

test.each([
  [{}, 4],
  [{ concurrency: 1 }, 1],
  [{ concurrency: 8 }, 8],
])(
  "with the options %j at most %i requests are in flight, and all get through",
  async (options, most) => {
    let inFlight = 0;
    let highest = 0;
    const transport: Transport = {
      async send() {
        inFlight += 1;
        highest = Math.max(highest, inFlight);
        await new Promise((resolve) => setTimeout(resolve, 1));
        inFlight -= 1;
        return { status: 200, headers: {}, body: "{}" };
      },
    };
    const { client } = scriptedGateway([], { transport, ...options });

    await Promise.all(Array.from({ length: 20 }, () => client.secrets.list()));

    expect(highest).toBe(most);
  },
);

test.each([0, 9, 1.5])("a concurrency of %d is refused", (concurrency) => {
  expect(() => scriptedGateway([], { concurrency })).toThrow(
    `options of GatewayClient: concurrency must be an integer from 1 to 8, got ${concurrency}`,
  );
});

test("what only a person can change is not repeated", async () => {
  const { client, requests } = scriptedGateway([
    { status: 401, body: "You are not authenticated" },
  ]);

  await expect(client.secrets.list()).rejects.toMatchObject({ code: "gateway-unauthorised" });
  expect(requests).toHaveLength(1);
});

test("no request starts after the caller's signal", async () => {
  const { client, requests } = scriptedGateway([], { signal: AbortSignal.abort("no time left") });

  await expect(client.secrets.list()).rejects.toMatchObject({
    code: "gateway-aborted",
    isOutcomeUnknown: false,
    cause: "no time left",
  });
  expect(requests).toEqual([]);
});
