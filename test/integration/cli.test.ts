import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { buildCli } from "../../scripts/cli/build.ts";
import { venvBin } from "../../scripts/local/folders.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { startHttpProxy } from "../support/http-proxy.ts";
import { expectNoLeak } from "../support/leaks.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(120_000);

const root = mkdtempSync(join(tmpdir(), "gwops-cli-"));
const gwops = join(root, "gwops.mjs");
const VALUE = "sk-value-from-outside";
let server: MlflowServer;
let gateway: GatewayClient;

beforeAll(async () => {
  await buildCli(gwops);
  server = await startMlflow();
  if (!server.admin) throw new Error("the server was started without user accounts");
  gateway = new GatewayClient({ trackingUri: server.trackingUri, auth: server.admin });
}, 180_000);

afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
}, 30_000);

interface Place {
  readonly folder: string;
  readonly env: Record<string, string>;
}

/** A folder and an environment of its own; all share one ledger, as they share one gateway. */
function aPlace(env: Record<string, string> = {}): Place {
  const folder = mkdtempSync(join(root, "place-"));
  return {
    folder,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: folder,
      XDG_STATE_HOME: join(root, "state"),
      MLFLOW_TRACKING_URI: server.trackingUri,
      MLFLOW_TRACKING_USERNAME: server.admin?.username ?? "",
      MLFLOW_TRACKING_PASSWORD: server.admin?.password ?? "",
      OPENAI_KEY: VALUE,
      ...env,
    },
  };
}

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start({ folder, env }: Place, argv: readonly string[], stdin = ""): ChildProcess {
  const child = spawn(gwops, argv, { cwd: folder, env });
  child.stdin.end(stdin);
  return child;
}

async function resultOf(child: ChildProcess): Promise<Result> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, ...texts };
}

function run(place: Place, argv: readonly string[], stdin = ""): Promise<Result> {
  return resultOf(start(place, argv, stdin));
}

function write({ folder }: Place, name: string, text: string): void {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** A manifest whose names nobody else on the server uses. */
function manifestOf(prefix: string, valueFrom = "{ env: OPENAI_KEY }"): string {
  return `version: 1
secrets:
  - { name: ${prefix}-secret, provider: openai, value_from: ${valueFrom} }
model_definitions:
  - { name: ${prefix}-model, secret: ${prefix}-secret, model_name: gpt-4o }
endpoints:
  - name: ${prefix}
    usage_tracking: false
    models: [{ model_definition: ${prefix}-model, linkage_type: PRIMARY }]
    tags: { team: search }
budgets:
  - name: ${prefix}-monthly
    budget_amount: 500
    duration: { unit: MONTHS, value: 1 }
    target_scope: ENDPOINT
    target_value: ${prefix}
    budget_action: ALERT
`;
}

async function modelName(prefix: string): Promise<string | undefined> {
  const definitions = await gateway.modelDefinitions.list();
  return definitions.find(({ name }) => name === `${prefix}-model`)?.model_name;
}

test("a gateway is brought to a manifest, watched, exported and taken back", async () => {
  const place = aPlace();
  const owner = ["--owner", "story"];
  write(place, "manifests/story.yaml", manifestOf("story"));

  expect((await run(place, ["validate", "manifests"])).status).toBe(0);
  expect((await run(place, ["plan", "manifests", ...owner])).status).toBe(2);
  const first = await run(place, ["apply", "manifests", "--yes", ...owner]);
  expect(first.stdout).toContain("applied       create budget/story-monthly\n");
  expect(first.status).toBe(0);
  expect((await run(place, ["plan", "manifests", ...owner])).status).toBe(0);
  expect((await run(place, ["drift", ...owner])).status).toBe(0);

  const exported = await run(place, ["export", ...owner]);
  write(place, "exported.yaml", exported.stdout);
  expect((await run(place, ["plan", "exported.yaml", ...owner])).status).toBe(0);

  write(place, "manifests/story.yaml", manifestOf("story").replace("gpt-4o", "gpt-5"));
  expect((await run(place, ["apply", "manifests", "--yes", ...owner])).status).toBe(0);
  expect(await modelName("story")).toBe("gpt-5");

  const [definition] = (await gateway.modelDefinitions.list()).filter(
    ({ name }) => name === "story-model",
  );
  await gateway.modelDefinitions.update({
    model_definition_id: definition?.model_definition_id ?? "",
    secret_id: definition?.secret_id ?? "",
    provider: "openai",
    model_name: "by-hand",
  });
  const drift = await run(place, ["drift", ...owner]);
  expect(drift.status).toBe(2);
  expect(drift.stdout).toContain("~ update model_definition/story-model");

  expect((await run(place, ["rollback", "--yes", ...owner])).status).toBe(0);
  expect(await modelName("story")).toBe("gpt-4o");
  expectNoLeak([VALUE, server.admin?.password ?? ""], first, exported, drift);
});

test("a workspace that the server does not have is an error of each command", async () => {
  const place = aPlace();
  write(place, "gateway.yaml", manifestOf("nowhere"));

  for (const command of [["plan", "gateway.yaml"], ["drift"], ["rollback", "--list"], ["export"]]) {
    const { status, stderr } = await run(place, [...command, "--workspace", "nonexist"]);

    expect([status, stderr]).toEqual([1, expect.stringContaining("has no workspaces: it runs")]);
  }
});

test("a rollback holds: the same is not applied again until it changes or somebody resumes", async () => {
  const place = aPlace();
  const owner = ["--owner", "held"];
  const good = manifestOf("held");
  const bad = good.replace("gpt-4o", "gpt-5");
  const apply = async (manifest: string) => {
    write(place, "held.yaml", manifest);
    return (await run(place, ["apply", "held.yaml", "--yes", ...owner])).status;
  };
  await apply(good);
  await apply(bad);

  const back = await run(place, ["rollback", "--yes", ...owner]);
  const again = [await apply(bad), await apply(`# the same\n${bad}`)];
  const held = await modelName("held");
  const drift = await run(place, ["drift", ...owner]);
  const resume = await run(place, ["resume", ...owner]);

  expect([back.status, ...again, drift.status, resume.status]).toEqual([0, 3, 3, 0, 0]);
  expect(held).toBe("gpt-4o");
  expect(drift.stderr).toContain(" to what run ");
  expect([await apply(bad), await modelName("held")]).toEqual([0, "gpt-5"]);
  await run(place, ["rollback", "--yes", ...owner]);
  expect([await apply(good.replace("gpt-4o", "gpt-6")), await modelName("held")]).toEqual([
    0,
    "gpt-6",
  ]);
});

test("a rollback of a rename renames back by id, and is held", async () => {
  const place = aPlace();
  const owner = ["--owner", "renamed"];
  const idOf = async (name: string) =>
    (await gateway.endpoints.list()).find((one) => one.name === name)?.endpoint_id;
  write(place, "renamed.yaml", manifestOf("renamed"));
  await run(place, ["apply", "renamed.yaml", "--yes", ...owner]);
  const id = await idOf("renamed");
  const talk = manifestOf("renamed")
    .replace("- name: renamed\n    usage", "- name: talk\n    previous_name: renamed\n    usage")
    .replace("target_value: renamed", "target_value: talk");
  write(place, "renamed.yaml", talk);
  await run(place, ["apply", "renamed.yaml", "--yes", ...owner]);
  const renamed = await idOf("talk");

  const back = await run(place, ["rollback", "--yes", ...owner]);
  const held = await run(place, ["plan", "renamed.yaml", ...owner]);
  await run(place, ["resume", ...owner]);
  const plan = await run(place, ["plan", "renamed.yaml", ...owner]);

  expect([renamed, await idOf("renamed"), await idOf("talk")]).toEqual([id, id, undefined]);
  expect([back.status, held.status, plan.status]).toEqual([0, 3, 2]);
  expect(plan.stdout).toContain("name: renamed -> talk\n");
});

test("a value from a file is pushed when it changes, and only then", async () => {
  const place = aPlace();
  const argv = ["apply", "-", "--yes", "--json", "--owner", "files"];
  const manifest = manifestOf("files", "{ file: key.txt }");
  const outcomes = async () =>
    JSON.parse((await run(place, argv, manifest)).stdout).workspaces[0].outcomes;

  write(place, "key.txt", `${VALUE}\n`);
  expect(await outcomes()).toHaveLength(4);
  write(place, "key.txt", VALUE);
  expect(await outcomes()).toEqual([]);
  write(place, "key.txt", "sk-another-value-0000");
  expect(await outcomes()).toMatchObject([{ key: "secret/files-secret", outcome: "applied" }]);
});

test("a plan that was kept is applied exactly, and is stale afterwards", async () => {
  const place = aPlace();
  const owner = ["--owner", "kept"];
  write(place, "kept.yaml", manifestOf("kept"));

  const plan = await run(place, ["plan", "*.yaml", "--output-file", "plan.json", ...owner]);
  const apply = await run(place, ["apply", "--plan", "plan.json", "--yes"]);
  const again = await run(place, ["apply", "--plan", "plan.json", "--yes"]);

  expect([plan.status, apply.status, again.status]).toEqual([2, 0, 3]);
  expect(again.stderr).toContain("the plan is stale");
  expect(statSync(join(place.folder, "plan.json")).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(place.folder, "plan.json"), "utf8")).not.toContain(VALUE);
});

test("the login may come from MLflow's own credentials file", async () => {
  const place = aPlace({ MLFLOW_TRACKING_USERNAME: "", MLFLOW_TRACKING_PASSWORD: "" });
  write(
    place,
    ".mlflow/credentials",
    `[mlflow]\nmlflow_tracking_username = admin\nmlflow_tracking_password = ${server.admin?.password}\n`,
  );

  expect((await run(place, ["export"])).status).toBe(0);
});

test.each([
  [{ MLFLOW_TRACKING_PASSWORD: "wrong-password" }, /401/],
  [{ MLFLOW_TRACKING_URI: "http://127.0.0.1:1" }, /ECONNREFUSED/],
  [{ MLFLOW_TRACKING_URI: "file:///tmp/mlruns" }, /an http:\/\/ or https:\/\/ address is needed/],
  [{ MLFLOW_TRACKING_URI: "databricks" }, /Databricks runs its own gateway/],
])("with %j it says what is wrong", async (env, problem) => {
  const { status, stdout, stderr } = await run(aPlace(env), ["export"]);

  expect(status).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(problem);
  expect(stderr).not.toContain("    at ");
});

test("a second ledger is refused, and can take over", async () => {
  const place = aPlace();
  const argv = ["apply", "other.yaml", "--yes", "--owner", "other", "--ledger", "other.json"];
  write(place, "other.yaml", manifestOf("other"));
  const refused = await run(place, argv);

  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain("--take-over");
  expect(await modelName("other")).toBeUndefined();
  expect((await run(place, [...argv, "--take-over"])).status).toBe(0);
  expect(await modelName("other")).toBe("gpt-4o");
  await run(aPlace(), ["apply", "-", "--yes", "--take-over"], "version: 1\n");
});

test("of two runs at once one waits its turn by saying so, and no write is lost", async () => {
  const place = aPlace();
  const names = ["left", "right"];
  for (const name of names) write(place, `${name}.yaml`, manifestOf(name));
  const argv = (name: string) => ["apply", `${name}.yaml`, "--yes", "--owner", name];

  const results = await Promise.all(names.map((name) => run(place, argv(name))));

  for (const [index, name] of names.entries()) {
    const { status, stderr } = results[index] ?? {};
    if (status !== 0) {
      expect(stderr).toMatch(/another run is writing: /);
      expect((await run(place, argv(name))).status).toBe(0);
    }
    expect((await run(place, ["drift", "--owner", name])).status).toBe(0);
  }
});

/** An apply that lasts some seconds, once its first changes are made. */
async function startLong(place: Place, prefix: string, count: number) {
  const numbers = Array.from({ length: count }, (_, index) => `${prefix}-${index + 10}`);
  const definitions = numbers.map(
    (name) => `  - { name: ${name}, secret: ${prefix}, model_name: gpt-4o }\n`,
  );
  write(
    place,
    `${prefix}.yaml`,
    `version: 1\nsecrets: [{ name: ${prefix}, provider: openai, value_from: { env: OPENAI_KEY } }]\nmodel_definitions:\n${definitions.join("")}`,
  );
  const argv = ["apply", `${prefix}.yaml`, "--yes", "--json", "--owner", prefix];
  const child = start(place, argv);
  const result = resultOf(child);
  const isBegun = async () =>
    (await gateway.modelDefinitions.list()).some(({ name }) => name.startsWith(`${prefix}-`));
  while (!(await isBegun())) await new Promise((resolve) => setTimeout(resolve, 20));
  return { argv, child, result };
}

test("after Ctrl-C what was begun ends, the rest is not attempted, and the next run goes on", async () => {
  const place = aPlace();
  const count = 60;
  const { argv, child, result } = await startLong(place, "many", count);
  child.kill("SIGINT");

  const { status, stdout, stderr } = await result;
  const outcomes: { outcome: string }[] = JSON.parse(stdout).workspaces[0].outcomes;
  const counted = (name: string) => outcomes.filter(({ outcome }) => outcome === name).length;
  expect(status).toBe(1);
  expect(stderr).toContain("stopping: changes that are under way end first");
  expect(counted("applied")).toBeGreaterThan(0);
  expect(counted("not-attempted")).toBeGreaterThan(0);
  expect(counted("applied") + counted("not-attempted")).toBe(count + 1);

  const again = await run(place, [...argv, "--fast"]);
  expect(again.status).toBe(0);
  expect(JSON.parse(again.stdout).workspaces[0].outcomes).toHaveLength(counted("not-attempted"));
});

test("a run that was killed blocks no other on the same machine; one that lives is named", async () => {
  const place = aPlace();
  const { argv, child, result } = await startLong(place, "killed", 60);
  const meanwhile = await run(place, argv);
  child.kill("SIGKILL");
  await result;

  const startedMs = Date.now();
  const next = await run(place, [...argv, "--fast"]);

  expect(meanwhile.status).toBe(1);
  expect(meanwhile.stderr).toMatch(
    new RegExp(`another run is writing: .* process ${child.pid} on .* holds the lease sync`),
  );
  expect(next.stderr).not.toContain("another run is writing");
  expect(next.status).toBe(0);
  expect(Date.now() - startedMs).toBeLessThan(30_000);
  expect((await run(place, ["unlock"])).stderr).toBe("nothing is held\n");
});

test.each([
  ["y\n", 0, "gpt-4o"],
  ["n\n", 1, undefined],
  ["\u0003", 1, undefined],
])("at a terminal a person answers %j", async (answer, expected, model) => {
  const place = aPlace({ TERM: "xterm" });
  const name = `terminal-${expected}-${answer.charCodeAt(0)}`;
  write(place, "gateway.yaml", manifestOf(name));
  write(place, "terminal.py", TERMINAL);
  const python = join(venvBin, "python");
  const argv = ["terminal.py", answer, gwops, "apply", "gateway.yaml", "--owner", name];
  const child = spawn(python, argv, { cwd: place.folder, env: place.env });

  const { status, stdout } = await resultOf(child);

  expect(stdout).toContain("4 to create: apply? [y/N] ");
  expect(stdout).toContain("\u001b[32m+ create");
  expect(status).toBe(expected);
  expect(await modelName(name)).toBe(model);
});

/** Runs a command at a terminal of its own, and types when it is asked. */
const TERMINAL = `
import os, pty, sys
answer, command = sys.argv[1], sys.argv[2:]
seen = b""
answered = False

def read(fd):
    global seen, answered
    data = os.read(fd, 4096)
    seen += data
    if b"[y/N] " in seen and not answered:
        answered = True
        os.write(fd, answer.encode())
    return data

sys.exit(os.waitstatus_to_exitcode(pty.spawn(command, read)))
`;

test("a reader that has seen enough is no failure", async () => {
  const place = aPlace();
  const child = spawn("/bin/sh", ["-c", `"${gwops}" schema | head -n 1; echo "done"`], {
    cwd: place.folder,
    env: place.env,
  });

  const { stdout, stderr } = await resultOf(child);

  expect(stdout).toBe("{\ndone\n");
  expect(stderr).toBe("");
});

test("a proxy is followed as MLflow's own client does, and named when it refuses", async () => {
  const proxy = await startHttpProxy({ login: "ada:proxy-password" });
  const way = (password: string) => ({
    HTTP_PROXY: `http://ada:${password}@127.0.0.1:${proxy.port}`,
  });
  try {
    const place = aPlace(way("proxy-password"));
    write(place, "gateway.yaml", manifestOf("proxied"));
    const applied = await run(place, ["apply", "gateway.yaml", "--owner", "proxied", "--yes"]);
    const viaProxy = proxy.seen.length;
    const straight = await run(
      { ...place, env: { ...place.env, NO_PROXY: "127.0.0.1,localhost" } },
      [...["plan", "gateway.yaml", "--owner", "proxied"]],
    );
    const refused = await run({ ...place, env: { ...place.env, ...way("wrong-password") } }, [
      ...["plan", "gateway.yaml", "--owner", "proxied"],
    ]);

    expect([applied.status, applied.stderr]).toEqual([0, expect.any(String)]);
    expect(viaProxy).toBeGreaterThan(5);
    expect(straight.status).toBe(0);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(
      `the proxy http://127.0.0.1:${proxy.port} wants a login, or another one, in its address (407)`,
    );
    expectNoLeak(["proxy-password", "wrong-password"], applied, straight, refused);
    expect(proxy.seen.slice(0, viaProxy)).toContain(`GET ${server.trackingUri}/version`);
  } finally {
    await proxy.stop();
  }
});
