import { expect, test } from "@jest/globals";
import { aBudget, aManifest } from "../../../support/builders.ts";
import { issuesOf, yaml } from "../../../support/issues.ts";

test("a reference to what is not declared is pointed at, with the name that was meant", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    secrets:
      - { name: openai-prod, provider: openai, value_from: { secrets_manager: a } }
    model_definitions:
      - { name: gpt-4o, secret: openai-prd, model_name: gpt-4o }
    endpoints:
      - name: chat
        models:
          - { model_definition: gpt-4o, linkage_type: PRIMARY }
          - { model_definition: claude, linkage_type: FALLBACK }
    budgets:
      - name: monthly
        budget_amount: 1
        duration: { unit: MONTHS, value: 1 }
        target_scope: ENDPOINT
        target_value: caht
        budget_action: ALERT
  `);

  expect(issues).toEqual([
    'gateway.yaml:5:21 model_definitions[0].secret names a secret that is not declared, got "openai-prd"; did you mean "openai-prod"? (known-references)',
    'gateway.yaml:10:11 endpoints[0].models[1].model_definition names a model definition that is not declared, got "claude" (known-references)',
    'gateway.yaml:16:5 budgets[0].target_value names an endpoint that is not declared, got "caht" (known-references)',
  ]);
});

test("everything that is declared may be referred to, and a user need not be declared", async () => {
  const ofUser = aBudget({ name: "of-a-user", target_scope: "USER", target_value: "somebody" });
  const manifest = aManifest({ budgets: [aBudget(), ofUser] });

  expect(await issuesOf(JSON.stringify(manifest))).toEqual([]);
});
