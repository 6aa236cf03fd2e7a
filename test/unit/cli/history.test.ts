import { expect, test } from "@jest/globals";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const NEWER = MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-5");

async function appliedCli(...manifests: string[]) {
  const cli = cliSetup(root);
  for (const manifest of manifests) {
    cli.write("gateway.yaml", manifest);
    await cli.run(["apply", "gateway.yaml", "--yes"]);
  }
  return cli;
}

function modelOf(cli: ReturnType<typeof cliSetup>): string | undefined {
  return cli.gateway.visible().definitions[0]?.model_name;
}

async function changeByHand(cli: ReturnType<typeof cliSetup>): Promise<void> {
  const [{ model_definition_id = "", secret_id = "" } = {}] = cli.gateway.visible().definitions;
  await cli.gateway.modelDefinitions.update({
    model_definition_id,
    secret_id,
    provider: "openai",
    model_name: "by-hand",
  });
}

test("without a change by hand there is no drift, and nothing on stdout", async () => {
  const cli = await appliedCli(MANIFEST);

  const { status, stdout, stderr } = await cli.run(["drift"]);

  expect(status).toBe(0);
  expect(stdout).toBe("");
  expect(stderr).toBe("no drift\n");
});

test("a change by hand is drift: the plan that would undo it, and the exit status 2", async () => {
  const cli = await appliedCli(MANIFEST);
  await changeByHand(cli);

  const text = await cli.run(["drift"]);
  const json = await cli.run(["drift", "--json"]);

  expect(text.status).toBe(2);
  expect(text.stdout).toContain("~ update model_definition/gpt-4o\n");
  expect(json.status).toBe(2);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...{ version: 1, server: "http://localhost:5000", owner: "default", outcome: "drifted" },
    manifests: [],
    workspaces: [{ outcome: "drifted", changes: [{ action: "update" }] }],
  });
  expect(modelOf(cli)).toBe("by-hand");
});

test("a manifest that was not applied yet plays no part in drift, nor does a new value", async () => {
  const cli = await appliedCli(MANIFEST);
  cli.write("gateway.yaml", NEWER);

  const { status } = await cli.run(["drift"], { env: { OPENAI_KEY: "another-value" } });

  expect(status).toBe(0);
});

test("before anything was applied nothing can have drifted", async () => {
  const { status, stderr } = await cliSetup(root).run(["drift", "--owner", "team-a"]);

  expect(status).toBe(1);
  expect(stderr).toContain('nothing was applied yet for the owner "team-a"');
});

test("a rollback goes back to what was applied before, and can be taken back itself", async () => {
  const cli = await appliedCli(MANIFEST, NEWER);
  expect(modelOf(cli)).toBe("gpt-5");

  const { status, stderr } = await cli.run(["rollback"], { answer: "yes" });

  expect(status).toBe(0);
  expect(stderr).toContain("going back to run run-1 of 2026-11-23T12:00:00.000Z");
  expect(cli.questions).toEqual(["1 to update: apply? [y/N] "]);
  expect(modelOf(cli)).toBe("gpt-4o");
  await cli.run(["rollback", "--yes"]);
  expect(modelOf(cli)).toBe("gpt-5");
});

test("one can go back to a run by its id, of which there is a list", async () => {
  const cli = await appliedCli(MANIFEST, NEWER, NEWER.replace("gpt-5", "gpt-6"));

  const list = await cli.run(["rollback", "--list"]);
  const json = await cli.run(["rollback", "--list", "--json"]);
  const { status } = await cli.run(["rollback", "--to", "run-1", "--yes"]);

  expect(list.stdout).toMatch(
    /run-3 {2}1 file, as it is now\n.*run-2 {2}1 file\n.*run-1 {2}1 file\n$/,
  );
  expect(JSON.parse(json.stdout)[2]).toMatchObject({ run_id: "run-1" });
  expect(status).toBe(0);
  expect(modelOf(cli)).toBe("gpt-4o");
});

test.each([
  [[], "there is no snapshot of an earlier state"],
  [["--to", "run-9"], 'there is no snapshot of the run "run-9"'],
])("a rollback %j to what is not known is refused", async (flags, problem) => {
  const cli = await appliedCli(MANIFEST);

  const { status, stderr } = await cli.run(["rollback", "--yes", ...flags]);

  expect(status).toBe(1);
  expect(stderr).toContain(problem);
});

test("a list of nothing says so", async () => {
  const { status, stdout, stderr } = await cliSetup(root).run(["rollback", "--list"]);

  expect(status).toBe(0);
  expect(stdout).toBe("");
  expect(stderr).toContain("nothing was applied yet for default in default");
});

test("what is exported plans to nothing", async () => {
  const cli = await appliedCli(MANIFEST);

  const { status, stdout } = await cli.run(["export"]);
  cli.write("gateway.yaml", stdout);

  expect(status).toBe(0);
  expect(stdout).toContain("name: chat");
  expect((await cli.run(["plan", "gateway.yaml"])).status).toBe(0);
});

test("an export can be written to a file", async () => {
  const cli = await appliedCli(MANIFEST);

  const { stdout, stderr } = await cli.run(["export", "--output-file", "exported.yaml"]);

  expect(stdout).toBe("");
  expect(stderr).toBe("the manifest is in exported.yaml\n");
  expect(cli.read("exported.yaml")).toContain("name: chat");
});

test("a file that cannot be written is named", async () => {
  const cli = await appliedCli(MANIFEST);

  const { status, stderr } = await cli.run(["export", "--output-file", "gateway.yaml/below"]);

  expect(status).toBe(1);
  expect(stderr).toContain(
    "gateway.yaml/below cannot be written: a part of the path is a file, not a folder",
  );
});

test("a rollback of a rename renames back, and the rename can be planned again", async () => {
  const renamed = MANIFEST.replace("name: chat\n", "name: talk\n    previous_name: chat\n");
  const cli = await appliedCli(MANIFEST, renamed);
  const [before] = cli.gateway.visible().endpoints;
  expect(before?.name).toBe("talk");

  const back = await cli.run(["rollback", "--yes"]);
  const [after, ...others] = cli.gateway.visible().endpoints;
  const held = await cli.run(["plan", "gateway.yaml"]);
  await cli.run(["resume", "--owner", "default"]);
  const again = await cli.run(["plan", "gateway.yaml"]);

  expect(back.status).toBe(0);
  expect(back.stderr).toContain("name: talk -> chat\n");
  expect(others).toEqual([]);
  expect(after).toMatchObject({ name: "chat", endpoint_id: before?.endpoint_id });
  expect(held.status).toBe(3);
  expect(again.stdout).toContain("name: chat -> talk\n");
});

test("what a hand renamed locks nobody out, and is called by its name again", async () => {
  const cli = await appliedCli(MANIFEST);
  const [{ endpoint_id = "" } = {}] = cli.gateway.visible().endpoints;
  await cli.gateway.endpoints.update({ endpoint_id, name: "chat-ui" });

  const drift = await cli.run(["drift"]);
  const apply = await cli.run(["apply", "gateway.yaml", "--prune", "--yes"]);

  expect(drift.status).toBe(2);
  expect(drift.stdout).toContain("name: chat-ui -> chat (renamed by hand)\n");
  expect(apply.status).toBe(0);
  expect(cli.gateway.visible().endpoints).toMatchObject([{ endpoint_id, name: "chat" }]);
});

test("when the record of what was applied is lost one sentence says so, and it is taken over anew", async () => {
  const cli = await appliedCli(MANIFEST);
  cli.bucket.loseSnapshots();

  const drift = await cli.run(["drift"]);
  const refused = await cli.run(["apply", "gateway.yaml", "--yes"]);
  const taken = await cli.run(["apply", "gateway.yaml", "--yes", "--take-over"]);
  const pruned = await cli.run(["apply", "gateway.yaml", "--yes", "--prune"]);

  expect(drift.status).toBe(1);
  expect(drift.stderr).toContain("what was applied in default is lost (");
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("or a former ledger was lost");
  expect(taken.stderr).toContain("nothing is deleted by this plan");
  expect([taken.status, pruned.status]).toEqual([0, 0]);
});

test("what is taken over is not pruned in one go", async () => {
  const cli = await appliedCli(MANIFEST);

  const both = ["apply", "gateway.yaml", "--yes", "--take-over", "--prune"];
  const { status, stderr } = await cli.run(both);

  expect(status).toBe(1);
  expect(stderr).toContain("--take-over and --prune do not go together");
});
