import { expect, test } from "@jest/globals";
import { HOLDS } from "#sync/history/hold.ts";
import { ExpectedError, messagesIn } from "../../support/builders.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const BAD = MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-5");
const OTHER = `version: 1
endpoints:
  - name: other
    usage_tracking: false
    models: [{ model_definition: gpt-4o, linkage_type: PRIMARY }]
`;

async function appliedCli(...manifests: string[]) {
  const cli = cliSetup(root);
  const model = () => cli.gateway.visible().definitions[0]?.model_name;
  const apply = (manifest: string, ...flags: string[]) => {
    cli.write("gateway.yaml", manifest);
    return cli.run(["apply", "gateway.yaml", "--yes", ...flags]);
  };
  for (const manifest of manifests) await apply(manifest);
  return { ...cli, model, apply, holds: () => cli.ledger.list(HOLDS) };
}

async function rolledBack() {
  const cli = await appliedCli(MANIFEST, BAD);
  const { status } = await cli.run(["rollback", "--yes"]);
  expect([status, cli.model()]).toEqual([0, "gpt-4o"]);
  return cli;
}

test("what was rolled back is not applied again: that is told, and is no success", async () => {
  const cli = await rolledBack();

  const plan = await cli.run(["plan", "gateway.yaml", "--json"]);
  const { status, stderr } = await cli.apply(BAD);

  expect([status, plan.status]).toEqual([3, 3]);
  expect(stderr).toContain("gateway.yaml is not applied: what it declares was rolled back\n");
  expect(stderr).toContain(
    "default went back in gateway.yaml to what run run-1 of 2026-11-23T12:00:00.000Z applied in default, and stays there, since 2026-11-23T12:00:00.000Z by ada@laptop: what was rolled back is not applied again until its file declares something else, or somebody says gwops resume --owner default\n",
  );
  expect(JSON.parse(plan.stdout)).toMatchObject({
    outcome: "held",
    manifests: [{ key: "gateway.yaml", outcome: "held" }],
    holds: [{ workspace: "default", run_id: "run-3", to: { run_id: "run-1" } }],
  });
  expect(cli.model()).toBe("gpt-4o");
});

test.each([
  ["comments", BAD.replace("version: 1", "# of today\nversion: 1 # the first")],
  ["white space", BAD.replace("{ name: gpt-4o,", "{   name:   gpt-4o,  ")],
  [
    "the order of keys",
    BAD.replace("name: gpt-4o, secret: openai-prod", "secret: openai-prod, name: gpt-4o"),
  ],
  [
    "the order of sections",
    BAD.replace("version: 1\n", "").replace("budgets: []\n", "budgets: []\nversion: 1\n"),
  ],
  [
    "a default that is spelt out",
    BAD.replace("secret: openai-prod,", "secret: openai-prod, provider: openai,"),
  ],
  ["the workspace that is spelt out", `${BAD}workspace: default\n`],
  ["warnings that are not wanted", `${BAD}lint: { disable: [unused-secret] }\n`],
  ["line ends", BAD.replaceAll("\n", "\r\n")],
])("another writing is no other declaration: %s", async (_, manifest) => {
  const cli = await rolledBack();

  const { status } = await cli.apply(manifest);

  expect([status, cli.model()]).toEqual([3, "gpt-4o"]);
  expect(await cli.holds()).toHaveLength(1);
});

test("the same as JSON is no other declaration", async () => {
  const cli = await appliedCli(MANIFEST);
  const json = JSON.stringify({ version: 1, endpoints: [], budgets: [] });
  await cli.apply(json, "--prune");
  await cli.run(["rollback", "--yes"]);

  const { status } = await cli.apply("budgets: []\nendpoints: []\nversion: 1\n", "--prune");

  expect(status).toBe(3);
  expect(cli.gateway.visible().endpoints).toHaveLength(1);
});

test.each([
  ["another model", MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-6"), "gpt-6"],
  [
    "one field more",
    `${BAD.replace("usage_tracking: false", "usage_tracking: false\n    protected: true")}`,
    "gpt-5",
  ],
])("what declares something else is applied, and ends it: %s", async (_, manifest, model) => {
  const cli = await rolledBack();

  const { status, stderr } = await cli.apply(manifest);

  expect(stderr).toContain("that is over, as its files declare something else\n");
  expect([status, cli.model()]).toEqual([0, model]);
  expect(await cli.holds()).toEqual([]);
  // From here on the one that was rolled back is as good as any.
  expect([(await cli.apply(BAD)).status, cli.model()]).toEqual([0, "gpt-5"]);
});

test("the state that was gone back to changes nothing, and ends nothing", async () => {
  const cli = await rolledBack();

  const same = await cli.apply(MANIFEST);
  const bad = await cli.apply(BAD);

  expect([same.status, bad.status, cli.model()]).toEqual([0, 3, "gpt-4o"]);
});

test("a file that is invalid, refused or fails ends nothing", async () => {
  const cli = await rolledBack();
  const invalid = await cli.apply(MANIFEST.replace("model_name", "modl_name"));
  cli.gateway.failOn("updateModelDefinition", 1, new ExpectedError("reject", "not allowed"));
  const failed = await cli.apply(MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-6"));

  const { status } = await cli.apply(BAD);

  expect([invalid.status, failed.status, status]).toEqual([4, 1, 3]);
  expect(cli.model()).toBe("gpt-4o");
});

test("resume lets the files be applied again as they are, once", async () => {
  const cli = await rolledBack();

  const resume = await cli.run(["resume", "--owner", "default"]);
  const again = await cli.run(["resume", "--owner", "default"]);
  const { status } = await cli.apply(BAD);

  expect(resume).toMatchObject({
    status: 0,
    stderr: expect.stringContaining("resumed default: its files are applied again as they are\n"),
  });
  expect(again.status).toBe(1);
  expect([status, cli.model()]).toEqual([0, "gpt-5"]);
});

test.each([
  ["another owner", ["--owner", "team-a"]],
  ["nobody", []],
  ["a worker", ["--owner", "default", "--worker", "config"]],
])("resume of %s leaves it", async (_, flags) => {
  const cli = await rolledBack();

  const { status } = await cli.run(["resume", ...flags]);

  expect(status).toBe(1);
  expect(await cli.holds()).toHaveLength(1);
});

test("the end of a pause is not the end of what a rollback holds", async () => {
  const cli = await rolledBack();
  await cli.run(["pause", "--owner", "default"]);

  const first = await cli.run(["resume", "--owner", "default"]);
  const second = await cli.run(["resume", "--owner", "default"]);

  expect(first.stderr).toContain(
    "resumed all workers of default\nstill default went back in gateway.yaml to",
  );
  expect(second.stderr).toContain("resumed default");
});

test("drift and the list say it, and drift compares with what was gone back to", async () => {
  const cli = await rolledBack();

  const drift = await cli.run(["drift", "--json"]);
  const list = await cli.run(["rollback", "--list"]);

  expect(drift.status).toBe(0);
  expect(JSON.parse(drift.stdout)).toMatchObject({
    outcome: "unchanged",
    holds: [{ by: "ada@laptop" }],
  });
  expect(drift.stderr).toContain("default went back in gateway.yaml to what run run-1");
  expect(list.stderr).toContain("default went back in gateway.yaml to what run run-1");
  expect(list.stdout).toMatch(
    /run-3 {2}1 file, as it is now\n.*run-2 {2}1 file\n.*run-1 {2}1 file\n$/,
  );
});

test("of several files each is held until it changes itself", async () => {
  const cli = cliSetup(root);
  const second = OTHER.replace("usage_tracking: false", "usage_tracking: true");
  const both = ["apply", "gateway.yaml", "other.yaml", "--yes"];
  cli.write("gateway.yaml", MANIFEST);
  cli.write("other.yaml", OTHER);
  await cli.run(both);
  cli.write("gateway.yaml", BAD);
  cli.write("other.yaml", second);
  await cli.run([...both, "--max-update-share", "1"]);
  expect((await cli.run(["rollback", "--yes", "--max-update-share", "1"])).status).toBe(0);
  const third = MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-6");
  const drift = await cli.run(["drift"]);
  expect(drift.stderr).toContain(
    "default went back in gateway.yaml, other.yaml to what run run-1 ",
  );

  cli.write("gateway.yaml", third);
  const { status, stderr } = await cli.run(both);

  expect(status).toBe(3);
  expect(stderr).toContain("other.yaml is not applied");
  expect(stderr).not.toContain("gateway.yaml is not applied");
  expect(stderr).toContain("default went back in other.yaml to what run run-1 ");
  expect(stderr).not.toContain("went back in gateway.yaml");
  expect(cli.gateway.visible().definitions[0]?.model_name).toBe("gpt-6");
  expect(cli.gateway.visible().endpoints.find(({ name }) => name === "other")?.usage_tracking).toBe(
    false,
  );
  expect((await cli.ledger.list(HOLDS))[0]?.value.files).toMatchObject([{ name: "other.yaml" }]);
});

test.each([
  ["stays as it is", [], 2],
  ["is deleted with --prune", ["--prune"], 1],
])("what a file made that came since %s, and the file is held off", async (_, flags, endpoints) => {
  const cli = await appliedCli(MANIFEST);
  const both = ["apply", "gateway.yaml", "other.yaml", "--yes"];
  cli.write("other.yaml", OTHER);
  await cli.run(both);

  const back = await cli.run(["rollback", "--yes", ...flags]);
  const again = await cli.run(both);
  const drift = await cli.run(["drift"]);

  expect([back.status, again.status, drift.status]).toEqual([0, 3, 0]);
  expect(again.stderr).toContain("other.yaml is not applied: what it declares was rolled back\n");
  expect(cli.gateway.visible().endpoints).toHaveLength(endpoints);
});

test("going further back holds off all that was rolled back", async () => {
  const cli = await appliedCli(MANIFEST, BAD, BAD.replace("gpt-5", "gpt-6"));
  await cli.run(["rollback", "--yes"]);
  await cli.run(["rollback", "--to", "run-1", "--yes"]);

  expect([(await cli.apply(BAD)).status, cli.model()]).toEqual([3, "gpt-4o"]);
  expect([(await cli.apply(BAD.replace("gpt-5", "gpt-6"))).status, cli.model()]).toEqual([
    3,
    "gpt-4o",
  ]);
});

test("a rollback that is taken back holds what it went forward to", async () => {
  const cli = await rolledBack();

  await cli.run(["rollback", "--yes"]);
  const bad = await cli.apply(BAD);
  const good = await cli.apply(MANIFEST);

  expect([bad.status, good.status, cli.model()]).toEqual([0, 3, "gpt-5"]);
});

test("a rollback that a guard refuses holds nothing", async () => {
  const more = ["one", "two", "three"].map(
    (name) =>
      `  - { name: ${name}, usage_tracking: false, models: [{ model_definition: gpt-4o, linkage_type: PRIMARY }] }\n`,
  );
  const cli = await appliedCli(MANIFEST);
  await cli.apply(MANIFEST.replace("budgets: []\n", `${more.join("")}budgets: []\n`));

  const { status } = await cli.run(["rollback", "--yes", "--prune"]);

  expect(status).toBe(3);
  expect(cli.gateway.visible().endpoints).toHaveLength(4);
  expect(await cli.holds()).toEqual([]);
});

test("of two rollbacks at once the later one is stale", async () => {
  const cli = await appliedCli(MANIFEST, BAD);
  cli.settings.whileAsked = () => cli.run(["rollback", "--yes"]);

  const { status, stderr } = await cli.run(["rollback"], { answer: "yes" });

  expect(status).toBe(3);
  expect(stderr).toContain("the plan is stale");
  expect(cli.model()).toBe("gpt-4o");
  expect(await cli.holds()).toHaveLength(1);
});

test("a rollback that nobody wants holds nothing", async () => {
  const cli = await appliedCli(MANIFEST, BAD);

  const { status } = await cli.run(["rollback"], { answer: "no" });

  expect([status, cli.model()]).toEqual([1, "gpt-5"]);
  expect(await cli.holds()).toEqual([]);
});

test("a rollback that fails in part holds, and is repeated by the next one", async () => {
  const cli = await appliedCli(MANIFEST, BAD);
  cli.gateway.failOn("updateModelDefinition", 1, new ExpectedError("reject", "not allowed"));

  const failed = await cli.run(["rollback", "--yes"]);
  const list = await cli.run(["rollback", "--list"]);
  const again = await cli.run(["rollback", "--yes"]);

  expect([failed.status, again.status]).toEqual([1, 0]);
  expect(list.stdout).toContain("of which failed: gateway.yaml, as it is now\n");
  expect(again.stderr).toContain("going back to run run-1 ");
  expect(cli.model()).toBe("gpt-4o");
  expect((await cli.apply(BAD)).status).toBe(3);
});

test("in a ledger that nobody else reads nothing is told by messages", async () => {
  const cli = await rolledBack();

  expect(await messagesIn(cli.ledger)).toEqual([]);
});
