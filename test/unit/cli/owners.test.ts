import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { planJsonSchema } from "#cli/input/plan-schema.ts";
import { POLICY_KEY } from "#sync/manifest-source.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { BROKEN, cliSetup, MANIFEST } from "./cli-setup.ts";

const root = temporaryFolder();

/** What an owner declares, under names of its own. */
function manifestOf(prefix: string): string {
  return MANIFEST.replaceAll("openai-prod", `${prefix}-key`)
    .replaceAll("gpt-4o,", `${prefix}-model,`)
    .replaceAll("definition: gpt-4o", `definition: ${prefix}-model`)
    .replace("name: chat", `name: ${prefix}-chat`);
}

const GRANTS = { kinds: ["secret", "model_definition", "endpoint", "budget"], secrets: ["*"] };
const granted = (prefix: string) => ({ ...GRANTS, names: [`${prefix}-*`], hosts: ["*"] });
const POLICY = JSON.stringify({
  version: 2,
  owners: { "team-a": granted("a"), "team-b": granted("b") },
});

/** Two owners under a policy that grants each the names that it uses. */
function twoOwners(folder = "manifests") {
  const cli = cliSetup(root);
  cli.write(`${folder}/policy.yaml`, POLICY);
  cli.write(`${folder}/team-a/gateway.yaml`, manifestOf("a"));
  cli.write(`${folder}/team-b/gateway.yaml`, manifestOf("b"));
  return cli;
}

function owners(text: string): string[] {
  return [...text.matchAll(/^Plan of the owner (\S+)/gm)].map(([, owner = ""]) => owner);
}

test.each(["manifests", "manifests/", "./manifests", "manifests/*/*.yaml"])(
  "%s is planned owner by owner, under the policy that lies there",
  async (argument) => {
    const { status, stdout, stderr } = await twoOwners().run(["plan", argument]);

    expect(status).toBe(2);
    expect(owners(stdout)).toEqual(["team-a", "team-b"]);
    expect(stderr).toContain("the policy manifests/policy.yaml holds\n");
    expect(stdout).toContain("+ create endpoint/b-chat");
  },
);

test("what the policy does not grant is told of the owner that declares it", async () => {
  const cli = twoOwners();
  cli.write("manifests/team-b/gateway.yaml", manifestOf("a"));

  const { status, stdout, stderr } = await cli.run(["plan", "manifests"]);

  expect(status).toBe(4);
  expect(owners(stdout)).toEqual(["team-a"]);
  expect(stderr).toMatch(/manifests\/team-b\/gateway\.yaml:\d+:\d+ .*is not granted to this owner/);
});

test.each([
  ["manifests/team-b"],
  ["manifests/team-b/gateway.yaml"],
  ["manifests", "--owner", "team-b"],
])("of %s %s %s only the one owner is planned, under the same policy", async (...argv) => {
  const { status, stdout, stderr } = await twoOwners().run(["plan", ...argv]);

  expect(status).toBe(2);
  expect(owners(stdout)).toEqual(["team-b"]);
  expect(stderr).toContain("the policy manifests/policy.yaml holds\n");
});

test("the folders of owners may be called as one likes where a policy lies beside them", async () => {
  const cli = twoOwners("gateways");

  const all = await cli.run(["plan", "gateways"]);
  const one = await cli.run(["plan", "gateways/team-a/gateway.yaml"]);

  expect(owners(all.stdout)).toEqual(["team-a", "team-b"]);
  expect(owners(one.stdout)).toEqual(["team-a"]);
});

const UNRULED =
  "no policy.yaml lies beside the folders of the owners, and --policy names none: everything is granted to each of them\n";

test.each([
  ["validate", "manifests"],
  ["apply", "manifests", "--yes"],
  ["plan", "manifests/team-a"],
  ["plan", "manifests", "--owner", "team-a"],
])("%s %s %s %s says once that everything is granted where no policy holds", async (...argv) => {
  const cli = twoOwners();
  const ruled = await cli.run(argv);
  rmSync(join(cli.folder, "manifests/policy.yaml"));

  const open = await cli.run(argv);

  expect(ruled.stderr).not.toContain(UNRULED);
  expect(open.stderr.split(UNRULED)).toHaveLength(2);
});

test("files that lie in no folder of an owner need no word about a policy", async () => {
  const cli = cliSetup(root);
  cli.write("gateway.yaml", manifestOf("a"));

  expect((await cli.run(["plan", "gateway.yaml"])).stderr).not.toContain("granted");
});

test("folders are owners without a policy, too", async () => {
  const cli = cliSetup(root);
  cli.write("gateways/team-a/one.yaml", manifestOf("a"));
  cli.write("gateways/team-b/one.yaml", manifestOf("b"));

  const all = await cli.run(["plan", "gateways"]);
  expect(owners(all.stdout)).toEqual(["team-a", "team-b"]);
  expect(all.stderr.split(UNRULED)).toHaveLength(2);
  const one = await cli.run(["plan", "gateways", "--owner", "both"]);
  expect(owners(one.stdout)).toEqual(["both"]);
  expect(one.stderr).toContain("the folders team-a, team-b are read as both's\n");
});

test("what lies deeper in an owner's folder is the owner's", async () => {
  const cli = twoOwners();
  renameSync(join(cli.folder, "manifests/team-b"), join(cli.folder, "b"));
  mkdirSync(join(cli.folder, "manifests/team-b/prod"), { recursive: true });
  renameSync(join(cli.folder, "b"), join(cli.folder, "manifests/team-b/prod/manifests"));

  const { stdout } = await cli.run(["plan", "manifests"]);

  expect(owners(stdout)).toEqual(["team-a", "team-b"]);
});

test("inside the folder of owners, and inside an owner's, it is the same", async () => {
  const cli = twoOwners();
  const inside = (folder: string) => cli.run(["plan", "."], { folder });

  expect(owners((await inside("manifests")).stdout)).toEqual(["team-a", "team-b"]);
  const one = await inside("manifests/team-a");
  expect(owners(one.stdout)).toEqual(["team-a"]);
  expect(one.stderr).toMatch(/the policy \S+manifests\/policy\.yaml holds/);
});

test.each(["manifests/stray.yaml", "manifests/more.json"])(
  "%s lies in no owner's folder: it is told, and nothing is planned",
  async (stray) => {
    const cli = twoOwners();
    cli.write(stray, "version: 1\nendpoints: []\n");

    const { status, stdout, stderr } = await cli.run(["plan", "manifests"]);

    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `in no owner's folder: ${stray}; manifests holds those of team-a, team-b: move it into one of them`,
    );
  },
);

test.each(
  ["Policy.yaml", "policy.yml", "policies.json", "policy-prod.yaml"].flatMap((name) => [
    [name, "manifests"] as const,
    [name, "manifests/team-a"] as const,
  ]),
)(
  "%s beside the folders is told as a policy under a wrong name, and nothing of %s is planned",
  async (name, folder) => {
    const cli = twoOwners();
    renameSync(join(cli.folder, "manifests/policy.yaml"), join(cli.folder, "manifests", name));

    const { status, stdout, stderr } = await cli.run(["plan", folder]);

    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `manifests/${name} looks like a policy under a wrong name: call it policy.yaml`,
    );
  },
);

test("with an owner named what lies outside of its folder is left out, and that is told", async () => {
  const cli = twoOwners();
  cli.write("manifests/stray.yaml", "version: 1\nendpoints: []\n");

  const { stderr, stdout } = await cli.run(["plan", "manifests", "--owner", "team-a"]);

  expect(owners(stdout)).toEqual(["team-a"]);
  expect(stderr).toContain(
    "left out, as not in the folder of team-a: manifests/stray.yaml, manifests/team-b/gateway.yaml\n",
  );
});

test.each(["team a", "_team", "t".repeat(64)])(
  "a folder %s can be no owner's: it is told, and nothing is planned",
  async (name) => {
    const cli = twoOwners();
    cli.write(`manifests/${name}/gateway.yaml`, manifestOf("c"));

    const { status, stdout, stderr } = await cli.run(["plan", "manifests"]);

    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `manifests/${name}: a folder in manifests is named after its owner, and an owner is 1 to 63`,
    );
  },
);

test("an owner without a folder is not given the files of others", async () => {
  const { status, stderr } = await twoOwners().run(["plan", "manifests", "--owner", "team-c"]);

  expect(status).toBe(1);
  expect(stderr).toContain("manifests holds the folders of team-a, team-b, and none of team-c");
});

test("several folders of owners are not mixed", async () => {
  const cli = twoOwners("one");
  cli.write("two/policy.yaml", POLICY);
  cli.write("two/team-a/gateway.yaml", manifestOf("a"));

  const { status, stderr } = await cli.run(["plan", "."]);

  expect(status).toBe(1);
  expect(stderr).toContain("one and two hold folders of owners each: name one of them");
});

test("hidden files and folders are left out, and links are followed, but for a circle", async () => {
  const cli = twoOwners();
  cli.write("manifests/.git/config.yaml", manifestOf("c"));
  cli.write("manifests/team-a/.draft.yaml", manifestOf("d"));
  cli.write("elsewhere/gateway.yaml", manifestOf("c"));
  cli.write(
    "manifests/policy.yaml",
    JSON.stringify({
      version: 2,
      owners: { "team-a": granted("a"), "team-b": granted("b"), "team-c": granted("c") },
    }),
  );
  symlinkSync(join(cli.folder, "elsewhere"), join(cli.folder, "manifests/team-c"));
  symlinkSync("..", join(cli.folder, "manifests/team-a/up"));

  const { status, stdout } = await cli.run(["plan", "manifests"]);

  expect(status).toBe(2);
  expect(owners(stdout)).toEqual(["team-a", "team-b", "team-c"]);
});

test("a file named policy.yaml of another tool, somewhere above, is no policy of ours", async () => {
  const cli = cliSetup(root);
  cli.write("policy.yaml", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n");
  cli.write("team-a/gateway.yaml", MANIFEST);

  const { stdout, stderr } = await cli.run(["plan", "team-a/gateway.yaml"]);

  expect(owners(stdout)).toEqual(["default"]);
  expect(stderr).toBe("");
});

test("for a stack each file is named by its key in the bucket", async () => {
  const cli = twoOwners("gateways");
  cli.settings.isShared = true;
  cli.bucket.put(POLICY_KEY, POLICY);

  const { stdout } = await cli.run(["plan", "gateways", "--stack", "GatewayOps", "--json"]);

  expect(
    JSON.parse(stdout).flatMap((plan: { manifests: { key: string }[] }) => plan.manifests),
  ).toMatchObject([
    { key: "manifests/team-a/gateway.yaml" },
    { key: "manifests/team-b/gateway.yaml" },
  ]);
});

test("the JSON of folders of owners is a list of the documents of each, also of a single one", async () => {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, formats: { uri: true } });
  const validate = ajv.compile(planJsonSchema());
  const cli = twoOwners();
  const run = async (...argv: string[]) => JSON.parse((await cli.run([...argv, "--json"])).stdout);

  const documents = [
    await run("plan", "manifests"),
    await run("apply", "manifests", "--yes"),
    await run("drift"),
  ];
  const single = await run("plan", "manifests/team-a");
  cli.write("alone/manifests/team-a/gateway.yaml", manifestOf("a"));
  const alone = await run("plan", "alone");

  for (const list of documents) {
    expect(list.map(({ owner }: { owner: string }) => owner)).toEqual(["team-a", "team-b"]);
    for (const document of list)
      expect([validate(document), validate.errors]).toEqual([true, null]);
  }
  expect(single.owner).toBe("team-a");
  expect(alone).toMatchObject([{ owner: "team-a" }]);
});

test.each([
  ["an owner's file is invalid", 4, { "manifests/team-a/broken.yaml": BROKEN }],
  ["nothing is pending for one", 2, {}],
])("the exit status is the gravest of all owners: %s", async (_, expected, files) => {
  const cli = twoOwners();
  await cli.run(["apply", "manifests", "--owner", "team-b", "--yes"]);
  for (const [name, text] of Object.entries(files)) cli.write(name, text);

  expect((await cli.run(["plan", "manifests"])).status).toBe(expected);
  expect((await cli.run(["plan", "manifests/team-b"])).status).toBe(0);
});

test("each owner is applied by itself, and known by itself afterwards", async () => {
  const cli = twoOwners();

  const applied = await cli.run(["apply", "manifests", "--yes"]);
  const drift = await cli.run(["drift"]);

  expect(applied.status).toBe(0);
  expect(
    cli.gateway
      .visible()
      .endpoints.map(({ name }) => name)
      .sort(),
  ).toEqual(["a-chat", "b-chat"]);
  expect((await cli.run(["plan", "manifests"])).status).toBe(0);
  expect([drift.status, drift.stderr]).toEqual([0, "team-a: no drift\nteam-b: no drift\n"]);
});

test("whoever says no for one owner is asked for the next", async () => {
  const cli = twoOwners();

  const { status } = await cli.run(["apply", "manifests"], { answer: "no" });

  expect(status).toBe(1);
  expect(cli.questions).toHaveLength(2);
  expect(cli.gateway.writes()).toEqual([]);
});

test("whose work is paused holds up nobody else", async () => {
  const cli = twoOwners();
  await cli.run(["pause", "--owner", "team-a", "--reason", "moving"]);

  const { status, stdout, stderr } = await cli.run(["apply", "manifests", "--yes", "--json"]);

  expect(status).toBe(1);
  expect(stderr).toContain("gwops: team-a: ");
  expect(JSON.parse(stdout)).toMatchObject([
    { owner: "team-a", outcome: "failed", error: { code: "paused" } },
    { owner: "team-b", outcome: "applied" },
  ]);
});

test("after Ctrl-C no further owner is begun, and that is told", async () => {
  const cli = twoOwners();

  const { status, stderr } = await cli.run(["apply", "manifests", "--yes"], {
    isInterrupted: true,
  });

  expect(status).toBe(1);
  expect(stderr).toContain("not begun: team-b");
});

test("a plan that is kept is of one owner", async () => {
  const cli = twoOwners();

  const both = await cli.run(["plan", "manifests", "--output-file", "plan.json"]);
  const one = await cli.run(["plan", "manifests/team-b", "--output-file", "plan.json"]);

  expect(both.status).toBe(1);
  expect(both.stderr).toContain(
    "--output-file keeps the plan of one owner: say which with --owner (team-a, team-b)",
  );
  expect(one.status).toBe(2);
  expect((await cli.run(["apply", "--plan", "plan.json", "--yes"])).status).toBe(0);
});

test("every owner's files are validated, under the policy that is validated too", async () => {
  const cli = twoOwners();
  cli.write("manifests/team-b/broken.yaml", BROKEN);

  const { status, stdout, stderr } = await cli.run(["validate", "manifests", "--json"]);

  expect(status).toBe(4);
  expect(stderr).toContain("3 files valid, 1 invalid");
  expect(JSON.parse(stdout)).toMatchObject({
    valid: [
      "manifests/team-a/gateway.yaml",
      "manifests/team-b/gateway.yaml",
      "manifests/policy.yaml",
    ],
    invalid: [{ name: "manifests/team-b/broken.yaml" }],
  });
});
