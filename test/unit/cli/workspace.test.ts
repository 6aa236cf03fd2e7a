import { expect, test } from "@jest/globals";
import { GatewayStatusError } from "#gateway/errors.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();

const COMMANDS = [
  ["plan", "gateway.yaml"],
  ["apply", "gateway.yaml", "--yes"],
  ["drift"],
  ["rollback", "--list"],
  ["rollback", "--yes"],
  ["export"],
];

function setup() {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", MANIFEST);
  cli.settings.workspaces = ["team-space", "default"];
  return cli;
}

test.each(COMMANDS)(
  "%s %s: a workspace that is not there is an error that names those that are",
  async (...command) => {
    const { run, gateway } = setup();

    const result = await run([...command, "--workspace", "nonexist"]);

    expect(result).toEqual({
      status: 1,
      stdout: "",
      stderr:
        'gwops: http://localhost:5000 has no workspace "nonexist" (--workspace or MLFLOW_WORKSPACE); it has default, team-space\n',
    });
    expect(gateway.requests).toEqual([]);
  },
);

test("the environment names a workspace as a flag does", async () => {
  const { status, stderr } = await setup().run(["drift"], { env: { MLFLOW_WORKSPACE: "gone" } });

  expect([status, stderr]).toEqual([1, expect.stringContaining('has no workspace "gone"')]);
});

test("a server without workspaces has none but the default", async () => {
  const { run, settings } = setup();
  settings.workspaces = [];

  const none = await run(["plan", "gateway.yaml", "--workspace", "team-space"]);
  const own = await run(["plan", "gateway.yaml", "--workspace", "default"]);

  expect([none.status, none.stderr]).toEqual([
    1,
    expect.stringContaining("http://localhost:5000 has no workspaces: it runs without --enable"),
  ]);
  expect(own.status).toBe(2);
});

test("of many workspaces the first are named", async () => {
  const { run, settings } = setup();
  settings.workspaces = Array.from({ length: 30 }, (_, index) => `w${index + 10}`);

  const { stderr } = await run(["drift", "--workspace", "nonexist"]);

  expect(stderr).toContain("it has w10, w11, w12, w13, w14, w15, w16, w17, w18, w19 and 20 more\n");
});

test("where one may not ask, the server says itself what it lacks", async () => {
  const { run, settings } = setup();
  settings.workspaces = undefined;

  const { status } = await run(["plan", "gateway.yaml", "--workspace", "team-space"]);

  expect(status).toBe(2);
});

test("who names no workspace asks for none", async () => {
  const { run, settings } = setup();

  await run(["plan", "gateway.yaml"]);

  expect(settings.workspaceLooks).toBe(0);
});

test.each([["policy", "--policy", "policy.yaml"], ["schema"], ["pause"]])(
  "%s, which works on no workspace, knows no such flag",
  async (...command) => {
    const { status, stderr } = await setup().run([...command, "--workspace", "nonexist"]);

    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining("No flag registered for --workspace"),
    ]);
  },
);

test.each([
  ["plan", "gateway.yaml"],
  ["apply", "gateway.yaml", "--yes"],
])(
  "%s of a manifest that names a workspace which is not there names those that are",
  async (...command) => {
    const { run, gateway, write } = setup();
    write("gateway.yaml", `workspace: nonexist\n${MANIFEST}`);
    gateway.failOn(
      "getCurrentUser",
      1,
      new GatewayStatusError("getCurrentUser", "Workspace 'nonexist' not found", {
        code: "gateway-unknown-workspace",
        disposition: "reject",
        isOutcomeUnknown: false,
        status: 404,
        errorCode: "RESOURCE_DOES_NOT_EXIST",
        retryAfterMs: undefined,
      }),
    );

    const { status, stderr } = await run(command);

    expect(status).toBe(1);
    expect(stderr).toContain(
      "Workspace 'nonexist' not found; http://localhost:5000 has default, team-space\n",
    );
  },
);
