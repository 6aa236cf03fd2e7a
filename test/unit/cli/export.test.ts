import { expect, test } from "@jest/globals";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup } from "./cli-setup.ts";

const root = temporaryFolder();

const GUARDED = `version: 1
secrets:
  - { name: s, provider: openai, value_from: { env: OPENAI_KEY }, protected: true }
model_definitions:
  - { name: m, secret: s, model_name: gpt-4o, protected: true }
  - { name: spare, secret: s, model_name: gpt-4o }
endpoints:
  - name: chat
    usage_tracking: false
    models: [{ model_definition: m, linkage_type: PRIMARY }]
    protected: true
budgets:
  - name: month
    budget_amount: 5
    duration: { unit: MONTHS, value: 1 }
    target_scope: GLOBAL
    budget_action: ALERT
    labels: { cost-center: "42" }
    alerts: { thresholds: [0.5, 0.9] }
    protected: true
lint: { disable: [unused-model-definition] }
`;

async function appliedCli() {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", GUARDED);
  const { status, stderr } = await cli.run(["apply", "gateway.yaml", "--yes"]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return cli;
}

test("an export says all that was declared, and applying it in place of the file changes nothing", async () => {
  const cli = await appliedCli();

  const { stdout } = await cli.run(["export"]);
  cli.write("gateway.yaml", stdout);
  const validated = await cli.run(["validate", "gateway.yaml"]);
  const planned = await cli.run(["plan", "gateway.yaml", "--json"]);

  expect(stdout).toMatch(/^# yaml-language-server: \$schema=gateway-manifest\.schema\.json\n/);
  expect(stdout.match(/protected: true/g)).toHaveLength(4);
  expect(stdout).toContain('labels: { cost-center: "42" }');
  expect(stdout).toMatch(/thresholds:\s+- 0\.5\s+- 0\.9/);
  expect(stdout).toContain("- unused-model-definition");
  expect(validated).toMatchObject({ status: 0, stdout: "" });
  expect(planned.status).toBe(0);
  expect(planned.stdout).not.toContain("unprotected");
});

test.each([
  ["left out", ""],
  ["false", ", protected: false"],
])("a plan in which protected is %s says that the protection ends", async (_, stated) => {
  const cli = await appliedCli();
  cli.write("gateway.yaml", GUARDED.replace(", protected: true", stated));

  const { stdout } = await cli.run(["plan", "gateway.yaml"]);

  expect(stdout).toContain("secret/s was protected, and is not declared so any more");
  expect(stdout).not.toContain("model_definition/m was protected");
});

test("a rename that leaves protected out says so under the new name", async () => {
  const cli = await appliedCli();
  const renamed = GUARDED.replaceAll("model_definition: m,", "model_definition: n,").replace(
    "name: m, secret: s, model_name: gpt-4o, protected: true",
    "name: n, previous_name: m, secret: s, model_name: gpt-4o",
  );
  cli.write("gateway.yaml", renamed);

  const { stdout } = await cli.run(["plan", "gateway.yaml"]);

  expect(stdout).toContain("model_definition/n was protected");
});
