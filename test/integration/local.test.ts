import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { makeRunFolder, projectFolder } from "../../scripts/local/folders.ts";
import { callLocal } from "../../scripts/local/http.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import {
  MLFLOW_VERSION,
  type MlflowServer,
  startMlflow,
} from "../../scripts/local/mlflow-server.ts";
import { freePort, requirePort } from "../../scripts/local/ports.ts";
import { cleanEnvironment, runCommand, startServer } from "../../scripts/local/processes.ts";
import { startUpstream } from "../../scripts/local/upstream-stub.ts";

jest.setTimeout(180_000);

const reader = { username: "reader", password: "a long enough password" };
let mlflow: MlflowServer;
let aws: LocalAws;

beforeAll(async () => {
  [mlflow, aws] = await Promise.all([startMlflow({ users: [reader] }), startLocalAws()]);
});

afterAll(async () => {
  await Promise.all([mlflow?.stop(), aws?.stop()]);
});

test("mlflow lets in its admin and its users, and nobody else", async () => {
  const version = `${mlflow.trackingUri}/version`;

  expect(await callLocal(version, { user: mlflow.admin })).toEqual({
    status: 200,
    body: MLFLOW_VERSION,
  });
  expect((await callLocal(version, { user: reader })).status).toBe(200);
  expect((await callLocal(version)).status).toBe(401);
});

test("mlflow keeps its data when it is started again on the same port", async () => {
  const gateway = `${mlflow.trackingUri}/api/3.0/mlflow/gateway`;
  const secret = { secret_name: "kept", secret_value: { api_key: "sk-kept-0123456789" } };
  const created = await callLocal(`${gateway}/secrets/create`, {
    method: "POST",
    user: mlflow.admin,
    json: secret,
  });
  expect(created.status).toBe(200);

  await mlflow.stop();
  expect(await survivors(mlflow.pid)).toEqual([]);
  await requirePort(mlflow.port, "--mlflow-port");
  await mlflow.restart();

  const listed = await callLocal(`${gateway}/secrets/list`, { user: mlflow.admin });
  expect(JSON.parse(listed.body)).toMatchObject({ secrets: [{ secret_name: "kept" }] });
});

test("mlflow and the local AWS can run at the same time as others of their kind", async () => {
  const [otherMlflow, otherAws] = await Promise.all([
    startMlflow({ auth: false }),
    startLocalAws(),
  ]);

  expect((await callLocal(`${otherMlflow.trackingUri}/version`)).body).toBe(MLFLOW_VERSION);
  expect(otherMlflow.admin).toBeUndefined();
  expect(otherAws.port).not.toBe(aws.port);

  await Promise.all([otherMlflow.stop(), otherAws.stop()]);
  expect(await survivors(otherMlflow.pid, otherAws.pid)).toEqual([]);
  await requirePort(otherAws.port, "--aws-port");
});

test("the local AWS answers AWS calls of the account that its environment names", async () => {
  const { status, body } = await callLocal(`${aws.environment.AWS_ENDPOINT_URL}/`, {
    method: "POST",
    form: "Action=GetCallerIdentity&Version=2011-06-15",
  });

  expect(status).toBe(200);
  expect(body).toContain("<Account>000000000000</Account>");
});

test("a demanded port that is taken or impossible is refused with one sentence", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;

  await expect(startMlflow({ port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken: choose another with --mlflow-port.`,
  );
  await expect(startLocalAws({ port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is taken: choose another with --aws-port.`,
  );
  await expect(requirePort(70_000, "--aws-port")).rejects.toThrow(
    "--aws-port must be a port between 1 and 65535, got 70000.",
  );
  holder.close();
});

test("the upstream remembers which key each call used, without ever printing it", async () => {
  const upstream = await startUpstream({ completionTokens: 7 });
  const ask = (key: string) =>
    callLocal(`${upstream.url}/chat/completions`, {
      method: "POST",
      bearer: key,
      json: { model: "gpt-4o", messages: [{ role: "user", content: "Hello?" }] },
    });

  const first = await ask("sk-old");
  upstream.failNext(1, 429);
  const second = await ask("sk-new");
  const third = await ask("sk-new");

  expect(JSON.parse(first.body)).toMatchObject({
    object: "chat.completion",
    model: "gpt-4o",
    usage: { prompt_tokens: 100_000, completion_tokens: 7, total_tokens: 100_007 },
  });
  expect([first, second, third].map(({ status }) => status)).toEqual([200, 429, 200]);
  const calls = upstream.calls();
  expect(calls.map((call) => call.key.reveal())).toEqual(["sk-old", "sk-new", "sk-new"]);
  expect(calls.map((call) => call.status)).toEqual([200, 429, 200]);
  expect(inspect(calls) + JSON.stringify(calls)).not.toContain("sk-");
  await upstream.stop();
});

test("a server that ends before it is ready is reported with its last lines", async () => {
  await expect(
    startServer({
      ...nodeProcess("console.log('no such database'); process.exit(3)"),
      isReady: () => Promise.resolve(false),
      startTimeoutMs: 10_000,
    }),
  ).rejects.toThrow(
    /ended with status 3 before it was ready; the last lines of .*\nno such database/,
  );
});

test("a server that is never ready is ended when its time is up", async () => {
  const spec = nodeProcess("console.log(process.pid); setInterval(() => {}, 1000)");

  await expect(
    startServer({ ...spec, isReady: () => Promise.resolve(false), startTimeoutMs: 1000 }),
  ).rejects.toThrow("was not ready within 1 s");

  expect(await survivors(firstNumber(spec.logFile))).toEqual([]);
});

test("stopping a server also ends children of it that ignore the signal", async () => {
  const stubborn =
    "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)";
  const spec = nodeProcess(
    `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { stdio: 'inherit' });`,
  );
  const server = await startServer({
    ...spec,
    isReady: async () => readFileSync(spec.logFile, "utf8") !== "",
    startTimeoutMs: 10_000,
    graceMs: 500,
  });
  const child = firstNumber(spec.logFile);
  expect(isAlive(child)).toBe(true);

  await server.stop();

  expect(await survivors(server.pid, child)).toEqual([]);
});

test("a server ends with the process that started it, even when that one is killed", async () => {
  const spec = nodeProcess("console.log(process.pid); setInterval(() => {}, 1000)");
  const script = `
    import { readFileSync } from "node:fs";
    import { startServer } from ${JSON.stringify(path.join(projectFolder, "scripts/local/processes.ts"))};
    const spec = ${JSON.stringify(spec)};
    const isReady = async () => readFileSync(spec.logFile, "utf8") !== "";
    await startServer({ ...spec, isReady, startTimeoutMs: 10_000 });
    console.log("ready");
    setInterval(() => {}, 1000);`;
  const args = ["--import", "tsx", "--input-type=module", "-e", script];
  const parent = spawn(process.execPath, args, {
    cwd: projectFolder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(createInterface({ input: parent.stdout }), "line");
  const server = firstNumber(spec.logFile);
  expect(isAlive(server)).toBe(true);

  parent.kill("SIGKILL");

  expect(await survivors(server)).toEqual([]);
});

test("a command passes on its lines, and says why it failed or that it took too long", async () => {
  const lines: string[] = [];
  const onLine = (line: string): number => lines.push(line);
  const run = (code: string, timeoutMs: number): Promise<void> =>
    runCommand({ ...nodeProcess(code), timeoutMs, onLine });

  await run("console.log('one'); console.error('two')", 10_000);
  expect([...lines].sort()).toEqual(["one", "two"]);
  await expect(run("console.log('no access'); process.exit(2)", 10_000)).rejects.toThrow(
    /ended with status 2; the last lines of .*\nno access/,
  );
  await expect(run("setInterval(() => {}, 1000)", 500)).rejects.toThrow("did not end within 0.5 s");
});

test("a child sees nothing of our environment but what every program needs", () => {
  process.env.AWS_PROFILE = "somebody";

  expect(Object.keys(cleanEnvironment({ GIVEN: "1" }))).not.toContain("AWS_PROFILE");
  expect(cleanEnvironment({ GIVEN: "1" })).toMatchObject({ GIVEN: "1", PATH: process.env.PATH });

  delete process.env.AWS_PROFILE;
});

test("a free port can be listened on", async () => {
  const port = await freePort();

  expect(await requirePort(port, "--port")).toBe(port);
});

function nodeProcess(code: string) {
  const folder = makeRunFolder("process");
  return {
    name: "the test process",
    command: process.execPath,
    args: ["-e", code],
    cwd: folder,
    env: cleanEnvironment({}),
    logFile: path.join(folder, "process.log"),
  };
}

function firstNumber(file: string): number {
  return Number.parseInt(readFileSync(file, "utf8"), 10);
}

/** Some systems let a few seconds pass until the id of an ended orphan is gone. */
async function survivors(...pids: number[]): Promise<number[]> {
  const deadlineMs = Date.now() + 5000;
  while (pids.some(isAlive) && Date.now() < deadlineMs) {
    await sleep(50);
  }
  return pids.filter(isAlive);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
