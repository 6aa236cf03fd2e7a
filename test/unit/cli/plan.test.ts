import { expect, test } from "@jest/globals";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BROKEN, cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();

test("what is pending is data on stdout, and the exit status is 2", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);

  const { status, stdout, stderr } = await cli.run(["plan", "gateway.yaml"]);

  expect(status).toBe(2);
  expect(stdout).toContain("+ create endpoint/chat\n");
  expect(stdout).toContain("Plan: 3 to create, 0 to update, 0 to delete, 0 to adopt");
  expect(stderr).toBe("");
  expect(cli.gateway.writes()).toEqual([]);
});

test("with nothing to change the exit status is 0", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);

  const { status, stdout } = await cli.run(["plan", "gateway.yaml"]);

  expect(status).toBe(0);
  expect(stdout).toContain("Plan: 0 to create, 0 to update, 0 to delete, 0 to adopt");
});

test("the plan is JSON for machines, without the text of the manifests", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", `${MANIFEST}# a remark\n`);

  const { status, stdout } = await cli.run(["plan", "gateway.yaml", "--json"]);
  const plan = JSON.parse(stdout);

  expect(status).toBe(2);
  expect(plan).toMatchObject({
    ...{ version: 1, server: "http://localhost:5000", owner: "default", outcome: "planned" },
    workspaces: [{ workspace: "default", prune: false, refusals: [], outcomes: [] }],
  });
  expect(plan.manifests).toEqual([
    { key: "gateway.yaml", version_id: expect.stringMatching(/^sha256:/), outcome: "planned" },
  ]);
  expect(plan.workspaces[0].changes).toHaveLength(3);
  expect(stdout).not.toContain("a remark");
});

test("the plan is Markdown for a comment on a pull request", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);

  const { status, stdout } = await cli.run(["plan", "gateway.yaml", "--markdown"]);

  expect(status).toBe(2);
  expect(stdout).toMatch(/^# Plan\n/);
});

test("a file that is invalid is told with its line; the others are planned", async () => {
  const cli = cliSetup(root);
  cli.write("good.yaml", MANIFEST);
  cli.write("broken.yaml", BROKEN);

  const { status, stdout, stderr } = await cli.run(["plan", "."]);

  expect(status).toBe(4);
  expect(stdout).toContain("3 to create");
  expect(stderr).toMatch(/^error: broken\.yaml:3:\d+ endpoints\[0\]/);
});

test("a value that is missing is told at the place that names it", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST.replace("OPENAI_KEY", "MISSING_KEY"));

  const { status, stderr } = await cli.run(["plan", "gateway.yaml"]);

  expect(status).toBe(4);
  expect(stderr).toContain("gateway.yaml:5:19 secrets[0].value_from.env");
  expect(stderr).toContain("the environment variable MISSING_KEY is not set");
});

test("what a guard refuses has the exit status 3, and the approval is told", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("gateway.yaml", "version: 1\nendpoints: []\n");

  const { status, stdout, stderr } = await cli.run(["plan", "gateway.yaml", "--prune"]);

  expect(status).toBe(3);
  expect(stdout).toContain("refused: ");
  expect(stderr).toMatch(/to let exactly this plan pass: --approve [0-9a-f]{64}\n/);
});

test("manifests come from stdin too", async () => {
  const { status, stdout } = await cliSetup(root).run(["plan", "-"], { stdin: MANIFEST });

  expect(status).toBe(2);
  expect(stdout).toContain("+ create endpoint/chat");
});

test("the owner, the workspace, the server and the login reach the gateway", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);

  const { stdout } = await cli.run(["plan", "gateway.yaml", "--owner", "team-a"], {
    env: {
      MLFLOW_TRACKING_URI: "https://mlflow.example.com/",
      MLFLOW_TRACKING_USERNAME: "ada",
      MLFLOW_TRACKING_PASSWORD: "pw",
      MLFLOW_WORKSPACE: "team-space",
    },
  });

  expect(stdout).toContain("Plan of the owner team-a in the workspace team-space");
  expect(cli.opened[0]).toMatchObject({
    trackingUri: "https://mlflow.example.com",
    auth: { username: "ada" },
    owner: "team-a",
  });
});

test("a manifest that names its workspace stays in it", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", `workspace: its-own\n${MANIFEST}`);

  const { stdout } = await cli.run(["plan", "gateway.yaml", "--workspace", "team-space"]);

  expect(stdout).toContain("in the workspace its-own");
});

test("a policy of the platform team can be checked against", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  cli.write("policy.yaml", "version: 2\nowners: { default: { names: [team-*] } }\n");

  const { status, stderr } = await cli.run(["plan", "gateway.yaml", "--policy", "policy.yaml"]);

  expect(status).toBe(4);
  expect(stderr).toContain("is not granted to this owner");
});

test("for a stack the values can come from AWS only", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  cli.settings.isShared = true;

  const { status, stderr } = await cli.run(["plan", "gateway.yaml", "--stack", "GatewayOps"]);

  expect(status).toBe(4);
  expect(stderr).toContain("manifests/default/gateway.yaml:5:");
  expect(cli.opened[0]?.stack).toBe("GatewayOps");
});

const WITHOUT_KEY = { env: { OPENAI_KEY: "" } };

test("without the values of secrets all else is planned, and the plan says so", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  const command = ["plan", "gateway.yaml", "--no-values"];

  const text = await cli.run(command, WITHOUT_KEY);
  const json = await cli.run([...command, "--json"], WITHOUT_KEY);
  const markdown = await cli.run([...command, "--markdown"], WITHOUT_KEY);

  expect([text.status, json.status, markdown.status]).toEqual([2, 2, 2]);
  for (const { stdout } of [text, markdown]) {
    expect(stdout).toContain("note: secret/openai-prod value: not looked up\n");
    expect(stdout).toContain(" create endpoint/chat\n");
  }
  expect(text.stderr).toContain("values were not looked up");
  expect(JSON.parse(json.stdout).workspaces[0].notices).toContainEqual({
    code: "value-not-looked-up",
    key: "secret/openai-prod",
    message: "value: not looked up",
  });
});

test("without values a secret that is there already counts as unchanged", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);

  const { status, stdout } = await cli.run(["plan", "gateway.yaml", "--no-values"], WITHOUT_KEY);

  expect(status).toBe(0);
  expect(stdout).toContain("note: secret/openai-prod value: not looked up\n");
});

test.each([
  ["an environment variable", "{ env: MISSING_KEY }"],
  ["a file", "{ file: missing.txt }"],
  ["a secret in AWS", "{ secrets_manager: missing/key }"],
])("where %s cannot be read the way on is told, and leads on", async (_, reference) => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST.replace("{ env: OPENAI_KEY }", reference));

  const without = await cli.run(["plan", "gateway.yaml"]);
  const on = await cli.run(["plan", "gateway.yaml", "--no-values"]);

  expect(without.status).toBe(4);
  expect(without.stderr).toMatch(/to plan all else without the values of secrets: --no-values\n$/);
  expect([on.status, on.stderr]).toEqual([2, expect.not.stringContaining("--no-values\n")]);
});

test("a kept plan without values cannot be applied; one that needs none can", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  const keep = ["--no-values", "--output-file", "plan.json"];
  await cli.run(["plan", "gateway.yaml", ...keep]);

  const refused = await cli.run(["apply", "--plan", "plan.json", "--yes"]);
  expect([refused.status, refused.stderr]).toEqual([
    3,
    "gwops: the plan was made with --no-values: whether the value of secret/openai-prod changes is not in it; plan again without --no-values\n",
  ]);
  expect(cli.gateway.writes()).toEqual([]);

  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("budgets.yaml", "version: 1\nbudgets: []\n");
  await cli.run(["plan", "budgets.yaml", ...keep]);
  const applied = await cli.run(["apply", "--plan", "plan.json", "--yes"]);
  expect(applied.status).toBe(0);
});

test("a plan without values that a guard refuses promises no approval", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("gateway.yaml", MANIFEST.replace(/endpoints:.*budgets/s, "endpoints: []\nbudgets"));
  const command = ["plan", "gateway.yaml", "--prune"];

  const whole = await cli.run(command);
  const without = await cli.run([...command, "--no-values"], WITHOUT_KEY);

  expect([whole.status, without.status]).toEqual([3, 3]);
  expect(whole.stderr).toContain("--approve");
  expect(without.stderr).not.toContain("--approve");
});

test("without values it is still told that a live key would be replaced", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.gateway.secrets.create({
    secret_name: "openai-prod",
    provider: "openai",
    secret_value: { api_key: "sk-by-hand" },
  } as never);

  const { stdout } = await cli.run(["plan", "gateway.yaml", "--no-values"], WITHOUT_KEY);

  expect(stdout).toContain("= adopt secret/openai-prod");
  expect(stdout).toContain("high risk: the key that it holds now");
});
