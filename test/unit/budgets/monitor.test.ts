import { expect, test } from "@jest/globals";
import { pollBudgets } from "#budgets/monitor.ts";
import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import type { CreateBudget } from "#gateway/requests.ts";
import { put } from "#runtime/ledger.ts";
import { aWindow, ExpectedError, messagesIn } from "../../support/builders.ts";
import { FakeGateway } from "../../support/fake-gateway.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const MINUTE_MS = 60_000;

const DAILY: CreateBudget = {
  budget_unit: "USD",
  budget_amount: 100,
  duration: { unit: "DAYS", value: 1 },
  target_scope: "GLOBAL",
  budget_action: "ALERT",
};

async function setup(count = 1) {
  const gateway = new FakeGateway();
  const ledger = new MemoryLedger();
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    ids.push((await gateway.budgets.create(DAILY)).budget_policy_id);
  }
  const spend = (...spends: readonly (number | undefined)[]) => {
    gateway.windows = ids.flatMap((budget_policy_id, index) => {
      const current_spend = spends[index] ?? spends[0];
      return current_spend === undefined ? [] : [aWindow({ budget_policy_id, current_spend })];
    });
  };
  let nowMs = NOW_MS;
  const poll = () => {
    nowMs += 5 * MINUTE_MS;
    return pollBudgets({ ledger, gateway }, nowMs);
  };
  const told = async () => (await messagesIn(ledger)).map(({ subject }) => subject).sort();
  return { gateway, ledger, ids, spend, poll, told };
}

test("a threshold that is crossed is decided together with the state that says so", async () => {
  const { ledger, ids, spend, poll } = await setup();
  spend(81);

  const result = await poll();

  expect(result).toEqual({
    policies: 1,
    policiesWithoutWindow: 0,
    messages: await messagesIn(ledger),
  });
  expect(result.messages.map(({ subject }) => subject)).toEqual([`Budget ${ids[0]}: 80 % spent`]);
  expect(await ledger.list({ name: "monitor-state", version: 1 })).toMatchObject([
    { id: "gateway", value: { windows: { [ids[0] ?? ""]: { spend: 81, alertedThreshold: 0.8 } } } },
  ]);
});

test("a record of one budget that cannot be read stops no alert", async () => {
  const { ledger, ids, spend, poll, told } = await setup(2);
  ledger.scribble(BUDGET_SETTINGS, ids[0] ?? "", "{");
  spend(81, 82);

  await poll();

  expect(await told()).toEqual(ids.map((id) => `Budget ${id}: 80 % spent`).sort());
});

test("nothing is written when nothing is new", async () => {
  const { ledger, spend, poll } = await setup(3);
  spend(81, 20, 30);
  await poll();
  const before = ledger.written.length;

  const result = await poll();

  expect(result.messages).toEqual([]);
  expect(ledger.written).toHaveLength(before);
});

test("nothing is written when there is no budget", async () => {
  const { ledger, poll } = await setup(0);

  expect(await poll()).toEqual({ policies: 0, policiesWithoutWindow: 0, messages: [] });

  expect(ledger.written).toEqual([]);
});

test("a poll takes two requests", async () => {
  const { gateway, spend, poll } = await setup(3);
  spend(81);
  gateway.requests.length = 0;

  await poll();

  expect([...gateway.requests].sort()).toEqual(["listBudgetWindows", "listBudgets"]);
});

test("a policy without a window is counted, and nothing is told of it", async () => {
  const { poll, told } = await setup(2);

  expect(await poll()).toMatchObject({ policies: 2, policiesWithoutWindow: 2 });

  expect(await told()).toEqual([]);
});

test("a window that a poll does not show is not told again by the next", async () => {
  const { gateway, spend, poll, told } = await setup();
  spend(96);
  await poll();
  gateway.windows = [];
  await poll();
  spend(85);

  expect((await poll()).messages).toEqual([]);

  expect(await told()).toHaveLength(1);
});

test("what was remembered of a deleted policy is dropped", async () => {
  const { gateway, ledger, ids, spend, poll } = await setup(2);
  spend(60);
  await poll();
  const list = gateway.budgets.list;
  gateway.budgets.list = async () =>
    (await list()).filter(({ budget_policy_id }) => budget_policy_id !== ids[0]);
  spend(96);
  await poll();

  const [record] = await ledger.list<{ windows: object }>({ name: "monitor-state", version: 1 });
  expect(Object.keys(record?.value.windows ?? {})).toEqual([ids[1]]);
});

test("a manifest's thresholds, name and labels are used", async () => {
  const { ledger, ids, spend, poll } = await setup();
  const settings = {
    name: "chat-daily",
    owner: "search",
    target: "chat",
    thresholds: [0.1],
    labels: { team: "a" },
  };
  await ledger.commit([put(BUDGET_SETTINGS, ids[0] ?? "", settings, undefined)]);
  spend(20);

  const { messages } = await poll();

  expect(messages).toMatchObject([
    { subject: "Budget chat-daily: 10 % spent", attributes: { team: "a", owner: "search" } },
  ]);
});

test("more alerts than one commit can hold are told by the next poll", async () => {
  const { spend, poll, told } = await setup(25);
  spend(60);

  const counts = [(await poll()).messages.length, (await poll()).messages.length];

  expect(counts).toEqual([20, 5]);
  expect(new Set(await told()).size).toBe(25);
  expect((await poll()).messages).toEqual([]);
});

test("the alerts of a poll and the end of an outage fit into one commit", async () => {
  const { gateway, spend, poll, told } = await setup(25);
  gateway.failOn("listBudgets", 1, new ExpectedError("retry"));
  await expect(poll()).rejects.toThrow();
  spend(60);

  expect((await poll()).messages).toHaveLength(21);

  expect(await told()).toContain("Budgets are watched again");
});

test("a gateway that cannot be read is told once when it begins and once when it ends", async () => {
  const { gateway, ledger, spend, poll } = await setup();
  spend(10);
  await poll();
  for (const call of [1, 2, 3]) {
    gateway.failOn("listBudgetWindows", call, new ExpectedError("retry", "the gateway is down"));
  }

  for (let outage = 0; outage < 3; outage += 1) {
    await expect(poll()).rejects.toThrow("the gateway is down");
  }
  await poll();
  await poll();

  const messages = await messagesIn(ledger);
  expect(messages).toMatchObject([
    {
      topic: "operations",
      type: "mlflow-gateway-ops.gateway.readable",
      severity: "info",
      text: "The gateway can be read again, after about 15 minutes. Thresholds crossed meanwhile are told now.",
    },
    {
      topic: "operations",
      type: "mlflow-gateway-ops.gateway.unreadable",
      severity: "critical",
      subject: "Budgets cannot be watched (expected)",
      text: expect.stringMatching(/^the gateway is down\n/),
    },
  ]);
});

test("an outage does not make the monitor forget what was told", async () => {
  const { gateway, spend, poll } = await setup();
  spend(96);
  await poll();
  gateway.failOn("listBudgets", 1, new ExpectedError("retry"));
  await expect(poll()).rejects.toThrow();

  const { messages } = await poll();

  expect(messages.map(({ subject }) => subject)).toEqual(["Budgets are watched again"]);
});

test("a second outage is told again", async () => {
  const { gateway, poll, told } = await setup();
  for (const call of [1, 3]) gateway.failOn("listBudgets", call, new ExpectedError("retry"));

  await expect(poll()).rejects.toThrow();
  await poll();
  await expect(poll()).rejects.toThrow();
  await poll();

  expect(await told()).toEqual([
    "Budgets are watched again",
    "Budgets are watched again",
    "Budgets cannot be watched (expected)",
    "Budgets cannot be watched (expected)",
  ]);
});

test("of two polls at once one decides and the other gives way", async () => {
  const { ledger, spend, poll, told } = await setup();
  spend(81);

  const results = await Promise.allSettled([poll(), poll()]);

  expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(results.find(({ status }) => status === "rejected")).toMatchObject({
    reason: { code: "ledger-conflict", disposition: "retry" },
  });
  expect(await told()).toHaveLength(1);
  expect(ledger.written.map((write) => JSON.parse(write).kind)).toEqual([
    "monitor-state",
    "once",
    "outbox",
  ]);
});

test("a bug of ours is not taken for an outage", async () => {
  const { gateway, poll, told } = await setup();
  gateway.failOn("listBudgets", 1, new TypeError("a bug"));

  await expect(poll()).rejects.toThrow(TypeError);

  expect(await told()).toEqual([]);
});
