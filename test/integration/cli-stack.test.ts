import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from "@aws-sdk/client-cloudformation";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { ManifestBucket } from "#aws/bucket.ts";
import { buildCli } from "../../scripts/cli/build.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { type MlflowServer, startMlflow } from "../../scripts/local/mlflow-server.ts";

/** The servers share their processors with the rest of the tests. */
jest.setTimeout(120_000);

const root = mkdtempSync(join(tmpdir(), "gwops-stack-"));
const gwops = join(root, "gwops.mjs");
const STACK = "GatewayOps";
let aws: LocalAws;
let server: MlflowServer;

/** What a command sees of lib/gateway-ops-stack.ts. */
const TEMPLATE = {
  Resources: {
    Bucket: {
      Type: "AWS::S3::Bucket",
      Properties: { VersioningConfiguration: { Status: "Enabled" } },
    },
    Table: {
      Type: "AWS::DynamoDB::Table",
      Properties: {
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [
          { AttributeName: "kind", AttributeType: "S" },
          { AttributeName: "id", AttributeType: "S" },
        ],
        KeySchema: [
          { AttributeName: "kind", KeyType: "HASH" },
          { AttributeName: "id", KeyType: "RANGE" },
        ],
      },
    },
  },
  Outputs: {
    ManifestBucketName: { Value: { Ref: "Bucket" } },
    LedgerTableName: { Value: { Ref: "Table" } },
    Tenancy: { Value: "open" },
  },
};

const CLOSED = {
  ...TEMPLATE,
  Outputs: { ...TEMPLATE.Outputs, Tenancy: { Value: "policy" } },
};

beforeAll(async () => {
  [aws, server] = await Promise.all([startLocalAws(), startMlflow(), buildCli(gwops)]);
  const options = clientOptions();
  const formation = new CloudFormationClient(options);
  for (const [name, body] of [
    [STACK, TEMPLATE],
    ["Closed", CLOSED],
    ["Another", { Resources: { Bucket: { Type: "AWS::S3::Bucket" } } }],
  ] as const) {
    await formation.send(
      new CreateStackCommand({ StackName: name, TemplateBody: JSON.stringify(body) }),
    );
    await waitUntilStackCreateComplete({ client: formation, maxWaitTime: 60 }, { StackName: name });
  }
  await new SecretsManagerClient(options).send(
    new CreateSecretCommand({
      Name: "prod/openai",
      SecretString: "sk-value-in-aws",
      Tags: [{ Key: "gateway-ops:owner", Value: "team-a" }],
    }),
  );
}, 180_000);

afterAll(async () => {
  await Promise.all([aws?.stop(), server?.stop()]);
  rmSync(root, { recursive: true, force: true });
}, 30_000);

function clientOptions() {
  return { endpoint: aws.endpoint, region: aws.region, credentials: credentials() };
}

async function bucketName(): Promise<string> {
  const formation = new CloudFormationClient(clientOptions());
  const { Stacks = [] } = await formation.send(new DescribeStacksCommand({ StackName: STACK }));
  const outputs = Stacks.flatMap(({ Outputs = [] }) => Outputs);
  return outputs.find(({ OutputKey }) => OutputKey === "ManifestBucketName")?.OutputValue ?? "";
}

function credentials() {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = aws.environment;
  return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
}

async function run(argv: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(gwops, argv, {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: root,
      MLFLOW_TRACKING_URI: server.trackingUri,
      MLFLOW_TRACKING_USERNAME: server.admin?.username ?? "",
      MLFLOW_TRACKING_PASSWORD: server.admin?.password ?? "",
      ...aws.environment,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
      ...env,
    },
  });
  child.stdin.end();
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { status, ...texts };
}

const MANIFEST = `version: 1
secrets:
  - { name: openai-prod, provider: openai, value_from: { secrets_manager: prod/openai } }
model_definitions:
  - { name: gpt-4o, secret: openai-prod, model_name: gpt-4o }
`;

test("the ledger and the snapshots of a stack are shared by whoever uses it", async () => {
  writeFileSync(join(root, "gateway.yaml"), MANIFEST);
  const flags = ["--owner", "team-a", "--stack", STACK];

  const apply = await run(["apply", "gateway.yaml", "--yes", "--json", ...flags]);
  const drift = await run(["drift", ...flags], { HOME: join(root, "elsewhere") });
  const list = await run(["rollback", "--list", "--json", ...flags]);

  expect(apply.stderr).toContain("+ create secret/openai-prod");
  expect(JSON.parse(apply.stdout)).toMatchObject({
    outcome: "applied",
    manifests: [{ key: "manifests/team-a/gateway.yaml", outcome: "applied" }],
  });
  expect(drift).toEqual({ status: 0, stdout: "", stderr: "team-a: no drift\n" });
  expect(JSON.parse(list.stdout)).toHaveLength(1);
});

test("a rollback puts the manifests back into the bucket, and what was rolled back is held", async () => {
  const flags = ["--owner", "team-a", "--stack", STACK];
  const [key, other] = ["manifests/team-a/gateway.yaml", "manifests/team-a/other.yaml"];
  const bad = MANIFEST.replace("model_name: gpt-4o", "model_name: gpt-5");
  const more =
    "version: 1\nmodel_definitions:\n  - { name: more, secret: openai-prod, model_name: gpt-4o }\n";
  const s3 = new S3Client({ ...clientOptions(), forcePathStyle: true });
  const bucket = new ManifestBucket(s3, await bucketName());
  const put = async (file: string, Body: string) => {
    writeFileSync(join(root, file.slice(file.lastIndexOf("/") + 1)), Body);
    await s3.send(new PutObjectCommand({ Bucket: await bucketName(), Key: file, Body }));
  };
  await put(key, MANIFEST);
  const first = await run(["apply", "gateway.yaml", "--yes", ...flags]);
  await put(key, bad);
  await put(other, more);
  const second = await run(["apply", "gateway.yaml", "other.yaml", "--yes", ...flags]);
  const replaced = await bucket.readNewest(key);

  const back = await run(["rollback", "--yes", "--json", ...flags]);
  const held = await run(["plan", "gateway.yaml", "other.yaml", ...flags]);
  const newest = await bucket.readNewest(key);
  const late = await bucket.replaceManifest(key, bad, replaced);
  const tooLate = await bucket.replaceManifest(key, bad, undefined);

  expect([first.status, second.status, back.status, held.status]).toEqual([0, 0, 0, 3]);
  expect(JSON.parse(back.stdout)).toMatchObject({
    put_back: [
      { key, done: "put-back" },
      { key: other, done: "removed" },
    ],
    holds: [{ workspace: "default" }],
  });
  expect(Buffer.from(newest?.content ?? "").toString()).toBe(MANIFEST);
  expect(await bucket.readNewest(other)).toBeUndefined();
  expect(await bucket.hadManifest(other)).toBe(true);
  expect([late, tooLate]).toEqual([false, false]);
  expect((await run(["resume", ...flags])).status).toBe(0);
});

test("a stack that is paused is paused for whoever uses it, and needs no gateway to be", async () => {
  writeFileSync(join(root, "gateway.yaml"), MANIFEST);
  const flags = ["--owner", "team-a", "--stack", STACK];
  const withoutGateway = { MLFLOW_TRACKING_URI: "" };

  const pause = await run(["pause", "--reason", "move", ...flags], withoutGateway);
  const apply = await run(["apply", "gateway.yaml", "--yes", ...flags]);
  const list = await run(["pause", "--list", "--stack", STACK], withoutGateway);
  const resume = await run(["resume", ...flags], withoutGateway);
  const again = await run(["apply", "gateway.yaml", "--yes", ...flags]);

  const sentence = /paused \(all workers of team-a\) since .* by .*: move\n$/;
  expect([pause.status, pause.stderr]).toEqual([0, expect.stringMatching(sentence)]);
  expect([apply.status, apply.stderr]).toEqual([1, expect.stringMatching(sentence)]);
  expect(list.stdout).toMatch(sentence);
  expect(resume).toMatchObject({ status: 0, stderr: "resumed all workers of team-a\n" });
  expect(again.status).toBe(0);
});

test("where a stack wants a policy and has none, nobody may do anything", async () => {
  writeFileSync(join(root, "gateway.yaml"), MANIFEST);
  const flags = ["--owner", "team-a", "--stack", "Closed"];

  for (const command of [
    ["plan", "gateway.yaml"],
    ["apply", "gateway.yaml", "--yes"],
    ["policy"],
  ]) {
    const { status, stderr } = await run([...command, ...flags]);

    expect(status).toBe(1);
    expect(stderr).toContain("nothing is applied for anybody");
  }
});

test("without the stack the same gateway is somebody else's", async () => {
  writeFileSync(join(root, "gateway.yaml"), MANIFEST);

  const { status, stderr } = await run(["apply", "gateway.yaml", "--yes", "--owner", "team-a"]);

  expect(status).toBe(1);
  expect(stderr).toContain("--stack NAME");
});

test.each([
  ["Missing", /the stack Missing cannot be looked up: .*does not exist/],
  ["Another", /the stack Another has no output ManifestBucketName: is it one of Gateway Ops\?/],
])("the stack %s is none", async (stack, problem) => {
  const { status, stderr } = await run(["drift", "--stack", stack]);

  expect(status).toBe(1);
  expect(stderr).toMatch(problem);
});

test("a name in AWS needs AWS", async () => {
  writeFileSync(join(root, "gateway.yaml"), MANIFEST);

  const { status, stderr } = await run(["plan", "gateway.yaml"], {
    AWS_ACCESS_KEY_ID: "",
    AWS_SECRET_ACCESS_KEY: "",
    AWS_SESSION_TOKEN: "",
    AWS_EC2_METADATA_DISABLED: "true",
  });

  expect(status).toBe(4);
  expect(stderr).toMatch(/gateway\.yaml:3:\d+ .*there are no AWS credentials or no region here/);
});
