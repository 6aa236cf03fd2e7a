import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { GatewayClient } from "#gateway/client.ts";
import { buildCli } from "../../scripts/cli/build.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";
import { rounds, seedFor } from "../support/soak.ts";

const KILLS = rounds({ usual: 5, soak: 50 });
/** An apply of the manifest below takes about so long: a kill hits it anywhere. */
const KILL_WITHIN_MS = 2_500;
/** Without the lease that the killed one left: it is good for six minutes. */
const AGAIN_WITHIN_MS = 60_000;

jest.setTimeout(3_600_000);

const root = mkdtempSync(join(tmpdir(), "gwops-killed-"));
const gwops = join(root, "gwops.mjs");
let server: MlflowServer;
let gateway: GatewayClient;

beforeAll(async () => {
  await buildCli(gwops);
  // With accounts every delete of an endpoint takes a grant away, which wants an approval.
  server = await startMlflow({ auth: false });
  gateway = new GatewayClient({ trackingUri: server.trackingUri });
}, 180_000);

afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
}, 30_000);

test(`after each of ${KILLS} kills the next apply begins at once, and nothing is there twice`, async () => {
  const random = randomOf(seedFor("killed-apply"));
  let kills = 0;
  for (let round = 0; kills < KILLS; round += 1) {
    writeFileSync(join(root, "gateway.yaml"), manifestOf(round));
    if (await killed(apply(), random() * KILL_WITHIN_MS)) kills += 1;

    const begin = Date.now();
    const again = await endOf(apply());

    expect([round, again.status, again.status === 0 || again.output]).toEqual([round, 0, true]);
    expect(Date.now() - begin).toBeLessThan(AGAIN_WITHIN_MS);
    expect(await namesOnGateway()).toEqual(namesIn(round));
    expect((await endOf(start(["plan", "gateway.yaml", "--prune"]))).status).toBe(0);
  }
});

/** Of each round some are new, two are gone, which no guard minds, and all have other values. */
function manifestOf(round: number): string {
  const names = namesOf(round);
  return `version: 1
secrets:
${names.map((name) => `  - { name: ${name}, provider: openai, value_from: { env: OPENAI_KEY } }`).join("\n")}
model_definitions:
${names.map((name) => `  - { name: ${name}, secret: ${name}, model_name: gpt-${round} }`).join("\n")}
endpoints:
${names.map((name) => `  - { name: ${name}, usage_tracking: false, models: [{ model_definition: ${name}, linkage_type: PRIMARY }], tags: { round: "${round}" } }`).join("\n")}
budgets:
${names.map((name) => `  - { name: ${name}, budget_amount: ${round + 1}, duration: { unit: DAYS, value: 1 }, target_scope: ENDPOINT, target_value: ${name}, budget_action: ALERT }`).join("\n")}
`;
}

function namesOf(round: number): string[] {
  return ["kept", "left", `only-${round}`, ...(round % 2 === 0 ? ["even"] : ["odd"])];
}

function namesIn(round: number) {
  const names = namesOf(round).toSorted();
  return { secrets: names, model_definitions: names, endpoints: names, budgets: names };
}

async function namesOnGateway() {
  const [secrets, definitions, endpoints, budgets] = await Promise.all([
    gateway.secrets.list(),
    gateway.modelDefinitions.list(),
    gateway.endpoints.list(),
    gateway.budgets.list(),
  ]);
  return {
    secrets: secrets.map(({ secret_name }) => secret_name).toSorted(),
    model_definitions: definitions.map(({ name }) => name).toSorted(),
    endpoints: endpoints.map(({ name }) => name).toSorted(),
    // The mark of a budget ends with its name.
    budgets: budgets.map(({ created_by }) => created_by?.split("/").at(-1)).toSorted(),
  };
}

function apply(): ChildProcess {
  const limits = ["--max-delete-share", "1", "--max-update-share", "1"];
  return start(["apply", "gateway.yaml", "--yes", "--prune", ...limits]);
}

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [gwops, ...argv], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: root,
      MLFLOW_TRACKING_URI: server.trackingUri,
      OPENAI_KEY: "sk-value-from-outside",
    },
  });
}

async function endOf(child: ChildProcess): Promise<{ status: number | null; output: string }> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, output };
}

/** Whether it was still at work. */
async function killed(child: ChildProcess, afterMs: number): Promise<boolean> {
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  await endOf(child);
  clearTimeout(timer);
  return child.signalCode === "SIGKILL";
}

/** Numbers from 0 to 1, the same for each seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
