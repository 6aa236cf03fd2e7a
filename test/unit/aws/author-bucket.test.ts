import { NoSuchKey, type S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "@jest/globals";
import { S3AuthorBucket } from "#aws/author-bucket.ts";

const KEY = "manifests/search/gateway.yaml";

/** A bucket that answers each call with this, or throws it if it is an error. */
function bucketOf(answer: object) {
  const sent: Record<string, unknown>[] = [];
  const send = ({ input }: { input: Record<string, unknown> }) => {
    sent.push(input);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  return { sent, bucket: new S3AuthorBucket({ send } as unknown as S3Client, "the-bucket") };
}

function errorOf(name: string): Error {
  return Object.assign(new Error("the words of AWS"), { name });
}

test("an object is read whole, with its version; its ETag stands in where there are none", async () => {
  const Body = { transformToByteArray: async () => Buffer.from("text") };

  const [versioned, plain] = await Promise.all([
    bucketOf({ Body, VersionId: "v-7", ETag: "e" }).bucket.read(KEY),
    bucketOf({ Body, ETag: "e" }).bucket.read(KEY),
  ]);

  expect(versioned).toEqual({ name: KEY, content: Buffer.from("text"), version_id: "v-7" });
  expect(plain).toMatchObject({ version_id: "e" });
});

test.each([
  ["absent", new NoSuchKey({ message: "none", $metadata: {} })],
  ["denied", errorOf("AccessDenied")],
  ["denied", errorOf("Forbidden")],
])("what cannot be read is %s", async (word, error) => {
  expect(await bucketOf(error).bucket.read(KEY)).toBe(word);
});

test("a put returns the version that it made", async () => {
  const { bucket, sent } = bucketOf({ VersionId: "v-8" });

  expect(await bucket.put(KEY, "text")).toBe("v-8");
  expect(sent).toEqual([{ Bucket: "the-bucket", Key: KEY, Body: "text" }]);
});

test.each([
  ["AccessDenied", `putting ${KEY} is denied: it takes the right s3:PutObject on it`, "reject"],
  ["NoSuchBucket", "there is no bucket the-bucket in this account and region", "reject"],
  ["SlowDown", `putting ${KEY} failed with SlowDown: the words of AWS`, "retry"],
])("a put that ends with %s says what to do", async (name, sentence, disposition) => {
  const put = bucketOf(errorOf(name)).bucket.put(KEY, "text");

  await expect(put).rejects.toMatchObject({
    message: expect.stringContaining(sentence),
    disposition,
  });
});

test("a bucket that is not there is not an object that is not there", async () => {
  const read = bucketOf(errorOf("NoSuchBucket")).bucket.read(KEY);

  await expect(read).rejects.toThrow("there is no bucket the-bucket");
});
