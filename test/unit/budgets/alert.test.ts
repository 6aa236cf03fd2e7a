import { expect, test } from "@jest/globals";
import { alertMessage } from "#budgets/alert.ts";
import type { DueAlert } from "#budgets/alerts/alert-kind.ts";
import type { BudgetSettings } from "#budgets/settings.ts";
import { aPolicy, aWindow } from "../../support/builders.ts";

const NOW_MS = Date.parse("2026-11-23T12:00:00Z");

const SETTINGS: BudgetSettings = {
  name: "chat-daily",
  owner: "search",
  target: "chat",
  labels: { team: "search" },
};

function thresholdOf(threshold: number, spend: number): DueAlert {
  return { ...readingOf(spend), kind: "threshold", threshold };
}

function rejecting(spend: number): DueAlert {
  const policy = aPolicy({ budget_action: "REJECT" });
  return { ...readingOf(spend), policy, kind: "rejecting" };
}

function readingOf(spend: number) {
  const { window_start_ms: windowStartMs, window_end_ms: windowEndMs } = aWindow();
  const policy = aPolicy({ target_scope: "ENDPOINT", target_value: "e-1" });
  return { policy, windowStartMs, windowEndMs, spend, spendRatio: spend / 100 };
}

test("an alert of a threshold says what is spent, what is left and until when", () => {
  const message = alertMessage(thresholdOf(0.8, 81.5), SETTINGS, NOW_MS);

  expect(message).toEqual({
    topic: "alerts",
    id: `budget-threshold:bp-1@${aWindow().window_start_ms}@0.8@100`,
    type: "mlflow-gateway-ops.budget.threshold-crossed",
    severity: "warning",
    timeMs: NOW_MS,
    subject: "Budget chat-daily: 80 % spent",
    text: [
      "At least 81.50 USD of 100.00 USD (82 %) of the budget chat-daily (chat) is spent.",
      "Left: 18.50 USD.",
      "The window ends at 2026-11-24T00:00:00.000Z.",
    ].join("\n"),
    data: {
      budget_policy_id: "bp-1",
      budget_unit: "USD",
      budget_amount: 100,
      current_spend: 81.5,
      duration_unit: "DAYS",
      duration_value: 1,
      target_scope: "ENDPOINT",
      target_value: "e-1",
      window_start: aWindow().window_start_ms,
      window_end: aWindow().window_end_ms,
      name: "chat-daily",
      owner: "search",
      target: "chat",
      budget_action: "ALERT",
      spend_ratio: 0.815,
      threshold: 0.8,
      labels: { team: "search" },
    },
    attributes: {
      team: "search",
      policyId: "bp-1",
      targetScope: "ENDPOINT",
      budgetAction: "ALERT",
      thresholdPercent: 80,
      owner: "search",
    },
  });
});

test("an alert of rejected calls is critical and says what ends it", () => {
  const message = alertMessage(rejecting(103), SETTINGS, NOW_MS);

  expect(message).toMatchObject({
    id: `budget-rejecting:bp-1@${aWindow().window_start_ms}@1@100`,
    type: "mlflow-gateway-ops.budget.rejecting",
    severity: "critical",
    subject: "Budget chat-daily: calls are being rejected",
    attributes: { thresholdPercent: 100, budgetAction: "REJECT" },
  });
  expect(message.text.split("\n").slice(1)).toEqual([
    "Left: 0.00 USD.",
    "Calls are rejected with HTTP 429 until 2026-11-24T00:00:00.000Z, or until the amount is raised.",
  ]);
});

test("the data of an alert has every field of MLflow's own budget webhook", () => {
  const ofMlflow = [
    "budget_policy_id",
    "budget_unit",
    "budget_amount",
    "current_spend",
    "duration_unit",
    "duration_value",
    "target_scope",
    "target_value",
    "window_start",
  ];

  expect(Object.keys(alertMessage(thresholdOf(1, 100), SETTINGS, NOW_MS).data)).toEqual(
    expect.arrayContaining(ofMlflow),
  );
});

test.each([
  [0.5, "warning"],
  [0.99, "warning"],
  [1, "critical"],
  [1.5, "critical"],
])("a threshold of %d is %s", (threshold, severity) => {
  expect(alertMessage(thresholdOf(threshold, 150), SETTINGS, NOW_MS).severity).toBe(severity);
});

test("a budget that no manifest declares is named by its id", () => {
  const message = alertMessage(thresholdOf(0.5, 50), undefined, NOW_MS);

  expect(message.subject).toBe("Budget bp-1: 50 % spent");
  expect(message.text).toContain("of the budget bp-1 (ENDPOINT) is spent");
  expect(message.attributes).not.toHaveProperty("owner");
});

test("a label cannot pass for an attribute of ours", () => {
  const labels = { policyId: "another", owner: "another" };

  const { attributes } = alertMessage(thresholdOf(0.5, 50), { ...SETTINGS, labels }, NOW_MS);

  expect(attributes).toMatchObject({ policyId: "bp-1", owner: "search" });
});

test("the same fact has the same id, whenever and at whatever spend it is found", () => {
  const one = alertMessage(thresholdOf(0.8, 81), SETTINGS, NOW_MS);
  const later = alertMessage(thresholdOf(0.8, 93), undefined, NOW_MS + 1);

  expect(later.id).toBe(one.id);
});

test("another fact has another id", () => {
  const base = thresholdOf(0.8, 100);
  const facts: DueAlert[] = [
    base,
    thresholdOf(0.95, 100),
    rejecting(100),
    { ...base, windowStartMs: base.windowStartMs + 1 },
    { ...base, policy: { ...base.policy, budget_policy_id: "bp-2" } },
    { ...base, policy: { ...base.policy, budget_amount: 101 } },
  ];

  const ids = facts.map((alert) => alertMessage(alert, SETTINGS, NOW_MS).id);

  expect(new Set(ids).size).toBe(facts.length);
});
