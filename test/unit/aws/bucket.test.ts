import { type GetObjectCommandOutput, NoSuchKey, type S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "@jest/globals";
import { ManifestBucket } from "#aws/bucket.ts";
import { buildReport } from "#reconcile/report.ts";

const KEY = "manifests/search/gateway.yaml";

type Answer = Partial<GetObjectCommandOutput> | Error;

function bucketOf(answer: Answer) {
  const inputs: unknown[] = [];
  const send = ({ input }: { input: unknown }) => {
    inputs.push(input);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { inputs, bucket: new ManifestBucket({ send } as unknown as S3Client, "the-bucket") };
}

function bodyOf(text: string): Partial<GetObjectCommandOutput> {
  const body = { transformToString: () => Promise.resolve(text) };
  return { Body: body } as unknown as Partial<GetObjectCommandOutput>;
}

test("the newest version of a manifest is read", async () => {
  const { inputs, bucket } = bucketOf({ ...bodyOf("version: 1"), VersionId: "v-7", ETag: '"e"' });

  expect(await bucket.readNewest(KEY)).toEqual({ text: "version: 1", versionId: "v-7" });

  expect(inputs).toEqual([{ Bucket: "the-bucket", Key: KEY }]);
});

test("without versions the ETag tells one text from another", async () => {
  const { bucket } = bucketOf({ ...bodyOf("version: 1"), ETag: '"e"' });

  expect(await bucket.readNewest(KEY)).toEqual({ text: "version: 1", versionId: '"e"' });
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

test("a report is written under its time and its run, and nowhere else", async () => {
  const { inputs, bucket } = bucketOf({});
  const manifest = { key: KEY, version_id: "v-7" };
  const facts = { run_id: "run-1", owner: "search", manifest, startedMs: 1_795_435_200_123 };
  const report = buildReport(facts, "unchanged", {}, 1_795_435_200_456);

  const key = await bucket.write(report);

  expect(key).toBe("reports/2026-11-23T12-00-00-123Z-run-1.json");
  expect(inputs).toEqual([
    {
      Bucket: "the-bucket",
      Key: key,
      Body: JSON.stringify(report, null, 2),
      ContentType: "application/json",
    },
  ]);
});
