import { expect, test } from "@jest/globals";
import { policyJsonSchema } from "#manifest/json-schema.ts";
import { everyGrant } from "../../support/builders.ts";
import { POLICY_KEY } from "../../support/sync-setup.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();

const POLICY = `version: 2
owners:
  team-a:
    kinds: [endpoint, budget]
    names: [team-a-*]
    budgets: { scopes: [ENDPOINT], amount_max: 100 }
  "*": {}
`;

test("what an owner may do is told, and what it may not", async () => {
  const cli = cliSetup(root);
  cli.write("policy.yaml", POLICY);

  const { status, stdout } = await cli.run([
    "policy",
    "--owner",
    "team-a",
    "--policy",
    "policy.yaml",
  ]);

  expect(status).toBe(0);
  expect(stdout).toBe(`team-a may do this, and nothing else:
  kinds                endpoint, budget
  names                team-a-*
  secrets              nothing
  hosts                nothing
  workspaces           default
  experiments          nothing
  externals            nothing
  budgets.scopes       ENDPOINT
  budgets.users        nothing
  budgets.endpoints    nothing
  budgets.amount_max   100
`);
});

test("machines are told in the words of a policy", async () => {
  const cli = cliSetup(root);
  cli.write("policy.yaml", POLICY);
  const told = async (owner: string) => {
    const { stdout } = await cli.run([
      "policy",
      "--owner",
      owner,
      "--policy",
      "policy.yaml",
      "--json",
    ]);
    return JSON.parse(stdout);
  };

  expect(await told("team-a")).toEqual({
    version: 1,
    owner: "team-a",
    access: "granted",
    grants: {
      kinds: ["endpoint", "budget"],
      names: ["team-a-*"],
      secrets: [],
      hosts: [],
      workspaces: ["default"],
      experiments: [],
      externals: [],
      budgets: { scopes: ["ENDPOINT"], amount_max: 100, users: [], endpoints: [] },
    },
  });
  expect(await told("other")).toMatchObject({ access: "granted", grants: { kinds: [] } });
});

test("of a stack its tenancy is told as well as its policy", async () => {
  const cli = cliSetup(root);
  const told = async (owner: string) =>
    (await cli.run(["policy", "--owner", owner, "--stack", "GatewayOps"])).stdout;

  expect(await told("team-a")).toBe(
    "team-a may do everything but with what belongs to another owner\n",
  );
  cli.settings.tenancy = "single";
  expect(await told("team-a")).toMatch(
    /^team-a may do nothing: it is not applied: this stack has one/,
  );
  cli.settings.tenancy = "policy";
  cli.bucket.put(POLICY_KEY, POLICY);
  expect(await told("team-a")).toMatch(/names +team-a-\*\n/);
});

test.each([
  [["policy"], "say which policy"],
  [["policy", "--stack", "s", "--policy", "p.yaml"], "--stack has a policy of its own"],
  [["policy", "--policy", "missing.yaml"], "missing.yaml cannot be read"],
  [["schema", "plans"], 'a language is one of manifest, policy, plan, got "plans"'],
  [["policy", "--prune"], "--prune"],
])("%j is wrong usage", async (argv, problem) => {
  const { status, stderr } = await cliSetup(root).run(argv);

  expect(status).toBe(1);
  expect(stderr).toContain(problem);
});

test("editors get the schema of policies", async () => {
  const { stdout } = await cliSetup(root).run(["schema", "policy"]);

  expect(JSON.parse(stdout)).toEqual(policyJsonSchema());
});

/** Applied as long as everything was granted. */
async function applied() {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  cli.write("less.yaml", "version: 2\nowners: { default: { names: [team-*] } }\n");
  return cli;
}

test.each(["plan", "apply"])("the policy of a stack holds for %s", async (command) => {
  const cli = cliSetup(root);
  cli.settings.isShared = true;
  cli.bucket.put(POLICY_KEY, POLICY);
  cli.write("gateway.yaml", "version: 1\nendpoints: [{ name: chat, external: true }]\n");

  const { status, stderr } = await cli.run([command, "gateway.yaml", "--stack", "GatewayOps"]);

  expect(status).toBe(4);
  expect(stderr).toContain("is not granted to this owner");
});

test.each(["plan", "apply", "drift"])(
  "where a stack wants a policy and has none, %s does nothing and says so",
  async (command) => {
    const cli = await applied();
    cli.settings.tenancy = "policy";
    const before = cli.gateway.writes();

    const files = command === "drift" ? [] : ["gateway.yaml"];
    const { status, stderr } = await cli.run([command, ...files, "--stack", "GatewayOps"]);

    expect(status).toBe(1);
    expect(stderr).toContain("there is no manifests/policy.yaml");
    expect(cli.gateway.writes()).toEqual(before);
  },
);

test("what a rollback would bring back must be granted", async () => {
  const cli = await applied();
  cli.write("gateway.yaml", MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-5"));
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  const before = cli.gateway.writes();

  const { status, stderr } = await cli.run(["rollback", "--yes", "--policy", "less.yaml"]);

  expect(status).toBe(4);
  expect(stderr).toContain("is not granted to this owner");
  expect(cli.gateway.writes()).toEqual(before);
});

test("drift knows the policy: what it grants is no drift, and what it does not is left alone", async () => {
  const cli = cliSetup(root);
  await cli.gateway.secrets.create({
    secret_name: "by-hand",
    secret_value: { api_key: "a-value-by-hand" },
    provider: "openai",
  });
  const all = everyGrant({ externals: ["by-hand"] });
  cli.write("policy.yaml", JSON.stringify({ version: 2, owners: { default: all } }));
  cli.write("less.yaml", "version: 2\nowners: { default: {} }\n");
  cli.write(
    "gateway.yaml",
    "version: 1\nsecrets: [{ name: by-hand, external: true }]\nmodel_definitions: [{ name: m, secret: by-hand, provider: openai, model_name: gpt-4o }]\n",
  );
  const run = await cli.run(["apply", "gateway.yaml", "--yes", "--policy", "policy.yaml"]);

  expect(run.status).toBe(0);
  for (const policy of ["policy.yaml", "less.yaml"]) {
    expect((await cli.run(["drift", "--policy", policy])).status).toBe(0);
  }
});

test("a policy beside the manifests of a folder holds, and is named", async () => {
  const cli = cliSetup(root);
  cli.write("manifests/policy.yaml", POLICY);
  cli.write("manifests/team-a/gateway.yaml", MANIFEST);

  const { status, stderr } = await cli.run(["plan", "manifests", "--owner", "team-a"]);

  expect(status).toBe(4);
  expect(stderr).toContain("the policy manifests/policy.yaml holds\n");
  expect(stderr).toContain("is not granted to this owner");
});

test.each(["policy.yml", "Policy.yaml", "policy.json"])(
  "a folder with a policy that is called %s is not taken for one without",
  async (name) => {
    const cli = cliSetup(root);
    cli.write(`manifests/${name}`, POLICY);
    cli.write("manifests/gateway.yaml", MANIFEST);

    const { status, stderr } = await cli.run(["plan", "manifests"]);

    expect(status).toBe(1);
    expect(stderr).toContain(`manifests/${name} looks like a policy under a wrong name`);
  },
);

test("a policy is validated as what it is, whatever it is called", async () => {
  const cli = cliSetup(root);
  cli.write("policy.yaml", POLICY);
  cli.write("next.yaml", POLICY);
  cli.write("broken/policy.yaml", "version: 2\nowner: {}\n");

  const good = await cli.run(["validate", "policy.yaml", "next.yaml"]);
  const bad = await cli.run(["validate", "broken/policy.yaml", "--json"]);

  expect([good.status, good.stdout, good.stderr]).toEqual([0, "", "2 files valid, 0 invalid\n"]);
  expect(bad.status).toBe(4);
  expect(JSON.parse(bad.stdout).invalid).toMatchObject([
    {
      name: "broken/policy.yaml",
      issues: [{ message: "is required" }, { message: expect.stringContaining('"owners"') }],
    },
  ]);
});

test("a policy that is broken and manifests that are wrong are told at once", async () => {
  const cli = cliSetup(root);
  cli.write("manifests/policy.yaml", "version: 1\nowners: {}\n");
  cli.write("manifests/gateway.yaml", "version: 1\nendpoint: []\n");

  const { status, stdout } = await cli.run(["validate", "manifests"]);

  expect(status).toBe(4);
  expect(stdout).toMatch(/policy\.yaml:1:1 version must be 2.*gateway\.yaml:2:1 endpoint/s);
});
