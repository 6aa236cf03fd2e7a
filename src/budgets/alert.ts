import type { Message, Severity } from "#runtime/message.ts";
import type { DueAlert } from "./evaluate.ts";
import type { BudgetSettings } from "./settings.ts";

/**
 * The alert for a alert. Its id is the policy, the start of the window, the kind, the threshold
 * and the amount: the same fact is the same message, whoever decides it. `data` has every field of
 * MLflow's own budget webhook, so that its consumers can switch.
 */
export function alertMessage(
  alert: DueAlert,
  settings: BudgetSettings | undefined,
  nowMs: number,
): Message {
  const { policy, windowStartMs, windowEndMs, spend, spendRatio } = alert;
  const name = settings?.name ?? policy.budget_policy_id;
  const what = alert.kind === "rejecting" ? "rejecting" : `${percent(alert.threshold)}`;
  const threshold = alert.kind === "threshold" ? alert.threshold : 1;
  return {
    topic: "alerts",
    id: `budget-${alert.kind}:${policy.budget_policy_id}@${windowStartMs}@${threshold}@${policy.budget_amount}`,
    type: `mlflow-gateway-ops.budget.${alert.kind === "rejecting" ? "rejecting" : "threshold-crossed"}`,
    severity: severityOf(alert),
    timeMs: nowMs,
    subject: `Budget ${name}: ${alert.kind === "rejecting" ? "calls are being rejected" : `${what} spent`}`,
    text: alertText(alert, name, settings?.target ?? policy.target_scope),
    data: {
      budget_policy_id: policy.budget_policy_id,
      budget_unit: policy.budget_unit,
      budget_amount: policy.budget_amount,
      current_spend: spend,
      duration_unit: policy.duration.unit,
      duration_value: policy.duration.value,
      target_scope: policy.target_scope,
      target_value: policy.target_value,
      window_start: windowStartMs,
      window_end: windowEndMs,
      name,
      owner: settings?.owner,
      target: settings?.target,
      budget_action: policy.budget_action,
      spend_ratio: spendRatio,
      threshold,
      labels: settings?.labels ?? {},
    },
    attributes: attributesOf(alert, settings, threshold),
  };
}

/** In order of use to subscribers: the publisher has room for ten in all. */
function attributesOf(
  { policy }: DueAlert,
  settings: BudgetSettings | undefined,
  threshold: number,
): Message["attributes"] {
  const own = {
    ...(settings ? { owner: settings.owner } : {}),
    budgetAction: policy.budget_action,
    thresholdPercent: Math.round(threshold * 100),
  };
  return {
    ...own,
    ...settings?.labels,
    // A label cannot stand in for one of ours.
    ...own,
    policyId: policy.budget_policy_id,
    targetScope: policy.target_scope,
  };
}

function severityOf(alert: DueAlert): Severity {
  if (alert.kind === "rejecting") return "critical";
  return alert.threshold >= 1 ? "critical" : "warning";
}

function alertText(alert: DueAlert, name: string, target: string): string {
  const { policy, spend, spendRatio, windowEndMs } = alert;
  const money = (amount: number) => `${amount.toFixed(2)} ${policy.budget_unit}`;
  const ends = new Date(windowEndMs).toISOString();
  const consequence =
    alert.kind === "rejecting"
      ? `Calls are rejected with HTTP 429 until ${ends}, or until the amount is raised.`
      : `The window ends at ${ends}.`;
  return [
    `At least ${money(spend)} of ${money(policy.budget_amount)} (${percent(spendRatio)}) of the budget ${name} (${target}) is spent.`,
    `Left: ${money(Math.max(0, policy.budget_amount - spend))}.`,
    consequence,
  ].join("\n");
}

function percent(ratio: number): string {
  return `${Math.round(ratio * 100)} %`;
}
