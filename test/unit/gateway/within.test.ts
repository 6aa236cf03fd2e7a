import { expect, test } from "@jest/globals";
import { TrackingClient } from "#gateway/tracking.ts";
import { aBudgetEntity, scriptedGateway } from "./scripted-gateway.ts";

const BUDGET = {
  budget_unit: "USD",
  budget_amount: 10,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "USER",
  target_value: "ann",
  budget_action: "ALERT",
} as const;

const CREATED = { json: { budget_policy: aBudgetEntity(BUDGET) } };

test("a client within a time knows what the other learnt of the server", async () => {
  const { client, requests } = scriptedGateway([{ body: "3.17.2" }, CREATED, CREATED]);

  await client.within(new AbortController().signal).budgets.create(BUDGET);
  await client.within(new AbortController().signal).budgets.create(BUDGET);

  expect(requests.map(({ operation }) => operation)).toEqual([
    "getVersion",
    "createBudget",
    "createBudget",
  ]);
});

test("its calls end with either signal, and the other client goes on", async () => {
  const own = new AbortController();
  const { client } = scriptedGateway([{ json: { secrets: [] } }], { signal: own.signal });

  await expect(client.within(AbortSignal.abort("no lease")).secrets.list()).rejects.toMatchObject({
    code: "gateway-aborted",
    cause: "no lease",
  });
  await expect(client.secrets.list()).resolves.toEqual([]);
  own.abort("stopped");
  await expect(client.within(new AbortController().signal).secrets.list()).rejects.toMatchObject({
    code: "gateway-aborted",
    cause: "stopped",
  });
});

test("a call whose time is over before it is sent has timed out, and was certainly not carried out", async () => {
  const { client, requests } = scriptedGateway([]);
  const signal = AbortSignal.abort(new DOMException("time", "TimeoutError"));

  await expect(client.within(signal).secrets.list()).rejects.toMatchObject({
    code: "gateway-timeout",
    isOutcomeUnknown: false,
    message: "listSecrets was not sent: its caller's time was over",
  });
  expect(requests).toEqual([]);
});

test("the pause before the next attempt ends with the signal, and the failure before it stands", async () => {
  const stop = new AbortController();
  const { client, requests } = scriptedGateway([{ status: 503, body: "busy" }], {
    clock: {
      nowMs: () => 0,
      sleep: async (_, signal) => {
        stop.abort();
        expect(signal?.aborted).toBe(true);
      },
    },
  });

  await expect(client.within(stop.signal).secrets.list()).rejects.toMatchObject({
    code: "gateway-unavailable",
    status: 503,
  });
  expect(requests).toHaveLength(1);
});

test("the client of the tracking server does the same", async () => {
  const tracking = new TrackingClient({ trackingUri: "https://mlflow.example.com" });

  await expect(
    tracking.within(AbortSignal.abort("stopped")).experiments.find({ name: "chat" }),
  ).rejects.toMatchObject({ code: "gateway-aborted", cause: "stopped" });
});
