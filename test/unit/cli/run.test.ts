import { expect, test } from "@jest/globals";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BROKEN, cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const COMMANDS = ["validate", "plan", "apply", "export", "drift", "rollback", "schema"];

test.each(COMMANDS)("the help of %s shows examples", async (command) => {
  const { status, stdout } = await cliSetup(root).run([command, "--help"]);

  expect(status).toBe(0);
  expect(stdout).toContain(`Examples:\n  gwops ${command}`);
});

test("the help lists every command and says what the exit status means", async () => {
  const { status, stdout } = await cliSetup(root).run(["--help"]);

  expect(status).toBe(0);
  for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`\n  ${command} +[A-Z]`));
  expect(stdout).toContain("Exit status: 0 ok, 1 error, 2 changes pending");
});

test("the version is the package's", async () => {
  expect(await cliSetup(root).run(["--version"])).toEqual({
    status: 0,
    stdout: "1.2.3\n",
    stderr: "",
  });
});

test.each([
  [["aply"], "did you mean `apply`?"],
  [["apply", "--fats", "a.yaml"], "did you mean --fast?"],
  [["plan"], "Expected at least 1 argument(s) for files"],
  [["plan", "a.yaml", "--owner", "a/b"], '--owner: an owner is 1 to 63 letters, digits, "_"'],
  [
    ["plan", "a.yaml", "--max-delete-share", "30"],
    "--max-delete-share: a share is a number from 0 to 1",
  ],
  [["plan", "a.yaml", "--max-update-share", ""], "a share is a number from 0 to 1"],
  [["apply", "a.yaml", "--approve", "yes"], "a checksum is 64 hexadecimal digits"],
  [["plan", "missing.yaml"], "missing.yaml: there is no such file or folder"],
  [["export", "--tracking-uri", "databricks"], "Databricks runs its own gateway"],
])("gwops %j has the exit status 1 and says why", async (argv, problem) => {
  const { status, stdout, stderr } = await cliSetup(root).run(argv);

  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain(problem);
});

test("what nobody expected is called a bug, with its stack", async () => {
  const cli = cliSetup(root);
  cli.gateway.failOn("listSecrets", 1, new TypeError("x is not a function"));

  const { status, stderr } = await cli.run(["export"]);

  expect(status).toBe(1);
  expect(stderr).toContain(
    "gwops: this is a bug of gwops: TypeError: x is not a function\n    at ",
  );
});

test("validate says what is wrong, and asks no gateway", async () => {
  const cli = cliSetup(root);
  cli.write("good.yaml", MANIFEST);
  cli.write("broken.yaml", BROKEN);

  const text = await cli.run(["validate", "."]);
  const json = await cli.run(["validate", ".", "--json"]);

  expect(text.status).toBe(4);
  expect(text.stdout).toMatch(/^error: broken\.yaml:3:\d+ endpoints\[0\]/);
  expect(text.stderr).toBe("1 file valid, 1 invalid\n");
  expect(json.status).toBe(4);
  expect(JSON.parse(json.stdout)).toMatchObject({
    valid: ["good.yaml"],
    invalid: [{ name: "broken.yaml" }],
  });
  expect(cli.opened).toEqual([]);
});

test("validate names once what lies beside manifests and is none", async () => {
  const cli = cliSetup(root);
  cli.write("good.yaml", MANIFEST);
  cli.write("package.json", '{ "version": "1.0.0" }');
  cli.write("plan.json", '{ "version": 1, "plans": [] }');

  const { status, stderr } = await cli.run(["validate", "."]);

  expect(status).toBe(0);
  expect(stderr).toBe(
    "2 files left out, as no manifest (version: and a section): package.json, plan.json\n1 file valid, 0 invalid\n",
  );
});

test.each(["__proto__", "constructor", "toString"])("%s is no language", async (language) => {
  const { status, stderr } = await cliSetup(root).run(["schema", language]);

  expect(status).toBe(1);
  expect(stderr).toContain("a language is one of");
});

test("validate is content with what is right", async () => {
  const { status, stdout, stderr } = await cliSetup(root).run(["validate", "-"], {
    stdin: MANIFEST,
  });

  expect({ status, stdout, stderr }).toEqual({
    status: 0,
    stdout: "",
    stderr: "1 file valid, 0 invalid\n",
  });
});

test("a policy that is none has the exit status of an invalid manifest", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  cli.write("policy.yaml", "version: 1\nowner: {}\n");

  const { status, stdout } = await cli.run(["validate", "gateway.yaml", "--policy", "policy.yaml"]);

  expect(status).toBe(4);
  expect(stdout).toContain("policy.yaml:2:1");
});

test("schema prints the JSON Schema of manifests", async () => {
  const { status, stdout } = await cliSetup(root).run(["schema"]);

  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    properties: { endpoints: { type: "array" } },
  });
});
