import { DURATION_VALUE_MAX } from "#manifest/schema.ts";
import type { Manifest, ManifestBudget, ManifestFinding } from "#manifest/types.ts";

/** Scope and target belong together, and a window must end within the reach of a date. */
export function budgetTarget(manifest: Manifest): ManifestFinding[] {
  return (manifest.budgets ?? []).flatMap((budget, index) => [
    ...target(budget, index),
    ...duration(budget, index),
  ]);
}

function target(budget: ManifestBudget, index: number): ManifestFinding[] {
  const needsTarget = budget.target_scope === "ENDPOINT" || budget.target_scope === "USER";
  if (needsTarget === (budget.target_value !== undefined)) return [];
  const message = needsTarget
    ? `is required with target_scope ${budget.target_scope}`
    : `is not allowed with target_scope ${budget.target_scope}, got "${budget.target_value}"`;
  return [{ rule: "budget-target", path: ["budgets", index, "target_value"], message }];
}

function duration({ duration }: ManifestBudget, index: number): ManifestFinding[] {
  const most = DURATION_VALUE_MAX[duration.unit];
  if (duration.value <= most) return [];
  const message = `must be at most ${most} ${duration.unit}, got ${duration.value}: a longer window stops MLflow's spend tracking`;
  return [{ rule: "budget-target", path: ["budgets", index, "duration", "value"], message }];
}
