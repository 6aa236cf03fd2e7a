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
