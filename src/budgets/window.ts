import type { BudgetPolicy, BudgetWindow } from "#gateway/types.ts";

/** A policy with what is known of its current window. */
export interface PolicySpend {
  readonly policy: BudgetPolicy;
  readonly windowStartMs: number;
  readonly windowEndMs: number;
  /** In the policy's unit; at least this much was spent. */
  readonly spend: number;
}

/**
 * Joins policies with their windows. A policy without a running window is left out: MLflow shows
 * a window late, and goes on showing one that has ended, so that absent means unknown, not zero.
 * Of several readings of a window the highest counts: each server process counts for itself.
 */
export function currentSpend(
  policies: readonly BudgetPolicy[],
  windows: readonly BudgetWindow[],
  nowMs: number,
): PolicySpend[] {
  const running = new Map<string, BudgetWindow>();
  for (const window of windows) {
    if (window.window_end_ms <= nowMs) continue;
    const known = running.get(window.budget_policy_id);
    if (!known || window.current_spend > known.current_spend) {
      running.set(window.budget_policy_id, window);
    }
  }
  return policies.flatMap((policy) => {
    const window = running.get(policy.budget_policy_id);
    if (!window) return [];
    return [
      {
        policy,
        windowStartMs: window.window_start_ms,
        windowEndMs: window.window_end_ms,
        spend: window.current_spend,
      },
    ];
  });
}
