import { expect, test } from "@jest/globals";
import { load } from "js-yaml";
import { Redacted } from "#runtime/redacted.ts";
import { expectHarmless, HOSTILE } from "../../support/hostile.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const TEXTS = Object.entries(HOSTILE);
/** Control characters are refused in names; everything else may be called so. */
const NAMES = TEXTS.filter(([, text]) => !/[\p{Cc}\p{Cs}]/u.test(text));
/** No file is called so, for the want of an encoding. */
const FILE_NAMES = TEXTS.filter(([, text]) => !/\p{Cs}/u.test(text));

function manifestNaming(text: string): string {
  const name = JSON.stringify(text);
  return MANIFEST.replaceAll("openai-prod", name)
    .replaceAll("gpt-4o", name)
    .replace("usage_tracking: false", `usage_tracking: false\n    tags: { ${name}: ${name} }`);
}

test.each(TEXTS)("%s as a key of a manifest is harmless", async (_, text) => {
  const cli = cliSetup(root);
  cli.write("gateway.json", JSON.stringify({ version: 1, [text]: 1, secrets: [{ name: text }] }));

  for (const command of ["validate", "plan", "apply"]) {
    for (const flags of [[], ["--json"]]) {
      const { status, stdout, stderr } = await cli.run([command, "gateway.json", ...flags]);
      expect(status).toBe(4);
      expectHarmless(stdout);
      expectHarmless(stderr);
    }
  }
});

test.each(FILE_NAMES)("%s as the name of a file is harmless", async (_, text) => {
  const cli = cliSetup(root);
  cli.write(`${text}.yaml`, "version: 1\nendpoints: []\nzzz: 1\n");

  const { stdout, stderr } = await cli.run(["validate", ".", "--owner", "default"]);
  const json = (await cli.run(["validate", ".", "--owner", "default", "--json"])).stdout;

  expectHarmless(stdout + stderr + json);
  expect(stdout.match(/\n/g)).toHaveLength(1);
  expect(JSON.parse(json).invalid[0].name).toBe(`${text}.yaml`);
});

test.each(FILE_NAMES)("%s as the name of a folder of owners is harmless", async (_, text) => {
  const cli = cliSetup(root);
  cli.write(`manifests/${text}/gateway.yaml`, "version: 1\nendpoints: []\n");

  const { status, stderr } = await cli.run(["validate", "manifests"]);

  expect(status).toBe(1);
  expectHarmless(stderr);
});

test.each(TEXTS)("%s as an argument is harmless", async (_, text) => {
  const cli = cliSetup(root);

  for (const argv of [
    [text],
    ["plan", text],
    ["plan", "x", `--${text}`],
    ["rollback", "--to", text],
  ]) {
    const { status, stdout, stderr } = await cli.run(argv);
    expect(status).toBe(1);
    expectHarmless(stdout + stderr);
  }
});

test.each(NAMES)("%s as a name is harmless from the plan to its report", async (_, text) => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", manifestNaming(text));
  const shown: string[] = [];
  const run = async (...argv: string[]) => {
    const { stdout, stderr } = await cli.run(argv);
    shown.push(stdout, stderr);
    return stdout;
  };

  await run("plan", "gateway.yaml", "--output-file", "plan.json");
  await run("plan", "gateway.yaml", "--markdown");
  const planned = await run("plan", "gateway.yaml", "--json");
  cli.gateway.failOn("createEndpoint", 1, new Error(text));
  await run("apply", "gateway.yaml", "--yes");
  await run("apply", "gateway.yaml", "--yes", "--json");
  cli.write("gateway.yaml", "version: 1\nsecrets: []\nmodel_definitions: []\nendpoints: []\n");
  await run("plan", "gateway.yaml", "--prune");
  await run("apply", "gateway.yaml", "--prune", "--yes");
  await run("drift");
  await run("drift", "--json");
  await run("rollback", "--list");

  for (const text of [...shown, cli.read("plan.json")]) expectHarmless(text);
  expect(JSON.parse(planned).workspaces[0].changes[0].key).toBe(`secret/${text}`);
});

test.each(TEXTS)("%s on the gateway is harmless in an export", async (_, text) => {
  const cli = cliSetup(root);
  const value = { secret_value: { api_key: new Redacted("x") }, provider: "openai" };
  const { secret_id } = await cli.gateway.secrets.create({ secret_name: text, ...value });
  const { model_definition_id } = await cli.gateway.modelDefinitions.create({
    name: text,
    secret_id,
    provider: "openai",
    model_name: `${text} ${"long ".repeat(40)}${text}`,
  });
  await cli.gateway.endpoints.create({
    name: text,
    model_configs: [{ model_definition_id, linkage_type: "PRIMARY" }],
  });

  const { stdout } = await cli.run(["export"]);

  expectHarmless(stdout);
});

test.each(NAMES)("%s is exported so that it reads back as it is", async (_, text) => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", manifestNaming(text));
  await cli.run(["apply", "gateway.yaml", "--yes"]);

  const { stdout } = await cli.run(["export"]);

  expectHarmless(stdout);
  expect(load(stdout)).toMatchObject({
    model_definitions: [{ name: text, secret: text, model_name: text }],
    endpoints: [{ name: "chat", tags: { [text]: text } }],
  });
});

test("only our own paint reaches a terminal", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.json", JSON.stringify({ version: 1, "a\u001b[31mb": 1 }));

  const { stdout } = await cli.run(["validate", "gateway.json"], { isColoured: true });

  expect(stdout).toContain("\u001b[31merror:\u001b[0m gateway.json:1:14 a\\u{1b}[31mb is not");
});
