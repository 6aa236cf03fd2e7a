import type { LedgerKind } from "#runtime/ledger.ts";

/** What a manifest says of a budget and MLflow has no field for; kept by policy id. */
export interface BudgetSettings {
  readonly name: string;
  readonly owner: string;
  /** What the budget is about, in words: an endpoint's name, a user, or the scope. */
  readonly target: string;
  readonly thresholds?: readonly number[] | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Written by config sync, read by the monitor. */
export const BUDGET_SETTINGS: LedgerKind<BudgetSettings> = { name: "budget", version: 1 };
