import { expect, test } from "@jest/globals";
import type { ManifestBudget } from "#manifest/types.ts";
import { aBudget, aManifest } from "../../../support/builders.ts";
import { issuesOf, yaml } from "../../../support/issues.ts";

async function issuesWith(changes: Partial<ManifestBudget>): Promise<string[]> {
  return issuesOf(JSON.stringify(aManifest({ budgets: [aBudget(changes)] })));
}

test("a budget without the target of its scope is pointed at", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    budgets:
      - name: monthly
        budget_amount: 1
        duration: { unit: MONTHS, value: 1201 }
        target_scope: USER
        budget_action: ALERT
  `);

  expect(issues).toEqual([
    "gateway.yaml:3:5 budgets[0].target_value is required with target_scope USER (budget-target-scope)",
    "gateway.yaml:5:31 budgets[0].duration.value must be at most 1200 MONTHS, got 1201: a longer window stops MLflow's spend tracking (budget-duration)",
  ]);
});

test.each<[Partial<ManifestBudget>, string]>([
  [{ target_value: undefined }, "target_value is required with target_scope ENDPOINT"],
  [
    { target_scope: "GLOBAL" },
    'target_value is not allowed with target_scope GLOBAL, got "chat" (budget-target-scope)',
  ],
  [{ target_scope: "WORKSPACE" }, "target_value is not allowed with target_scope WORKSPACE"],
  [{ duration: { unit: "MINUTES", value: 52_560_001 } }, "must be at most 52560000 MINUTES"],
  [{ duration: { unit: "HOURS", value: 876_001 } }, "must be at most 876000 HOURS"],
  [{ duration: { unit: "DAYS", value: 36_501 } }, "must be at most 36500 DAYS"],
  [{ duration: { unit: "WEEKS", value: 5_201 } }, "must be at most 5200 WEEKS"],
])("a budget with %j is refused", async (changes, message) => {
  expect(await issuesWith(changes)).toEqual([expect.stringContaining(message)]);
});

test.each<[Partial<ManifestBudget>]>([
  [{}],
  [{ target_scope: "GLOBAL", target_value: undefined }],
  [{ target_scope: "WORKSPACE", target_value: undefined }],
  [{ target_scope: "USER", target_value: "somebody" }],
  [{ duration: { unit: "MONTHS", value: 1_200 } }],
  [{ duration: { unit: "WEEKS", value: 5_200 } }],
])("a budget with %j is fine", async (changes) => {
  expect(await issuesWith(changes)).toEqual([]);
});
