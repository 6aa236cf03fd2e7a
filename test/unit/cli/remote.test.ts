import { expect, test } from "@jest/globals";
import { authorSetup } from "../../support/author-setup.ts";
import { aManifest, aSecret, ExpectedError } from "../../support/builders.ts";
import { expectNoLeak } from "../../support/leaks.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { cliSetup } from "./cli-setup.ts";

const root = temporaryFolder();
const PLACE = ["--stack", "GatewayOps", "--owner", "search"];
const REMOTE = ["plan", "gateway.yaml", "--remote", ...PLACE, "--name", "pr-12"];
const PUSH = ["push", "gateway.yaml", ...PLACE];
const KEY = "manifests/search/gateway.yaml";

/** The command line beside a stack; it has no address of a server, and no login. */
function setup(settings: Parameters<typeof authorSetup>[0] = {}) {
  const stack = authorSetup(settings);
  const cli = cliSetup(root);
  Object.assign(cli.settings, { author: stack.author, clock: stack.dependencies.clock });
  cli.settings.env = { MLFLOW_TRACKING_URI: "" } as never;
  const write = (content: unknown, name = "gateway.yaml") =>
    cli.write(name, typeof content === "string" ? content : JSON.stringify(content));
  write(aManifest());
  return { ...stack, cli, write, run: cli.run };
}

const EMPTIED = aManifest({ endpoints: [], budgets: [] });

test("a remote plan is printed as a local one, in text, JSON and Markdown", async () => {
  const { run, cli } = setup();

  const text = await run(REMOTE);
  const json = await run([...REMOTE, "--json"]);
  const markdown = await run([...REMOTE, "--markdown"]);

  expect([text.status, json.status, markdown.status]).toEqual([2, 2, 2]);
  expect(text.stdout).toMatch(
    /^Plan of the owner search in the workspace default\n\+ create secret/,
  );
  expect(text.stdout).toContain("Plan: 4 to create, 0 to update, 0 to delete, 0 to adopt");
  expect(JSON.parse(json.stdout)).toMatchObject({
    outcome: "planned",
    source: { key: "plans/search/pr-12/gwops-set.json" },
    manifests: [{ key: KEY, outcome: "planned" }],
  });
  expect(markdown.stdout).toMatch(/^# Plan\n/);
  expect(cli.places).toEqual(Array(3).fill({ stack: "GatewayOps" }));
  expect(cli.opened).toEqual([]);
});

test("the exit status of a remote plan is that of a plan", async () => {
  const { run, write, putAndSync } = setup({ prune: true });
  await putAndSync(aManifest());

  const same = await run(REMOTE);
  write(EMPTIED);
  const refused = await run(REMOTE);
  write("version: 1\nzzz: 1\n");
  const invalid = await run(REMOTE);

  expect([same.status, refused.status, invalid.status]).toEqual([0, 3, 4]);
  expect(refused.stdout).toContain("refused: all 1 endpoints would be deleted");
  expect(refused.stderr).toMatch(
    /to let exactly this plan pass: aws s3api put-object --bucket the-bucket --key approvals\/[0-9a-f]{64}, by whoever/,
  );
  expect(invalid.stderr).toContain(`error: ${KEY}:2:1 zzz `);
});

test("another file of the owner that is invalid is told, and decides nothing", async () => {
  const { run, bucket } = setup();
  bucket.put("manifests/search/other.yaml", "nonsense");

  const { status, stderr } = await run(REMOTE);

  expect(status).toBe(2);
  expect(stderr).toContain("error: manifests/search/other.yaml:1:1 ");
});

test("what keeps the workers from planning is an error, with the document", async () => {
  const { run, bucket } = setup();
  bucket.put("manifests/policy.yaml", "nonsense");

  const { status, stdout, stderr } = await run([...REMOTE, "--json"]);

  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "invalid-policy" } });
  expect(stderr).toContain("error: ");
});

test("a remote plan is kept with all files that it was made from", async () => {
  const { run, cli, bucket } = setup();
  const other = { version: 1, secrets: [aSecret({ name: "other" })] };
  bucket.put("manifests/search/other.yaml", other);

  const { status, stderr } = await run([...REMOTE, "--output-file", "plan.json"]);
  const kept = JSON.parse(cli.read("plan.json"));

  expect([status, stderr]).toEqual([2, expect.stringMatching(/^the plan is in plan.json\n/)]);
  expect(kept).toMatchObject({
    ...{ owner: "search", workspace: "default", prune: false },
    manifests: [
      { key: "manifests/search/other.yaml", text: JSON.stringify(other) },
      { key: KEY, text: JSON.stringify(aManifest()) },
    ],
  });
  expectNoLeak(["value-one"], kept);
});

test.each([
  ["--tracking-uri", "http://localhost:5000", "the stack knows its server"],
  ["--workspace", "team", "in the default workspace"],
  ["--policy", "policy.yaml", "the stack has its own"],
  ["--ledger", "ledger.json", "the stack has its own"],
  ["--max-delete-share", "0.3", "guards of its own"],
  ["--prune", undefined, "as it was set up to"],
  ["--no-values", undefined, "looks the values up"],
])("%s does not go with --remote", async (flag, value, why) => {
  const { run, puts } = setup();

  const { status, stderr } = await run([...REMOTE, flag, ...(value ? [value] : [])]);

  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(`gwops: ${flag} does not go with --remote: .*${why}`),
  ]);
  expect(puts).toEqual([]);
});

test.each([
  [["plan", "gateway.yaml", "--name", "x"], "--name goes with --remote"],
  [["plan", "gateway.yaml", "--timeout", "9"], "--timeout goes with --remote"],
  [["plan", "gateway.yaml", "--bucket", "b"], "--bucket goes with --remote"],
  [["plan", "gateway.yaml", "--remote"], "say which bucket: --stack NAME, or --bucket NAME"],
  [[...REMOTE, "--bucket", "b"], "and not both"],
  [[...REMOTE.slice(0, -1), "feature/x"], "--name: a name of a plan has at most 63 letters"],
  [[...REMOTE, "--timeout", "soon"], "a timeout is 1 to 3600 seconds"],
  [[...REMOTE, "--timeout", "0"], "a timeout is 1 to 3600 seconds"],
  [["push", "gateway.yaml"], "say which bucket"],
  [[...PUSH, "--timeout", "9"], "--timeout goes with --wait"],
  [[...PUSH, "--json", "--markdown"], "give one"],
  [[...PUSH, "--workspace", "x"], "No flag registered for --workspace"],
  [[...PUSH, "--prune"], "No flag registered for --prune"],
  [["push", "nowhere.yaml", ...PLACE], "there is no such file or folder"],
])("%j is wrong usage: %s", async (argv, sentence) => {
  const { run, puts } = setup();

  const { status, stderr } = await run(argv, { env: { MLFLOW_TRACKING_URI: "" } });

  expect([status, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  expect(puts).toEqual([]);
});

test("a bucket that is named needs no stack, and a plan without a name has that of its run", async () => {
  const { run, cli, puts } = setup();

  const { status } = await run(["plan", ".", "--remote", "--bucket", "b", "--owner", "search"]);

  expect(status).toBe(2);
  expect(cli.places).toEqual([{ bucket: "b" }]);
  expect(puts).toEqual(["plans/search/run-1/gwops-set.json"]);
});

test("the wait for a plan is told on stderr, and ends with a sentence", async () => {
  const { run, state } = setup();
  state.isDeaf = true;

  const { status, stdout, stderr } = await run([...REMOTE, "--timeout", "30"]);

  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(
    /^waiting for the plan: 10 s\nwaiting for the plan: 20 s\n.*gwops: plan-results\/search\/pr-12\/gwops-set.json in the bucket the-bucket says nothing of it after 30 s/s,
  );
});

test("a push says what it put and where to look, and waits for nothing", async () => {
  const { run, puts, gateway } = setup();

  const text = await run(PUSH);
  const again = await run([...PUSH, "--json"]);

  expect(text).toEqual({
    status: 0,
    stdout: `put       ${KEY} (version object-version-1)\n`,
    stderr:
      "what becomes of it will stand in runs/search/latest.json in the bucket the-bucket; --wait waits for it\n",
  });
  expect(JSON.parse(again.stdout)).toEqual({
    ...{ version: 1, bucket: "the-bucket", owner: "search" },
    files: [{ key: KEY, version_id: "object-version-1", is_put: false }],
  });
  expect(again.stderr).toContain("nothing was put: the bucket holds the same");
  expect(puts).toEqual([KEY]);
  expect(gateway.writes()).toEqual([]);
});

test("a push that waits prints the report of its run", async () => {
  const { run, gateway } = setup();

  const text = await run([...PUSH, "--wait"]);
  const json = await run([...PUSH, "--wait", "--force", "--json"]);
  const markdown = await run([...PUSH, "--wait", "--force", "--markdown"]);

  expect([text.status, json.status, markdown.status]).toEqual([0, 0, 0]);
  expect(text.stdout).toContain("applied       create endpoint/chat\n");
  expect(text.stdout).toContain("4 applied; ");
  expect(text.stderr).toContain(`put       ${KEY} (version object-version-1)\n`);
  expect(JSON.parse(json.stdout)).toMatchObject({ outcome: "unchanged", owner: "search" });
  expect(markdown.stdout).toMatch(/^# search: unchanged\n/);
  expect(gateway.visible().endpoints).toHaveLength(1);
});

test("the exit status of a push that waits is that of an apply", async () => {
  const { run, write } = setup({ prune: true });
  const wait = [...PUSH, "--wait"];

  const applied = await run(wait);
  write(EMPTIED);
  const refused = await run(wait);
  const stillRefused = await run(wait);
  write("version: 1\nzzz: 1\n");
  const invalid = await run(wait);

  expect([applied.status, refused.status, stillRefused.status, invalid.status]).toEqual([
    0, 3, 3, 4,
  ]);
  expect(refused.stdout).toContain("refused: nothing was changed");
  expect(refused.stderr).toContain("refused: all 1 endpoints would be deleted");
  expect(refused.stderr).toMatch(/put-object --bucket the-bucket --key approvals\/[0-9a-f]{64}/);
  expect(invalid.stderr).toContain(`error: ${KEY}:2:1 zzz `);
});

test("what is pending is an error, and is told", async () => {
  const { run, gateway } = setup();
  for (const call of [1, 2, 3]) {
    gateway.failOn("getCurrentUser", call, new ExpectedError("retry", "the gateway is down"));
  }

  const { status, stderr, stdout } = await run([...PUSH, "--wait"]);

  expect([status, stdout]).toEqual([1, expect.stringContaining("pending")]);
  expect(stderr).toContain("error: the gateway is down\n");
});

test.each([
  ["applied", 0],
  ["unchanged", 0],
  ["held", 3],
  ["refused", 3],
  ["rejected", 4],
  ["pending", 1],
  ["failed", 1],
])("a push of which the run says %s ends with %i", async (outcome, wanted) => {
  const { run, cli, author } = setup();
  const report = {
    ...{ version: 1, run_id: "run-9", owner: "search", outcome, requests: {} },
    ...{ started_at: "2026-11-23T12:00:00Z", finished_at: "2026-11-23T12:00:01Z" },
    ...{ workspaces: [], deleted_manifests: [], trigger: { kind: "manifest" } },
    manifests: [{ key: KEY, version_id: "object-version-1", outcome }],
  };
  const read: typeof author.read = async (key) => {
    if (key !== "runs/search/latest.json") return author.read(key);
    return { name: key, version_id: "v-2", content: JSON.stringify(report) };
  };
  Object.assign(cli.settings, { author: { ...author, read } });

  const { status, stdout } = await run([...PUSH, "--wait"]);

  expect([status, stdout]).toEqual([wanted, expect.stringContaining(outcome)]);
});

test("another file of the owner that is broken for long does not fail a push", async () => {
  const { run, bucket } = setup();
  bucket.put("manifests/search/other.yaml", "nonsense");

  const { status, stderr } = await run([...PUSH, "--wait"]);

  expect(status).toBe(0);
  expect(stderr).toContain("error: manifests/search/other.yaml:1:1 ");
});

test("of a folder of owners each is planned and put by itself, under the keys of its files", async () => {
  const { run, write, puts } = setup();
  write({ version: 1, budgets: [] }, "manifests/ads/gateway.yaml");
  write({ version: 1, budgets: [] }, "manifests/search/deep/gateway.yaml");
  const place = ["manifests", "--stack", "GatewayOps", "--json"];

  const plan = await run(["plan", ...place, "--remote", "--name", "pr-12"]);
  const push = await run(["push", ...place]);

  expect([plan.status, push.status]).toEqual([0, 0]);
  expect(JSON.parse(plan.stdout)).toMatchObject([{ owner: "ads" }, { owner: "search" }]);
  expect(JSON.parse(push.stdout)).toMatchObject([{ owner: "ads" }, { owner: "search" }]);
  expect(puts).toEqual([
    "plans/ads/pr-12/gwops-set.json",
    "plans/search/pr-12/gwops-set.json",
    "manifests/ads/gateway.yaml",
    "manifests/search/deep/gateway.yaml",
  ]);
});
