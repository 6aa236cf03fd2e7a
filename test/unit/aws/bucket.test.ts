import { Readable } from "node:stream";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { expect, test } from "@jest/globals";
import { ManifestBucket } from "#aws/bucket.ts";
import { parseManifest } from "#manifest/parse.ts";
import type { Snapshot } from "#sync/history/snapshot.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import type { RunReport } from "#sync/report/report.ts";

const KEY = "manifests/search/gateway.yaml";
const CHECKSUM = "0123456789abcdef".repeat(4);

/** A bucket that answers each call with the next of these, and throws those that are errors. */
function bucketOf(...answers: readonly object[]) {
  const sent: { name: string; input: Record<string, unknown> }[] = [];
  const send = (command: { input: Record<string, unknown> }) => {
    sent.push({ name: command.constructor.name, input: command.input });
    const answer = answers[sent.length - 1] ?? {};
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { sent, bucket: new ManifestBucket({ send } as unknown as S3Client, "the-bucket") };
}

function bodyOf(...chunks: readonly (string | Uint8Array)[]) {
  return { Body: Readable.from(chunks.map((chunk) => Buffer.from(chunk))) };
}

function textOf(content: string | Uint8Array | undefined): string {
  return Buffer.from(content ?? "").toString("utf8");
}

const REPORT: RunReport = {
  version: 1,
  server: "https://mlflow.example.com",
  run_id: "run-1-search",
  owner: "search",
  trigger: { kind: "manifest", key: KEY },
  outcome: "unchanged",
  started_at: "2026-11-23T12:00:00.123Z",
  finished_at: "2026-11-23T12:00:01.456Z",
  timings_ms: {},
  manifests: [{ key: KEY, version_id: "v-7", outcome: "unchanged" }],
  deleted_manifests: [],
  workspaces: [],
  requests: {},
};

const SNAPSHOT: Snapshot = {
  version: 1,
  run_id: "run-1-search",
  owner: "search",
  workspace: "default",
  applied_at: "2026-11-23T12:00:00.123Z",
  files: [{ name: KEY, version_id: "v-7", text: "version: 1\n# größer\n", declares: [] }],
  owned: [],
  protected: [],
  providers: {},
};

const PREVIEW: Preview = {
  version: 1,
  source: { key: "plans/search/gateway.yaml", version_id: "v-1" },
  server: "https://mlflow.example.com",
  owner: "search",
  outcome: "planned",
  manifests: [],
  deleted_manifests: [],
  workspaces: [],
};

test("all manifests are listed, however many pages they are, and nothing else", async () => {
  const { sent, bucket } = bucketOf(
    {
      Contents: [{ Key: "manifests/ads/a.yaml", Size: 7, ETag: '"e1"' }],
      NextContinuationToken: "more",
    },
    { Contents: [{ Key: KEY, Size: 8, ETag: '"e2"' }] },
    {},
  );

  expect(await bucket.listManifests()).toEqual([
    { key: "manifests/ads/a.yaml", bytes: 7, etag: '"e1"' },
    { key: KEY, bytes: 8, etag: '"e2"' },
  ]);

  expect(sent.map(({ name }) => name)).toEqual([
    ListObjectsV2Command.name,
    ListObjectsV2Command.name,
  ]);
  expect(sent.map(({ input }) => [input.Prefix, input.ContinuationToken])).toEqual([
    ["manifests/", undefined],
    ["manifests/", "more"],
  ]);
  await bucket.listManifests("manifests/ads/");
  expect(sent.at(-1)?.input.Prefix).toBe("manifests/ads/");
});

test("what lies directly in manifests/ is listed without what the folders hold", async () => {
  const { sent, bucket } = bucketOf(
    {
      Contents: [{ Key: "manifests/", Size: 0, ETag: '"e0"' }],
      CommonPrefixes: [{ Prefix: "manifests//" }, { Prefix: "manifests/ads/" }],
      NextContinuationToken: "more",
    },
    {
      Contents: [{ Key: "manifests/stray.yaml", Size: 8, ETag: '"e2"' }],
      CommonPrefixes: [{ Prefix: "manifests/search/" }],
    },
  );

  expect(await bucket.listTop()).toEqual({
    files: [
      { key: "manifests/", bytes: 0, etag: '"e0"' },
      { key: "manifests/stray.yaml", bytes: 8, etag: '"e2"' },
    ],
    folders: ["", "ads", "search"],
  });
  expect(sent.map(({ input }) => [input.Prefix, input.Delimiter])).toEqual([
    ["manifests/", "/"],
    ["manifests/", "/"],
  ]);
});

test("of many manifests no more pages are listed than are asked for", async () => {
  const page = {
    Contents: [{ Key: KEY, Size: 8, ETag: '"e"' }],
    NextContinuationToken: "more",
  };
  const { sent, bucket } = bucketOf(page, page, page);

  expect(await bucket.listManifests(undefined, 2)).toHaveLength(2);
  expect(sent).toHaveLength(2);
});

test("an empty bucket has no manifests", async () => {
  const { bucket } = bucketOf({});

  expect(await bucket.listManifests()).toEqual([]);
});

test("the newest version of a manifest is read, whatever its chunks cut apart", async () => {
  const bytes = Buffer.from("# größer");
  const { sent, bucket } = bucketOf({
    ...bodyOf(bytes.subarray(0, 5), bytes.subarray(5)),
    VersionId: "v-7",
    ETag: '"e"',
  });

  const file = await bucket.readNewest(KEY);

  expect(file).toMatchObject({ name: KEY, version_id: "v-7" });
  expect(textOf(file?.content)).toBe("# größer");
  expect(sent).toEqual([
    { name: GetObjectCommand.name, input: { Bucket: "the-bucket", Key: KEY } },
  ]);
});

test("without versions the ETag tells one text from another", async () => {
  const { bucket } = bucketOf({ ...bodyOf("version: 1"), ETag: '"e"' });

  expect(await bucket.readNewest(KEY)).toMatchObject({ version_id: '"e"' });
});

test("an empty manifest is read as such", async () => {
  const { bucket } = bucketOf({ ...bodyOf(), VersionId: "v-1" });

  expect(textOf((await bucket.readNewest(KEY))?.content)).toBe("");
});

test("of a file that is far too long only so much is read as shows that", async () => {
  const mebibyte = Buffer.alloc(1024 * 1024, "#");
  const { Body } = bodyOf(...Array.from({ length: 100 }, () => mebibyte));
  const { bucket } = bucketOf({ Body, VersionId: "v-1" });

  const file = await bucket.readNewest(KEY);

  expect(file?.content).toHaveLength(6 * mebibyte.length);
  expect(Body.destroyed).toBe(true);
  expect(await parseManifest(file?.content ?? "")).toMatchObject({
    isValid: false,
    issues: [{ message: expect.stringContaining("longer than 5 MiB") }],
  });
});

test("a manifest that was deleted is undefined", async () => {
  const { bucket } = bucketOf(new NoSuchKey({ message: "no such key", $metadata: {} }));

  expect(await bucket.readNewest(KEY)).toBeUndefined();
});

test("a manifest that cannot be read may be readable later", async () => {
  const { bucket } = bucketOf(Object.assign(new Error("slow down"), { name: "SlowDown" }));

  await expect(bucket.readNewest(KEY)).rejects.toMatchObject({
    code: "aws-call",
    disposition: "retry",
    message: `reading ${KEY} failed with SlowDown: slow down`,
  });
});

test("a role that lacks a permission is explained without AWS's own text", async () => {
  const { bucket } = bucketOf(
    Object.assign(new Error("arn:of-somebody is not authorized"), { name: "AccessDenied" }),
  );

  await expect(bucket.readNewest(KEY)).rejects.toThrow(
    `reading ${KEY} failed with AccessDenied: the function's role does not allow it`,
  );
});

test("a report is written for machines and for people, and once more as the latest", async () => {
  const { sent, bucket } = bucketOf();

  const key = await bucket.writeReport(REPORT);

  const name = "runs/search/2026-11-23T12-00-00-123Z-run-1-search";
  expect(key).toBe(`${name}.json`);
  expect(sent.map(({ input }) => [input.Key, input.ContentType])).toEqual([
    [`${name}.json`, "application/json"],
    [`${name}.md`, "text/markdown"],
    ["runs/search/latest.json", "application/json"],
  ]);
  expect(JSON.parse(String(sent[0]?.input.Body))).toEqual(REPORT);
  expect(String(sent[1]?.input.Body)).toContain("# search: unchanged");
  expect(sent[2]?.input.Body).toBe(sent[0]?.input.Body);
});

test("a report of drift leaves the latest of the manifests where it is", async () => {
  const { sent, bucket } = bucketOf();

  await bucket.writeReport({ ...REPORT, trigger: { kind: "drift" } });

  expect(sent.map(({ input }) => input.Key)).toEqual([
    expect.stringMatching(/^runs[/]search[/]2026.*json$/),
    expect.stringMatching(/^runs[/]search[/]2026.*md$/),
    "runs/search/latest-drift.json",
  ]);
});

test.each(["", "no owner", "..", "_without-owner"])(
  "the report of files in the folder '%s', which is no owner's, lies where no owner's can",
  async (owner) => {
    const { bucket } = bucketOf();

    const key = await bucket.writeReport({ ...REPORT, owner, run_id: "run-1" });

    expect(key).toBe("runs/_without-owner/2026-11-23T12-00-00-123Z-run-1.json");
  },
);

test("the report of a run with a long name has a key that S3 takes", async () => {
  const { sent, bucket } = bucketOf();
  const runs = [..."ab"].map((end) => `${"é".repeat(490)}${end}`);

  const keys = [];
  for (const run_id of runs) keys.push(await bucket.writeReport({ ...REPORT, run_id }));

  expect(new Set(keys).size).toBe(2);
  const lengths = sent.map(({ input }) => Buffer.byteLength(String(input.Key)));
  expect(Math.max(...lengths)).toBeLessThanOrEqual(1024);
});

test("a preview is written as JSON and as Markdown", async () => {
  const { sent, bucket } = bucketOf();

  await bucket.writePreview("plan-results/search/gateway.yaml", PREVIEW, "# planned");

  expect(sent.map(({ name, input }) => [name, input.Key, input.Body])).toEqual([
    [
      PutObjectCommand.name,
      "plan-results/search/gateway.yaml.json",
      JSON.stringify(PREVIEW, null, 2),
    ],
    [PutObjectCommand.name, "plan-results/search/gateway.yaml.md", "# planned"],
  ]);
});

test("what was applied is written by owner, workspace and time, and read as it was", async () => {
  const written = bucketOf();
  const reference = await written.bucket.writeSnapshot(SNAPSHOT);
  const body = String(written.sent[0]?.input.Body);
  const { sent, bucket } = bucketOf({ Body: { transformToString: () => Promise.resolve(body) } });

  expect(await bucket.readSnapshot(reference)).toEqual(SNAPSHOT);

  expect(reference).toBe("applied/search/default/2026-11-23T12-00-00-123Z-run-1-search.json");
  expect(written.sent[0]?.input.Key).toBe(reference);
  expect(sent[0]?.input.Key).toBe(reference);
});

test("what a later release applied is refused, not half understood", async () => {
  const body = JSON.stringify({ ...SNAPSHOT, version: 2 });
  const { bucket } = bucketOf({ Body: { transformToString: () => Promise.resolve(body) } });

  await expect(bucket.readSnapshot("applied/search/a.json")).rejects.toMatchObject({
    code: "newer-version",
    disposition: "retry",
    message: expect.stringContaining("the snapshot applied/search/a.json has version 2"),
  });
});

test.each(["", "{", "null", "[]", '{"version":1}', JSON.stringify({ ...SNAPSHOT, owned: [{}] })])(
  "what is no snapshot is named, and may be mended: %s",
  async (body) => {
    const { bucket } = bucketOf({ Body: { transformToString: () => Promise.resolve(body) } });

    await expect(bucket.readSnapshot("applied/search/a.json")).rejects.toMatchObject({
      code: "damaged-snapshot",
      disposition: "retry",
      message:
        "applied/search/a.json is not a snapshot of Gateway Ops: restore it, or move it away, " +
        "and what it said is adopted anew",
    });
  },
);

test("an approval may say whose it is", async () => {
  const { sent, bucket } = bucketOf({ Metadata: { approver: "Ada" } });

  expect(await bucket.approver(CHECKSUM)).toBe("Ada");

  expect(sent).toEqual([
    {
      name: HeadObjectCommand.name,
      input: { Bucket: "the-bucket", Key: `approvals/${CHECKSUM}` },
    },
  ]);
});

test("an approval that does not say whose it is counts as well", async () => {
  const { bucket } = bucketOf({ Metadata: {}, LastModified: new Date("2026-11-23T12:00:00Z") });

  expect(await bucket.approver(CHECKSUM)).toBe(
    `whoever put approvals/${CHECKSUM} at 2026-11-23T12:00:00.000Z`,
  );
});

test("a plan that nobody approved has no approver", async () => {
  const { bucket } = bucketOf(new NotFound({ message: "not found", $metadata: {} }));

  expect(await bucket.approver(CHECKSUM)).toBeUndefined();
});

test("whether there is an approval may be known later when S3 does not say", async () => {
  const { bucket } = bucketOf(Object.assign(new Error("slow down"), { name: "SlowDown" }));

  await expect(bucket.approver(CHECKSUM)).rejects.toMatchObject({ disposition: "retry" });
});

const READ = { name: KEY, version_id: "v-7", content: "version: 1\n" };

function refused(httpStatusCode: number): S3ServiceException {
  return new S3ServiceException({
    ...{ name: "PreconditionFailed", $fault: "client", message: "At least one condition failed" },
    $metadata: { httpStatusCode },
  });
}

test("a manifest is put back in the place of exactly the version that was read", async () => {
  const { sent, bucket } = bucketOf({ VersionId: "v-7", ETag: '"e"' });

  expect(await bucket.replaceManifest(KEY, "version: 1\n# then\n", READ)).toBe(true);

  expect(sent.map(({ name }) => name)).toEqual(["HeadObjectCommand", "PutObjectCommand"]);
  expect(sent[1]?.input).toEqual({
    ...{ Bucket: "the-bucket", Key: KEY, Body: "version: 1\n# then\n", IfMatch: '"e"' },
  });
});

test("a manifest that was deleted since is put back only where there is none", async () => {
  const { sent, bucket } = bucketOf();

  expect(await bucket.replaceManifest(KEY, "version: 1\n", undefined)).toBe(true);

  expect(sent).toMatchObject([{ name: "PutObjectCommand", input: { IfNoneMatch: "*" } }]);
});

test.each([
  ["another version is the newest", [{ VersionId: "v-8", ETag: '"f"' }]],
  ["it was deleted", [new NotFound({ message: "", $metadata: {} })]],
  ["another was put at the last moment", [{ VersionId: "v-7", ETag: '"e"' }, refused(412)]],
  ["another is being put", [{ VersionId: "v-7", ETag: '"e"' }, refused(409)]],
])("what somebody put meanwhile is left: %s", async (_, answers) => {
  expect(await bucketOf(...answers).bucket.replaceManifest(KEY, "text", READ)).toBe(false);
  expect(await bucketOf(...answers).bucket.removeManifest(KEY, READ)).toBe(false);
});

test("a manifest is removed with a marker, and its versions stay", async () => {
  const { sent, bucket } = bucketOf({ VersionId: "v-7", ETag: '"e"' });

  expect(await bucket.removeManifest(KEY, READ)).toBe(true);

  expect(sent[1]).toEqual({
    name: "DeleteObjectCommand",
    input: { Bucket: "the-bucket", Key: KEY, IfMatch: '"e"' },
  });
});

test("a login that may not write manifests is told so", async () => {
  const denied = new S3ServiceException({
    ...{ name: "AccessDenied", $fault: "client", message: "Access Denied" },
    $metadata: { httpStatusCode: 403 },
  });
  const { bucket } = bucketOf({ VersionId: "v-7", ETag: '"e"' }, denied);

  await expect(bucket.replaceManifest(KEY, "text", READ)).rejects.toThrow(
    `writing ${KEY} failed with AccessDenied`,
  );
});

test.each([
  ["versions of it", [{ Key: KEY, VersionId: "v-1" }], true],
  ["versions of another that begins like it", [{ Key: `${KEY}.old`, VersionId: "v-1" }], false],
  ["none", undefined, false],
])("whether a manifest lay there once: %s", async (_, Versions, expected) => {
  expect(await bucketOf({ Versions }).bucket.hadManifest(KEY)).toBe(expected);
});
