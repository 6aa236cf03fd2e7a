import type { PolicySpend } from "./window.ts";

/** Shares of the amount at which an alert is sent when the manifest does not say. */
export const THRESHOLDS_DEFAULT: readonly number[] = [0.5, 0.8, 0.95, 1];

/** What is remembered of a policy within one window; a new window starts afresh. */
interface WindowState {
  readonly windowStartMs: number;
  /** The policy's amount: what was told of a former amount is no longer true of another. */
  readonly amount: number;
  /** The highest spend seen: server processes count apart, so that a reading may go back. */
  readonly spend: number;
  /** The highest threshold that was alerted. */
  readonly alertedThreshold?: number | undefined;
  readonly isRejectingAlerted?: boolean | undefined;
}

export type MonitorState = Readonly<Record<string, WindowState>>;

/** Something that people must be told about a policy, once per window. */
export type DueAlert = PolicySpend & { readonly spendRatio: number } & (
    | { readonly kind: "threshold"; readonly threshold: number }
    /** Calls get 429 until the window ends or the amount is raised. */
    | { readonly kind: "rejecting" }
  );

/**
 * Decides what to tell. Pure: the same readings and the same state give the same alerts, and a
 * second evaluation with the returned state finds nothing. Of several thresholds crossed at once
 * only the highest is told; the lower ones count as told. What is beyond `alertsMax` is neither
 * told nor remembered, and so found again.
 */
export function evaluate(
  spends: readonly PolicySpend[],
  thresholdsOf: (policyId: string) => readonly number[],
  state: MonitorState,
  alertsMax: number,
): { readonly alerts: readonly DueAlert[]; readonly state: MonitorState } {
  const alerts: DueAlert[] = [];
  // A policy without a reading keeps what was told of it: another process may show it next time.
  const next: Record<string, WindowState> = { ...state };
  for (const reading of spends) {
    const id = reading.policy.budget_policy_id;
    const before = stateBefore(reading, state[id]);
    const spend = Math.max(before.spend, reading.spend);
    const found =
      alerts.length < alertsMax
        ? evaluatePolicy({ ...reading, spend }, thresholdsOf(id), before)
        : undefined;
    if (found) alerts.push(found);
    next[id] = { ...before, spend, ...(found ? rememberedOf(found) : {}) };
  }
  return { alerts, state: next };
}

function stateBefore(reading: PolicySpend, known: WindowState | undefined): WindowState {
  const { windowStartMs } = reading;
  const amount = reading.policy.budget_amount;
  if (known?.windowStartMs !== windowStartMs) return { windowStartMs, amount, spend: 0 };
  return known.amount === amount ? known : { windowStartMs, amount, spend: known.spend };
}

function evaluatePolicy(
  reading: PolicySpend,
  thresholds: readonly number[],
  before: WindowState,
): DueAlert | undefined {
  const { policy, spend } = reading;
  // An amount of 0 is a switch that rejects every call.
  const spendRatio = policy.budget_amount > 0 ? spend / policy.budget_amount : 1;
  // "Rejecting" says all that a threshold would say, and more.
  if (policy.budget_action === "REJECT" && spendRatio >= 1) {
    return before.isRejectingAlerted ? undefined : { ...reading, spendRatio, kind: "rejecting" };
  }
  const threshold = Math.max(0, ...thresholds.filter((share) => spendRatio >= share));
  if (threshold <= (before.alertedThreshold ?? 0)) return undefined;
  return { ...reading, spendRatio, kind: "threshold", threshold };
}

function rememberedOf(alert: DueAlert): Partial<WindowState> {
  return alert.kind === "rejecting"
    ? { isRejectingAlerted: true }
    : { alertedThreshold: alert.threshold };
}
