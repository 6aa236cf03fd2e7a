import type { PolicySpend } from "#budgets/window.ts";

type Spent = PolicySpend & { readonly spendRatio: number };

/** What is spent of the budget, and what is left. */
export function spentLines({ policy, spend, spendRatio }: Spent, budget: string): string[] {
  const money = (amount: number) => `${amount.toFixed(2)} ${policy.budget_unit}`;
  const amount = policy.budget_amount;
  return [
    `At least ${money(spend)} of ${money(amount)} (${percent(spendRatio)}) of the budget ${budget} is spent.`,
    `Left: ${money(Math.max(0, amount - spend))}.`,
  ];
}

export function windowEnd({ windowEndMs }: PolicySpend): string {
  return new Date(windowEndMs).toISOString();
}

export function percent(ratio: number): string {
  return `${percentNumber(ratio)} %`;
}

export function percentNumber(ratio: number): number {
  return Math.round(ratio * 100);
}
