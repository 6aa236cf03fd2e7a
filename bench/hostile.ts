import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { buildFunctions } from "../scripts/build.ts";
import { buildCli } from "../scripts/cli/build.ts";
import { startLocalAws } from "../scripts/local/local-aws.ts";
import { BOMBS } from "../test/support/bombs.ts";
import { runFunction } from "../test/support/function-run.ts";
import {
  clientsOf,
  delivered,
  deployedFunction,
  environmentOf,
  makeMemory,
} from "../test/support/function-world.ts";
import { runMeasured } from "../test/support/measured-run.ts";
import type { Measurement, Row } from "./measurement.ts";

/** What every input costs at most. */
const TIME_MS = 10_000;
const MEMORY_MIB = 256;
const TARGET = { bound: "at most", value: 1 } as const;

const WORKER = "config-sync";
/** A file with one mistake: what is needed above it is the bomb's. */
const IDLE = { "gateway.yaml": "version: 1\nendpoint: []\n" };

type Files = Readonly<Record<string, string>>;
interface Cost {
  readonly ms: number;
  readonly peakMiB: number;
}
type Measure = (name: string, files: Files) => Promise<Cost>;

/** Time and memory of what is made to take much of both. */
export const hostile: Measurement = {
  name: "hostile",
  summary: "manifests and policies that are bombs, in gwops validate and in the built function",
  async run({ say }, { folder }) {
    const place = path.join(folder, "hostile");
    mkdirSync(place);
    const command = await inCommand(place);
    const { measure: worker, stop } = await inFunction(place);
    try {
      const rows: Row[] = [];
      for (const [where, measure] of [
        ["gwops validate", command],
        [`the function, ${deployedFunction(WORKER).MemorySize} MiB`, worker],
      ] as const) {
        const idle = await measure("idle", IDLE);
        for (const [name, { files }] of Object.entries(BOMBS)) {
          say(`${where}: ${name}`);
          rows.push(await rowOf(`${where}: ${name}`, idle, await measure(name, files())));
        }
      }
      return rows;
    } finally {
      await stop();
    }
  },
};

/** The worse of both shares of what is allowed. */
function rowOf(what: string, idle: Cost, { ms, peakMiB }: Cost): Row {
  const mib = Math.max(0, peakMiB - idle.peakMiB);
  return {
    what,
    ours: `${(ms / 1000).toFixed(1)} s, ${mib.toFixed(0)} MiB above idle`,
    baseline: `${TIME_MS / 1000} s, ${MEMORY_MIB} MiB`,
    ratio: Math.max(ms / TIME_MS, mib / MEMORY_MIB),
    target: TARGET,
    n: 1,
  };
}

async function inCommand(place: string): Promise<Measure> {
  const gwops = path.join(place, "gwops.mjs");
  await buildCli(gwops);
  return async (name, files) => {
    const folder = path.join(place, name.replaceAll(/\W/g, "-"));
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    const { exitCode, wallMs, peakMiB, stderr } = await runMeasured(
      gwops,
      ["validate", "."],
      folder,
    );
    if (exitCode !== 4) throw new Error(`${name}: exit status ${exitCode}: ${stderr}`);
    return { ms: wallMs, peakMiB };
  };
}

/** The function as it is built, with as much memory as it is deployed with. */
async function inFunction(
  place: string,
): Promise<{ readonly measure: Measure; readonly stop: () => Promise<void> }> {
  const [aws] = await Promise.all([startLocalAws(), buildFunctions(place)]);
  const clients = clientsOf(aws);
  const login = { Name: "gateway-ops/login", SecretString: '{"username":"a","password":"b"}' };
  await clients.secretsManager.send(new CreateSecretCommand(login));
  const queue = new CreateQueueCommand({ QueueName: "events" });
  const { QueueUrl = "" } = await clients.sqs.send(queue);
  let runs = 0;
  const measure: Measure = async (name, files) => {
    runs += 1;
    const memory = { table: `run-${runs}`, bucket: `run-${runs}` };
    await makeMemory(clients, memory);
    for (const [file, Body] of Object.entries(files)) {
      const Key = file === "policy.yaml" ? `manifests/${file}` : `manifests/default/${file}`;
      await clients.s3.send(new PutObjectCommand({ Bucket: memory.bucket, Key, Body }));
    }
    const key = `manifests/default/${Object.keys(files).at(-1)}`;
    const body = { source: "aws.s3", detail: { object: { key } } };
    const { MemorySize, Timeout } = deployedFunction(WORKER);
    const end = await runFunction({
      bundle: path.join(place, "functions", WORKER, "index.js"),
      event: { Records: [await delivered(clients, QueueUrl, body, 1)] },
      leftMs: Timeout * 1000,
      nodeOptions: [`--max-old-space-size=${MemorySize}`],
      environment: {
        ...aws.environment,
        ...environmentOf(WORKER, {
          GATEWAY_OPS_GATEWAY_URL: "http://127.0.0.1:1",
          GATEWAY_OPS_LEDGER_TABLE: memory.table,
          GATEWAY_OPS_MANIFEST_BUCKET: memory.bucket,
          GATEWAY_OPS_QUEUE_URL: QueueUrl,
        }),
      },
    });
    if (end.isKilled || end.error) throw new Error(`${name}: ${JSON.stringify(end)}`);
    return { ms: end.durationMs, peakMiB: end.peakMiB };
  };
  return { measure, stop: () => aws.stop() };
}
