import { expect, test } from "@jest/globals";
import { GatewayTimeoutError } from "#gateway/errors.ts";
import { ownerMark } from "#runtime/marks.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { MemoryLedger } from "../../support/memory-ledger.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BROKEN, cliSetup, MANIFEST, SECRET_VALUE } from "./cli-setup.ts";

const root = temporaryFolder();

function cliWithManifest() {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  return cli;
}

test("a person is asked with the numbers, and what they confirm is applied", async () => {
  const cli = cliWithManifest();

  const { status, stdout, stderr } = await cli.run(["apply", "gateway.yaml"], { answer: "y" });

  expect(cli.questions).toEqual(["3 to create: apply? [y/N] "]);
  expect(stderr).toContain("+ create endpoint/chat");
  expect(stdout).toContain("applied       create endpoint/chat\n");
  expect(stdout).toMatch(/\n3 applied; \d+ requests in \d+\.\d s\n$/);
  expect(status).toBe(0);
  expect(cli.gateway.visible().endpoints).toHaveLength(1);
});

test.each(["", "n", "no", "yesterday"])("the answer %j changes nothing", async (answer) => {
  const cli = cliWithManifest();

  const { status, stderr } = await cli.run(["apply", "gateway.yaml"], { answer });

  expect(status).toBe(1);
  expect(stderr).toContain("nothing was changed");
  expect(cli.gateway.writes()).toEqual([]);
});

test("where nobody can be asked it takes --yes", async () => {
  const cli = cliWithManifest();

  const { status, stderr } = await cli.run(["apply", "gateway.yaml"]);

  expect(status).toBe(1);
  expect(stderr).toContain("3 to create: nobody can be asked here");
  expect(cli.gateway.writes()).toEqual([]);
  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).toBe(0);
});

test("with nothing to change nobody is asked", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);

  const { status, stdout } = await cli.run(["apply", "gateway.yaml"]);

  expect(status).toBe(0);
  expect(stdout).toMatch(/^unchanged: nothing was changed; /);
});

test("what changed while a person was thinking is not applied", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("gateway.yaml", MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-5"));
  const writes = cli.gateway.writes().length;
  const [{ model_definition_id = "", secret_id = "" } = {}] = cli.gateway.visible().definitions;
  cli.settings.whileAsked = () =>
    cli.gateway.modelDefinitions.update({
      model_definition_id,
      secret_id,
      provider: "openai",
      model_name: "gpt-3",
    });

  const { status, stderr } = await cli.run(["apply", "gateway.yaml"], { answer: "y" });

  expect(status).toBe(3);
  expect(stderr).toContain("the plan is stale");
  expect(cli.gateway.writes()).toHaveLength(writes + 1);
});

test("a saved plan is applied exactly", async () => {
  const cli = cliWithManifest();
  await cli.run(["plan", "gateway.yaml", "--output-file", "plan.json"]);
  cli.write("gateway.yaml", "version: 1\n");

  const { status } = await cli.run(["apply", "--plan", "plan.json", "--yes"]);

  expect(status).toBe(0);
  expect(cli.gateway.visible().endpoints).toHaveLength(1);
  expect((await cli.run(["apply", "--plan", "plan.json", "--yes"])).status).toBe(3);
});

test("a plan that a later release saved is refused", async () => {
  const cli = cliWithManifest();
  await cli.run(["plan", "gateway.yaml", "--output-file", "plan.json"]);
  cli.write("plan.json", JSON.stringify({ ...JSON.parse(cli.read("plan.json")), version: 2 }));

  const { status, stderr } = await cli.run(["apply", "--plan", "plan.json", "--yes"]);

  expect(status).toBe(1);
  expect(stderr).toContain("the plan plan.json has version 2, and this release");
  expect(cli.gateway.writes()).toEqual([]);
});

test("a saved plan carries its owner, its workspace and its prune mode", async () => {
  const cli = cliWithManifest();
  const flags = ["--owner", "team-a", "--workspace", "space-a"];
  await cli.run(["apply", "gateway.yaml", "--yes", ...flags]);
  cli.write("gateway.yaml", "version: 1\nendpoints: []\n");
  await cli.run(["plan", "gateway.yaml", "--prune", "--output-file", "plan.json", ...flags]);
  const { workspaces } = JSON.parse(cli.read("plan.json"));

  const { status } = await cli.run([
    "apply",
    "--plan",
    "plan.json",
    "--approve",
    workspaces[0].checksum,
    "--yes",
  ]);

  expect(status).toBe(0);
  expect(cli.gateway.visible().endpoints).toEqual([]);
});

test.each([
  [["apply"], "name manifests, or a plan with --plan, and not both"],
  [["apply", "gateway.yaml", "--plan", "plan.json"], "and not both"],
  [["apply", "--plan", "missing.json"], "missing.json cannot be read: ENOENT"],
  [["apply", "--plan", "gateway.yaml"], "gateway.yaml is not a plan"],
  [["apply", "gateway.yaml", "--stack", "a", "--ledger", "b"], "both name a ledger"],
])("gwops %j is refused", async (argv, problem) => {
  const { status, stderr } = await cliWithManifest().run(argv);

  expect(status).toBe(1);
  expect(stderr).toContain(problem);
});

test("a file that is invalid blocks only itself", async () => {
  const cli = cliWithManifest();
  cli.write("broken.yaml", BROKEN);

  const { status, stderr } = await cli.run(["apply", ".", "--yes"]);

  expect(status).toBe(4);
  expect(stderr).toContain("error: broken.yaml:3:");
  expect(cli.gateway.visible().endpoints).toHaveLength(1);
});

test("what a guard refuses is not applied, until exactly this plan is approved", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("gateway.yaml", "version: 1\nendpoints: []\n");
  const prune = ["apply", "gateway.yaml", "--prune", "--yes"];

  const refused = await cli.run(prune);
  const [, checksum = ""] = /--approve ([0-9a-f]{64})/.exec(refused.stderr) ?? [];
  const left = cli.gateway.visible().endpoints.length;
  const approved = await cli.run([...prune, "--approve", checksum, "--json"]);

  expect(refused.status).toBe(3);
  expect(left).toBe(1);
  expect(approved.status).toBe(0);
  expect(JSON.parse(approved.stdout).workspaces[0].approval).toEqual({
    checksum,
    by: "ada@laptop",
  });
  expect(cli.gateway.visible().endpoints).toEqual([]);
});

test("a person is not asked about what a guard refuses", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("gateway.yaml", "version: 1\nendpoints: []\n");

  const { status } = await cli.run(["apply", "gateway.yaml", "--prune"], { answer: "y" });

  expect(status).toBe(3);
  expect(cli.questions).toEqual([]);
});

test("a change that fails is told with its cause, and what depended on it", async () => {
  const cli = cliWithManifest();
  cli.gateway.failOn(
    "createModelDefinition",
    1,
    new GatewayTimeoutError("createModelDefinition", "took 30 s"),
  );

  const { status, stdout } = await cli.run(["apply", "gateway.yaml", "--yes"]);

  expect(status).toBe(1);
  expect(stdout).toMatch(/failed {8}create model_definition\/gpt-4o: .*took 30 s/);
  expect(stdout).toMatch(/skipped {7}create endpoint\/chat, because model_definition\/gpt-4o/);
  expect(stdout).toMatch(/\n1 applied, 1 failed, 1 skipped; /);
});

test("after Ctrl-C no change is begun, and what was done is said", async () => {
  const cli = cliWithManifest();

  const { status, stdout } = await cli.run(["apply", "gateway.yaml", "--yes"], {
    isInterrupted: true,
  });

  expect(status).toBe(1);
  expect(stdout).toContain("not-attempted create secret/openai-prod\n");
  expect(stdout).toMatch(/\n3 not-attempted; /);
  expect(cli.gateway.writes()).toEqual([]);
  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).toBe(0);
});

test("the report is JSON for machines", async () => {
  const cli = cliWithManifest();

  const { stdout } = await cli.run(["apply", "gateway.yaml", "--yes", "--json"]);

  expect(JSON.parse(stdout)).toMatchObject({
    version: 1,
    outcome: "applied",
    trigger: { kind: "command", by: "ada@laptop" },
    manifests: [{ key: "gateway.yaml", outcome: "applied" }],
  });
});

test("a gateway that somebody else manages is not written to", async () => {
  const cli = cliWithManifest();
  const other = { secret_name: "theirs", provider: "openai", secret_value: { api_key: "x" } };
  await cli.gateway.secrets.create({ ...other, created_by: ownerMark("team-b") });

  const { status, stderr } = await cli.run(["apply", "gateway.yaml", "--yes"]);

  expect(status).toBe(1);
  expect(stderr).toContain("secret/theirs");
  expect(stderr).toContain("--stack NAME");
  expect(stderr).toContain("--take-over");
  expect(cli.gateway.writes()).toEqual(["createSecret"]);
  expect((await cli.run(["apply", "gateway.yaml", "--yes", "--take-over"])).status).toBe(0);
  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).toBe(0);
});

test("several owners share one ledger", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("other.yaml", MANIFEST.replaceAll(/openai-prod|gpt-4o|chat/g, "b-$&"));

  expect((await cli.run(["apply", "other.yaml", "--yes", "--owner", "team-b"])).status).toBe(0);
});

test("a run that was killed knows its own marks again", async () => {
  const cli = cliWithManifest();
  cli.gateway.failOn("createEndpoint", 1, new GatewayTimeoutError("createEndpoint", "took 30 s"));
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.gateway.heal();

  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).toBe(0);
});

test("with the ledger of a stack the marks of others are none of our business", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", "version: 1\nendpoints: []\n");
  const other = { secret_name: "theirs", provider: "openai", secret_value: { api_key: "x" } };
  await cli.gateway.secrets.create({ ...other, created_by: ownerMark("team-b") });
  cli.settings.isShared = true;

  expect((await cli.run(["apply", "gateway.yaml", "--yes", "--stack", "s"])).status).toBe(0);
});

test("of two ledgers the second one is refused", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.settings.ledger = new MemoryLedger();

  const { status, stderr } = await cli.run(["apply", "gateway.yaml", "--yes"]);

  expect(status).toBe(1);
  expect(stderr).toContain("endpoint/chat");
});

test("writes are polite unless --fast", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  await cli.run(["apply", "gateway.yaml", "--yes", "--fast"]);

  expect(cli.opened.map(({ writesPerSecondMax }) => writesPerSecondMax)).toEqual([20, undefined]);
});

test("the value of a secret is nowhere but on the gateway", async () => {
  const cli = cliWithManifest();
  const shown = [
    await cli.run(["plan", "gateway.yaml", "--json", "--output-file", "plan.json"]),
    await cli.run(["apply", "--plan", "plan.json", "--yes", "--json"]),
    await cli.run(["apply", "gateway.yaml", "--yes"]),
    await cli.run(["drift", "--json"]),
    await cli.run(["export"]),
  ];

  expect(cli.gateway.storedValue("openai-prod")).toEqual({ api_key: SECRET_VALUE });
  expectNoLeak([SECRET_VALUE], shown, cli.ledger.written, cli.read("plan.json"), cli.bucket);
});

test("a plan of one server is refused for another, by name and before anything is asked", async () => {
  const cli = cliWithManifest();
  await cli.run(["plan", "gateway.yaml", "--output-file", "plan.json"]);
  const asked = cli.gateway.requests.length;
  const env = { MLFLOW_TRACKING_URI: "https://other.example.com/" };

  const { status, stderr } = await cli.run(["apply", "--plan", "plan.json", "--yes"], { env });

  expect(status).toBe(3);
  expect(stderr).toContain(
    "the plan was made for the server http://localhost:5000, and this is https://other.example.com",
  );
  expect(cli.gateway.requests).toHaveLength(asked);
});

test.each([
  [["--workspace", "team-b"], {}],
  [[], { MLFLOW_WORKSPACE: "team-b" }],
])("a plan of one workspace is refused for another: %j %j", async (flags, env) => {
  const cli = cliWithManifest();
  await cli.run(["plan", "gateway.yaml", "--output-file", "plan.json"]);

  const { status, stderr } = await cli.run(["apply", "--plan", "plan.json", "--yes", ...flags], {
    env,
  });

  expect(status).toBe(3);
  expect(stderr).toContain("was made for the workspace default, and team-b is asked for");
  expect(cli.gateway.writes()).toEqual([]);
});

test("of five models the one that is exchanged is one line, wherever it is shown", async () => {
  const cli = cliSetup(root);
  const names = ["north", "east", "west", "first", "fallback-good", "fallback-bad"];
  const manifest = (last: string) => `version: 1
model_definitions:
${names.map((name) => `  - { name: ${name}, provider: openai, model_name: ${name}, secret: s }`).join("\n")}
secrets: [{ name: s, provider: openai, value_from: { env: OPENAI_KEY } }]
endpoints:
  - name: chat
    usage_tracking: false
    routing_strategy: REQUEST_BASED_TRAFFIC_SPLIT
    fallback_config: { strategy: SEQUENTIAL, max_attempts: 2 }
    models:
      - { model_definition: north, linkage_type: PRIMARY, weight: 0.5 }
      - { model_definition: east, linkage_type: PRIMARY, weight: 0.3 }
      - { model_definition: west, linkage_type: PRIMARY, weight: 0.2 }
      - { model_definition: first, linkage_type: FALLBACK, fallback_order: 1 }
      - { model_definition: ${last}, linkage_type: FALLBACK, fallback_order: 2 }
`;
  cli.write("gateway.yaml", manifest("fallback-good"));
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("gateway.yaml", manifest("fallback-bad"));

  const text = await cli.run(["plan", "gateway.yaml"]);
  const markdown = await cli.run(["plan", "gateway.yaml", "--markdown"]);
  const asked = await cli.run(["apply", "gateway.yaml"], { answer: "no" });

  expect(text.stdout).toContain(
    "~ update endpoint/chat\n    models[4]: fallback-good -> fallback-bad\n",
  );
  expect(asked.stderr).toContain("\n    models[4]: fallback-good -> fallback-bad\n");
  expect(markdown.stdout).toContain(
    "```diff\n! update endpoint/chat\n!   models[4]: fallback-good -> fallback-bad\n```",
  );
  for (const { stdout } of [text, markdown]) expect(stdout.match(/models\[/g)).toHaveLength(1);
});
