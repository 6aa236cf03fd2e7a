import { expect, test } from "@jest/globals";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
} from "../../../support/builders.ts";
import { issuesOf, yaml } from "../../../support/issues.ts";

test("the second use of a name is pointed at", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    secrets:
      - { name: openai, provider: openai, value_from: { secrets_manager: a } }
      - { name: openai, provider: openai, value_from: { secrets_manager: b } }
  `);

  expect(issues).toEqual([
    'gateway.yaml:4:7 secrets[1].name is used twice: "openai" is declared above (unique-names)',
  ]);
});

test("every kind of resource has unique names", async () => {
  const manifest = aManifest({
    secrets: [aSecret(), aSecret()],
    model_definitions: [aModelDefinition(), aModelDefinition()],
    endpoints: [anEndpoint(), anEndpoint()],
    budgets: [aBudget(), aBudget(), aBudget()],
  });

  const issues = await issuesOf(JSON.stringify(manifest));

  expect(issues.map((issue) => issue.split(" ")[1])).toEqual([
    "secrets[1].name",
    "model_definitions[1].name",
    "endpoints[1].name",
    "budgets[1].name",
    "budgets[2].name",
  ]);
});

test("resources of different kinds may have the same name", async () => {
  const manifest = aManifest({
    secrets: [aSecret({ name: "chat" })],
    model_definitions: [aModelDefinition({ name: "chat", secret: "chat" })],
    endpoints: [anEndpoint({ models: [{ model_definition: "chat", linkage_type: "PRIMARY" }] })],
    budgets: [aBudget({ name: "chat" })],
  });

  expect(await issuesOf(JSON.stringify(manifest))).toEqual([]);
});
