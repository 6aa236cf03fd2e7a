import { expect, test } from "@jest/globals";
import { startPause } from "#runtime/start-pause.ts";
import { messagesIn } from "../../support/builders.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();

function cliWithManifest() {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  return cli;
}

test("a paused owner is not applied, and whoever tries learns by whom and why", async () => {
  const cli = cliWithManifest();
  await cli.run(["pause", "--worker", "config", "--owner", "team-a", "--reason", "move"]);

  const paused = await cli.run(["apply", "gateway.yaml", "--owner", "team-a", "--yes"]);
  const other = await cli.run(["apply", "gateway.yaml", "--owner", "team-b", "--yes"]);

  expect(paused.status).toBe(1);
  expect(paused.stderr).toContain("gwops: paused (config sync of team-a) since ");
  expect(paused.stderr).toContain(" by ada@laptop: move\n");
  expect(other.status).toBe(0);
});

test("nothing but writing is paused, and resuming lets it go on", async () => {
  const cli = cliWithManifest();
  await cli.run(["apply", "gateway.yaml", "--yes"]);
  await cli.run(["pause"]);

  expect((await cli.run(["plan", "gateway.yaml"])).status).toBe(0);
  expect((await cli.run(["drift"])).status).toBe(0);
  expect((await cli.run(["rollback", "--list"])).status).toBe(0);
  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).toBe(1);
  expect((await cli.run(["resume"])).stderr).toContain("resumed all workers");
  expect((await cli.run(["apply", "gateway.yaml", "--yes"])).status).toBe(0);
});

test("a pause that comes while somebody thinks stops the apply", async () => {
  const cli = cliWithManifest();
  cli.settings.whileAsked = () =>
    startPause(cli.ledger, { since_ms: cli.clock.nowMs(), by: "grace@desk" }, false);

  const { status, stderr } = await cli.run(["apply", "gateway.yaml"], { answer: "y" });

  expect(status).toBe(1);
  expect(stderr).toContain("by grace@desk");
  expect(cli.gateway.writes()).toEqual([]);
});

test("what is paused can be listed, as text and for machines", async () => {
  const cli = cliSetup(root);
  expect((await cli.run(["pause", "--list"])).stderr).toContain("nothing is paused");
  await cli.run(["pause", "--worker", "rotation"]);
  await cli.run(["pause", "--owner", "team-a", "--reason", "move"]);

  const { stdout } = await cli.run(["pause", "--list"]);
  const json = await cli.run(["pause", "--list", "--json"]);

  expect(stdout.split("\n").map((line) => line.split(" since ")[0])).toEqual([
    "paused (all workers of team-a)",
    "paused (rotation)",
    "",
  ]);
  expect(JSON.parse(json.stdout)).toEqual([
    { owner: "team-a", since_ms: cli.clock.nowMs(), by: "ada@laptop", reason: "move" },
    { worker: "rotation", since_ms: cli.clock.nowMs(), by: "ada@laptop" },
  ]);
});

test("a pause and its end are told where a stack reads messages, and nowhere else", async () => {
  const cli = cliSetup(root);
  await cli.run(["pause"]);
  await cli.run(["resume"]);
  expect(await messagesIn(cli.ledger)).toEqual([]);

  cli.settings.isShared = true;
  await cli.run(["pause", "--stack", "GatewayOps"]);
  await cli.run(["pause", "--stack", "GatewayOps"]);
  await cli.run(["resume", "--stack", "GatewayOps"]);

  expect((await messagesIn(cli.ledger)).map(({ subject }) => subject)).toEqual([
    "Paused: all workers",
    "Resumed: all workers",
  ]);
});

test("the workers of a stack are paused without knowing the gateway", async () => {
  const cli = cliSetup(root);

  const { status } = await cli.run(["pause", "--stack", "GatewayOps"], {
    env: { MLFLOW_TRACKING_URI: "" },
  });

  expect(status).toBe(0);
  expect(cli.opened).toMatchObject([{ stack: "GatewayOps" }]);
});

test("resuming what is not paused says what is", async () => {
  const cli = cliSetup(root);
  await cli.run(["pause", "--worker", "secrets"]);
  await cli.run(["pause", "--owner", "team-a"]);

  const { status, stderr } = await cli.run(["resume"]);
  expect(status).toBe(1);
  expect(stderr).toContain(
    "there is no pause of exactly all workers: paused (all workers of team-a)",
  );

  const resumed = await cli.run(["resume", "--worker", "secrets"]);
  expect(resumed.stderr).toContain("resumed secret push\nstill paused (all workers of team-a)");
});

test.each([
  [["pause", "--worker", "budgets"], "budgets"],
  [["pause", "--reason", ""], "a reason has 1 to 500 characters, got 0"],
  [["pause", "--reason", "x".repeat(501)], "got 501"],
  [["pause", "--owner", "a/b"], "an owner is 1 to 63"],
])("gwops %j is refused", async (argv, problem) => {
  const { status, stderr } = await cliSetup(root).run(argv);

  expect(status).toBe(1);
  expect(stderr).toContain(problem);
});
