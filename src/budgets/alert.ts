import type { Message } from "#runtime/message.ts";
import type { AlertName, AlertOf, DueAlert } from "./alerts/alert-kind.ts";
import { ALERT_KINDS } from "./alerts/all.ts";
import type { BudgetSettings } from "./settings.ts";

/**
 * The message of an alert. Its id is the policy, the start of the window, the kind, the threshold
 * and the amount: the same fact is the same message, whoever decides it. `data` has every field of
 * MLflow's own budget webhook, so that its consumers can switch.
 */
export function alertMessage(
  alert: DueAlert,
  settings: BudgetSettings | undefined,
  nowMs: number,
): Message {
  return messageOf(alert.kind, alert, settings, nowMs);
}

function messageOf<K extends AlertName>(
  kind: K,
  alert: AlertOf<K>,
  settings: BudgetSettings | undefined,
  nowMs: number,
): Message {
  const { policy, windowStartMs, windowEndMs, spend, spendRatio } = alert;
  const traits = ALERT_KINDS[kind];
  const name = settings?.name ?? policy.budget_policy_id;
  const threshold = traits.threshold(alert);
  const target = settings?.target ?? policy.target_scope;
  return {
    topic: "alerts",
    id: `budget-${kind}:${policy.budget_policy_id}@${windowStartMs}@${threshold}@${policy.budget_amount}`,
    type: `mlflow-gateway-ops.budget.${traits.type}`,
    severity: traits.severity(alert),
    timeMs: nowMs,
    subject: `Budget ${name}: ${traits.subject(alert)}`,
    text: traits.text(alert, `${name} (${target})`).join("\n"),
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
    attributes: attributesOf(alert, settings, traits.attributes(alert)),
  };
}

/** In order of use to subscribers: the publisher has room for ten in all. */
function attributesOf(
  { policy }: Pick<DueAlert, "policy">,
  settings: BudgetSettings | undefined,
  ofKind: Message["attributes"],
): Message["attributes"] {
  const own = {
    ...(settings ? { owner: settings.owner } : {}),
    budgetAction: policy.budget_action,
    ...ofKind,
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
