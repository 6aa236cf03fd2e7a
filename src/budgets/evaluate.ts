import type { DueAlert, Told } from "./alerts/alert-kind.ts";
import { findDue } from "./alerts/all.ts";
import type { PolicySpend } from "./window.ts";

/** Shares of the amount at which an alert is sent when the manifest does not say. */
export const THRESHOLDS_DEFAULT: readonly number[] = [0.5, 0.8, 0.95, 1];

/** What is remembered of a policy within one window; a new window starts afresh. */
interface WindowState extends Told {
  readonly windowStartMs: number;
  /** The policy's amount: what was told of a former amount is no longer true of another. */
  readonly amount: number;
  /** The highest spend seen: server processes count apart, so that a reading may go back. */
  readonly spend: number;
}

export type MonitorState = Readonly<Record<string, WindowState>>;

/**
 * Decides what to tell. Pure: the same readings and the same state give the same alerts, and a
 * second evaluation with the returned state finds nothing. What is beyond `alertsMax` is neither
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
    const thresholds = thresholdsOf(id);
    const found = findDue(
      { ...reading, spend, spendRatio: ratioOf(reading, spend), thresholds },
      before,
    );
    let after: WindowState = { ...before, spend };
    for (const { alert, told } of found.slice(0, alertsMax - alerts.length)) {
      alerts.push(alert);
      after = { ...after, ...told };
    }
    next[id] = after;
  }
  return { alerts, state: next };
}

function stateBefore(reading: PolicySpend, known: WindowState | undefined): WindowState {
  const { windowStartMs } = reading;
  const amount = reading.policy.budget_amount;
  if (known?.windowStartMs !== windowStartMs) return { windowStartMs, amount, spend: 0 };
  return known.amount === amount ? known : { windowStartMs, amount, spend: known.spend };
}

/** An amount of 0 is a switch that rejects every call. */
function ratioOf({ policy }: PolicySpend, spend: number): number {
  return policy.budget_amount > 0 ? spend / policy.budget_amount : 1;
}
