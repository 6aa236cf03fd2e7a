import { renameSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();
const SHORTENED = MANIFEST.replace(/endpoints:\n(?: .*\n)+/, "");

/** Applied from a folder above. */
async function applied() {
  const cli = cliSetup(root);
  cli.write("gw/gateway.yaml", MANIFEST);
  await cli.run(["apply", "gw/gateway.yaml", "--yes"]);
  return cli;
}

test("of a run from the folder itself the notice says where to run instead", async () => {
  const cli = await applied();

  const { status, stdout } = await cli.run(["plan", "gateway.yaml"], { folder: "gw" });

  expect(status).toBe(0);
  expect(stdout).not.toContain("- delete");
  cli.write("gw/gateway.yaml", SHORTENED);
  const shortened = await cli.run(["plan", "gateway.yaml", "--prune"], { folder: "gw" });
  expect(shortened.stdout).toContain(
    "gw/gateway.yaml declared it last and is not among the files (if gateway.yaml is the same file, run from ../, the folder in which it is gw/gateway.yaml): apply that file too",
  );
});

test("of a file that was renamed and shortened the notice says what to apply to give it up", async () => {
  const cli = await applied();
  renameSync(join(cli.folder, "gw/gateway.yaml"), join(cli.folder, "gw/chat.yaml"));
  cli.write("gw/chat.yaml", SHORTENED);

  const { stdout } = await cli.run(["plan", "gw/chat.yaml", "--prune"]);

  expect(stdout).toContain("gw/gateway.yaml declared it last and is not among the files");
  expect(stdout).toContain(
    'to give it up, apply a gw/gateway.yaml with "version: 1" and "endpoints: []"',
  );
});

test("what the notice says to apply gives it up", async () => {
  const cli = await applied();
  renameSync(join(cli.folder, "gw/gateway.yaml"), join(cli.folder, "gw/chat.yaml"));
  cli.write("gw/chat.yaml", SHORTENED);
  cli.write("gw/gateway.yaml", "version: 1\nendpoints: []\n");

  const { stdout } = await cli.run(["plan", "gw/chat.yaml", "gw/gateway.yaml", "--prune"]);

  expect(stdout).toContain("- delete endpoint/chat");
  expect(stdout).not.toContain("declared it last");
});

test("of a file that was moved into the folder of an owner the notice names the one before", async () => {
  const cli = await applied();
  cli.write("manifests/default/gateway.yaml", SHORTENED);

  const { stdout } = await cli.run(["plan", "manifests", "--prune"]);

  expect(stdout).toContain("gw/gateway.yaml declared it last and is not among the files");
});
