import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { makeRunFolder, projectFolder } from "../../scripts/local/folders.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";

jest.setTimeout(120_000);

/** The examples of docs/client.md as one program: each goes on where the one before it stopped. */
const PAGE = readFileSync(path.join(projectFolder, "docs/client.md"), "utf8");
const EXAMPLES = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? "");
const PROGRAM = EXAMPLES.join("\n").replaceAll("mlflow-gateway-ops/gateway", "#gateway/public.ts");
/** What each `console.log` prints stands beside it. */
const PRINTED = [...PROGRAM.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);

const run = promisify(execFile);
let server: MlflowServer;
let folder: string;

beforeAll(async () => {
  server = await startMlflow();
  // Inside of the project, so that its import map and its packages are found.
  folder = makeRunFolder("client-docs");
  writeFileSync(path.join(folder, "examples.ts"), PROGRAM);
}, 180_000);

afterAll(async () => {
  await server?.stop();
}, 30_000);

test("the examples of docs/client.md do what they say", async () => {
  expect(PRINTED.length).toBe(PROGRAM.split("console.log(").length - 1);
  const { stdout, stderr } = await run("node", ["--import", "tsx", "examples.ts"], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      MLFLOW_TRACKING_URI: server.trackingUri,
      MLFLOW_TRACKING_PASSWORD: server.admin?.password,
    },
  });
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual(PRINTED);
});

test("the examples of docs/client.md are well typed", async () => {
  const configuration = {
    extends: path.join(projectFolder, "tsconfig.json"),
    files: ["examples.ts"],
    include: [],
  };
  writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(configuration));
  const tsc = path.join(projectFolder, "node_modules/.bin/tsc");
  const { stdout } = await run(tsc, ["-p", folder]);
  expect(stdout).toBe("");
});
