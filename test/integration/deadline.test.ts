import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { CreateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { DynamoLedger } from "#aws/ledger.ts";
import { put } from "#runtime/ledger.ts";
import { commitWithMessages, OUTBOX } from "#runtime/message.ts";
import { MANAGED_SECRETS } from "#secrets/managed-secret.ts";
import { MANIFESTS } from "#sync/manifest-record.ts";
import { buildFunctions } from "../../scripts/build.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { aMessage } from "../support/builders.ts";
import { type FunctionEnd, runFunction } from "../support/function-run.ts";
import {
  clientsOf,
  delivered,
  deployedFunction,
  environmentOf,
  makeMemory,
} from "../support/function-world.ts";
import { SLOW_WAYS, type SlowWay, startSlowServer } from "../support/slow-servers.ts";

/**
 * Every built function with its own settings against a server that keeps it waiting. All run side
 * by side, because each takes nearly all the time that it has. That is the real one for functions
 * of up to a minute; of the others it is the end of it.
 */
const LEFT_MS_MAX: Readonly<Record<string, number>> = {
  "budget-monitor": 45_000,
  "config-sync": 90_000,
};

jest.setTimeout(150_000);

const root = mkdtempSync(join(tmpdir(), "gateway-ops-deadline-"));
const TOPIC = "arn:aws:sns:us-east-1:000000000000";
const MANIFEST = "manifests/default/gateway.yaml";
/** The deliveries are used up: what fails must be recorded. */
const LAST = 3;

let aws: LocalAws;
let queueUrl: string;
const ends = new Map<string, Promise<FunctionEnd>>();
const stops: (() => void)[] = [];

beforeAll(async () => {
  [aws] = await Promise.all([startLocalAws(), buildFunctions(root)]);
  const { secretsManager, sqs } = clients();
  const login = JSON.stringify({ username: "operator", password: "not-a-real-password" });
  await secretsManager.send(
    new CreateSecretCommand({ Name: "gateway-ops/login", SecretString: login }),
  );
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: "events" }));
  queueUrl = QueueUrl;
  for (const way of SLOW_WAYS) {
    for (const name of Object.keys(CASES)) {
      const end = invoke(name, way);
      end.catch(() => undefined);
      ends.set(`${name} ${way}`, end);
    }
  }
}, 120_000);

afterAll(async () => {
  for (const stop of stops) stop();
  await aws?.stop();
  rmSync(root, { recursive: true, force: true });
}, 30_000);

interface Case {
  /** Fills the memory, and says what the function is told. */
  readonly prepare: (memory: Memory) => Promise<unknown>;
  /** What must be in the memory afterwards. */
  readonly expectRecorded: (memory: Memory, way: SlowWay) => Promise<void>;
}

const CASES: Readonly<Record<string, Case>> = {
  "secret-push": {
    prepare: async ({ ledger }) => {
      const target = {
        ...{ workspace: "default", name: "openai", owner: "default", provider: "openai" },
        value_from: { secrets_manager: "prod/openai" },
      };
      const left = { secret_id: "s-1", gateway_updated_at_ms: 0 };
      const pushed = { ...left, version_id: "version-1", at_ms: 0 };
      const record = { target, source_arn: await theSecret(), pushed };
      await ledger.commit([put(MANAGED_SECRETS, "default/openai", record, undefined)]);
      const body = {
        source: "aws.secretsmanager",
        resources: [record.source_arn],
        detail: { versionId: "version-2" },
      };
      return { Records: [await delivered(clients(), queueUrl, body, LAST)] };
    },
    expectRecorded: async ({ ledger }, way) => {
      const record = await ledger.read(MANAGED_SECRETS, "default/openai");
      // What answers at all, if late, is found not to be a gateway.
      if (way !== "answers after 25 s") {
        expect(record?.value.pending).toMatchObject({ cause: "gateway-timeout" });
      }
      expect(await subjectsIn(ledger)).toEqual([expect.stringMatching(/openai/)]);
    },
  },
  "budget-monitor": {
    prepare: async () => ({ scheduledTime: "2026-11-25T12:00:00Z" }),
    expectRecorded: async ({ ledger }, way) => {
      // Late answers are answers: there are no budgets.
      const told = way === "answers after 25 s" ? [] : [/^Budgets cannot be watched/];
      expect(await subjectsIn(ledger)).toEqual(told.map((text) => expect.stringMatching(text)));
    },
  },
  "config-sync": {
    prepare: async ({ bucket }) => {
      const { s3 } = clients();
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: MANIFEST,
          Body: "version: 1\nendpoints: []\n",
        }),
      );
      const body = { source: "aws.s3", detail: { object: { key: MANIFEST } } };
      return { Records: [await delivered(clients(), queueUrl, body, LAST)] };
    },
    expectRecorded: async ({ ledger, bucket }, way) => {
      const latest = { Bucket: bucket, Key: "runs/default/latest.json" };
      const { Body } = await clients().s3.send(new GetObjectCommand(latest));
      const report = JSON.parse((await Body?.transformToString()) ?? "");
      const record = (await ledger.read(MANIFESTS, MANIFEST))?.value;
      expect(record?.status).toBe(report.outcome);
      if (way === "answers after 25 s") return;
      expect(report).toMatchObject({ outcome: "pending", error: { code: "gateway-timeout" } });
      expect(await subjectsIn(ledger)).toEqual([`${MANIFEST}: pending (gateway-timeout)`]);
    },
  },
  "message-publisher": {
    prepare: async ({ ledger }) => {
      await commitWithMessages(ledger, [], [aMessage()]);
      return {};
    },
    expectRecorded: async ({ ledger }) => {
      expect(await subjectsIn(ledger)).toEqual([aMessage().subject]);
    },
  },
};

describe.each(Object.keys(CASES))("%s", (name) => {
  test.each(SLOW_WAYS)("ends in time and has recorded what failed: a server %s", async (way) => {
    const end = await ends.get(`${name} ${way}`);

    expect(end?.isKilled).toBe(false);
    expect(end?.durationMs).toBeLessThan(leftMsOf(name));
    await CASES[name]?.expectRecorded(memoryOf(name, way), way);
  });
});

async function invoke(name: string, way: SlowWay): Promise<FunctionEnd> {
  const memory = memoryOf(name, way);
  await makeMemory(clients(), memory);
  const event = await CASES[name]?.prepare(memory);
  const { url, stop } = await startSlowServer(way);
  stops.push(stop);
  return runFunction({
    bundle: join(root, "functions", name, "index.js"),
    event,
    leftMs: leftMsOf(name),
    environment: {
      ...aws.environment,
      // What keeps the publisher waiting.
      AWS_ENDPOINT_URL_SNS: url,
      ...environmentOf(name, {
        GATEWAY_OPS_GATEWAY_URL: url,
        GATEWAY_OPS_LEDGER_TABLE: memory.table,
        GATEWAY_OPS_MANIFEST_BUCKET: memory.bucket,
        GATEWAY_OPS_QUEUE_URL: queueUrl,
        GATEWAY_OPS_ALERTS_TOPIC_ARN: `${TOPIC}:alerts`,
        GATEWAY_OPS_OPERATIONS_TOPIC_ARN: `${TOPIC}:operations`,
      }),
    },
  });
}

function leftMsOf(name: string): number {
  const { Timeout } = deployedFunction(name);
  return Math.min(Timeout * 1000, LEFT_MS_MAX[name] ?? Number.POSITIVE_INFINITY);
}

interface Memory {
  readonly table: string;
  readonly bucket: string;
  readonly ledger: DynamoLedger;
}

/** Of each run its own. */
function memoryOf(name: string, way: SlowWay): Memory {
  const table = `${name}-${SLOW_WAYS.indexOf(way)}`;
  return { table, bucket: table, ledger: new DynamoLedger(clients().dynamo, table) };
}

async function subjectsIn(ledger: DynamoLedger): Promise<string[]> {
  return (await ledger.list(OUTBOX)).map(({ value }) => value.subject);
}

let secretArn: Promise<string> | undefined;

function theSecret(): Promise<string> {
  const tags = [{ Key: "gateway-ops:owner", Value: "default" }];
  const secret = { Name: "prod/openai", SecretString: "sk-not-a-real-key", Tags: tags };
  secretArn ??= clients()
    .secretsManager.send(new CreateSecretCommand(secret))
    .then(({ ARN = "" }) => ARN);
  return secretArn;
}

function clients() {
  return clientsOf(aws);
}
