import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import {
  CloudFormationClient,
  CreateStackCommand,
  waitUntilStackCreateComplete,
} from "@aws-sdk/client-cloudformation";
import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { ManifestBucket } from "#aws/bucket.ts";
import { setKeyOf } from "#sync/preview/preview-keys.ts";
import type { RunReport } from "#sync/report/report.ts";
import { buildCli } from "../../scripts/cli/build.ts";
import { type LocalAws, startLocalAws } from "../../scripts/local/local-aws.ts";
import { CI_BUCKET, CI_OWNER, ciPolicy } from "../support/ci-docs.ts";

/** The server shares its processors with the rest of the tests. */
jest.setTimeout(120_000);

const root = mkdtempSync(join(tmpdir(), "gwops-author-"));
const gwops = join(root, "gwops.mjs");
const MANIFEST = "version: 1\nbudgets: []\n";
const MANIFEST_KEY = `manifests/${CI_OWNER}/gateway.yaml`;

const ACCOUNT_ROOT = "arn:aws:iam::000000000000:root";

type Role = "plan" | "push";

let aws: LocalAws;
let admin: ManifestBucket;

beforeAll(async () => {
  [aws] = await Promise.all([startLocalAws({ isEnforcing: true }), buildCli(gwops)]);
  await createStack();
  writeProfiles();
  admin = new ManifestBucket(new S3Client({ ...clientOptions(), forcePathStyle: true }), CI_BUCKET);
  mkdirSync(join(root, "manifests", CI_OWNER), { recursive: true });
  writeFileSync(join(root, MANIFEST_KEY), MANIFEST);
}, 180_000);

afterAll(async () => {
  await aws?.stop();
  rmSync(root, { recursive: true, force: true });
}, 30_000);

function clientOptions() {
  const { AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = aws.environment;
  return {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  };
}

/** A profile for each role, which is assumed by whoever names it. */
function writeProfiles(): void {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = aws.environment;
  const profile = (name: string) =>
    `[profile ${name}]\nrole_arn = arn:aws:iam::000000000000:role/${name}\nsource_profile = admin\n`;
  const admin = `[profile admin]\naws_access_key_id = ${AWS_ACCESS_KEY_ID}\naws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}\n`;
  writeFileSync(join(root, "aws-config"), [admin, profile("plan"), profile("push")].join("\n"));
}

/** The bucket, and roles that have the rights of docs/ci.md and no others. */
async function createStack(): Promise<void> {
  const role = (name: string) => ({
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: name,
      // There is no GitHub here, whose tokens the trust policies of docs/ci.md want.
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { AWS: ACCOUNT_ROOT }, Action: "sts:AssumeRole" },
        ],
      },
      Policies: [{ PolicyName: name, PolicyDocument: JSON.parse(ciPolicy(`policy-${name}`)) }],
    },
  });
  const template = {
    Resources: {
      Bucket: {
        Type: "AWS::S3::Bucket",
        Properties: { BucketName: CI_BUCKET, VersioningConfiguration: { Status: "Enabled" } },
      },
      Plan: role("plan"),
      Push: role("push"),
    },
  };
  const client = new CloudFormationClient(clientOptions());
  const StackName = "Authors";
  await client.send(
    new CreateStackCommand({
      StackName,
      TemplateBody: JSON.stringify(template),
      Capabilities: ["CAPABILITY_NAMED_IAM"],
    }),
  );
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60 }, { StackName });
}

/** Neither a server nor a login is in the environment. */
async function run(role: Role, argv: readonly string[]) {
  const child = spawn(gwops, argv, {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: root,
      AWS_PROFILE: role,
      AWS_CONFIG_FILE: join(root, "aws-config"),
      AWS_REGION: aws.region,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_EC2_METADATA_DISABLED: "true",
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

/** What a worker does once it sees a version of a file, with rights of its own. */
async function answer(key: string, write: (version: string) => Promise<unknown>): Promise<void> {
  for (let looks = 0; looks < 200; looks += 1) {
    const file = await admin.readNewest(key);
    if (file) {
      await write(file.version_id);
      return;
    }
    await setTimeout(100);
  }
}

const REPORT = {
  version: 1,
  server: "https://mlflow.example.com",
  owner: CI_OWNER,
  deleted_manifests: [],
  workspaces: [],
} as const;

test("the role of pull requests has files planned, and puts no manifest", async () => {
  const key = setKeyOf(CI_OWNER, "pr-12");
  const place = ["manifests", "--bucket", CI_BUCKET, "--owner", CI_OWNER];
  const answered = answer(key, (version_id) =>
    admin.writePreview(
      `plan-results/${CI_OWNER}/pr-12/gwops-set`,
      { ...REPORT, source: { key, version_id }, outcome: "planned", manifests: [] },
      "# Nothing to change\n",
    ),
  );

  const plan = await run("plan", ["plan", ...place, "--remote", "--name", "pr-12", "--json"]);
  const push = await run("plan", ["push", ...place]);
  await answered;

  expect(plan).toMatchObject({ status: 0, stdout: expect.stringContaining(key) });
  expect(push).toEqual({
    status: 1,
    stdout: "",
    stderr: `gwops: putting ${MANIFEST_KEY} is denied: it takes the right s3:PutObject on it, in the bucket ${CI_BUCKET}\n`,
  });
  expect(await admin.readNewest(MANIFEST_KEY)).toBeUndefined();
});

test("the role of the main branch puts manifests and reads what became of them", async () => {
  const place = ["manifests", "--bucket", CI_BUCKET, "--owner", CI_OWNER];
  const answered = answer(MANIFEST_KEY, (version_id) => {
    const report: RunReport = {
      ...REPORT,
      run_id: "run-1",
      trigger: { kind: "manifest" },
      outcome: "applied",
      started_at: "2026-11-23T12:00:00.000Z",
      finished_at: "2026-11-23T12:00:01.000Z",
      timings_ms: {},
      requests: {},
      manifests: [{ key: MANIFEST_KEY, version_id, outcome: "applied" }],
    };
    return admin.writeReport(report);
  });

  const push = await run("push", ["push", ...place, "--wait", "--json"]);
  await answered;
  const again = await run("push", ["push", ...place, "--wait"]);

  expect(push).toMatchObject({ status: 0, stdout: expect.stringContaining('"run_id": "run-1"') });
  expect(again).toMatchObject({ status: 0, stderr: expect.stringContaining("unchanged") });
});

test.each([
  ["another owner's manifests", ["push", "manifests/search/gateway.yaml", "--owner", "other"]],
  ["another owner's plans", ["plan", "manifests", "--remote", "--owner", "other"]],
])("neither role puts %s", async (_, argv) => {
  for (const role of ["plan", "push"] as const) {
    const { status, stderr } = await run(role, [...argv, "--bucket", CI_BUCKET]);

    expect([status, stderr]).toEqual([1, expect.stringMatching(/putting \S+ is denied/)]);
  }
});

test("to look a stack up takes another right, and the way on is told", async () => {
  const { status, stderr } = await run("push", ["push", "manifests", "--stack", "Authors"]);

  expect([status, stderr]).toEqual([1, expect.stringContaining("AccessDenied")]);
  expect(stderr).toContain("--bucket NAME");
});

test("a role is for one repository, and for one event of it", () => {
  const subjects = ["trust-plan", "trust-push"].map((name) => {
    const { Statement } = JSON.parse(ciPolicy(name));
    expect(Statement).toHaveLength(1);
    return Statement[0].Condition.StringEquals;
  });

  expect(subjects).toEqual([
    {
      "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
      "token.actions.githubusercontent.com:sub": "repo:example/gateway-manifests:pull_request",
    },
    {
      "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
      "token.actions.githubusercontent.com:sub":
        "repo:example/gateway-manifests:ref:refs/heads/main",
    },
  ]);
});
