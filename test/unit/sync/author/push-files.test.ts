import { expect, test } from "@jest/globals";
import { awaitRun, lastRun, pushFiles } from "#sync/author/push-files.ts";
import { authorSetup } from "../../../support/author-setup.ts";
import { aManifest, anEndpoint, aSecret } from "../../../support/builders.ts";
import { MANIFEST_KEY } from "../../../support/sync-setup.ts";

const WAIT = { timeoutMs: 60_000 };
const OTHER_KEY = "manifests/search/other.yaml";
const OTHER = { version: 1, secrets: [aSecret({ name: "other" })] };
const CHANGED = aManifest({ endpoints: [anEndpoint({ tags: { team: "new" } })] });

function fileOf(manifest: unknown, name = MANIFEST_KEY) {
  const content = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  return { name, version_id: "here", content };
}

test("a file is put, and the report of the run that applied this version is found", async () => {
  const { author, dependencies } = authorSetup();

  const pushed = await pushFiles(author, [fileOf(aManifest())], { isForced: false });
  const report = await awaitRun(dependencies, "search", pushed, WAIT);

  expect(pushed).toEqual([{ key: MANIFEST_KEY, version_id: "object-version-1", is_put: true }]);
  expect(report).toMatchObject({
    outcome: "applied",
    manifests: [{ key: MANIFEST_KEY, version_id: "object-version-1", outcome: "applied" }],
  });
});

test("the report of an older version is none of this one", async () => {
  const { author, dependencies, putAndSync } = authorSetup();
  await putAndSync(aManifest());

  const pushed = await pushFiles(author, [fileOf(CHANGED)], { isForced: false });
  const report = await awaitRun(dependencies, "search", pushed, WAIT);

  expect(report.manifests).toMatchObject([{ version_id: "object-version-2", outcome: "applied" }]);
});

test("of several files all must be told of in one report", async () => {
  const { author, dependencies, sync } = authorSetup();
  const files = [fileOf(aManifest()), fileOf(OTHER, OTHER_KEY)];
  const eager = {
    ...author,
    // The first run sees the first file only.
    put: async (key: string, content: string | Uint8Array) => {
      const version = await author.put(key, content);
      await sync();
      return version;
    },
  };

  const pushed = await pushFiles(eager, files, { isForced: false });
  const report = await awaitRun(dependencies, "search", pushed, WAIT);

  expect(report.manifests.map(({ key }) => key)).toEqual([MANIFEST_KEY, OTHER_KEY]);
});

test("what the bucket holds already is put again only by force, and its last report is found", async () => {
  const { author, putAndSync, puts } = authorSetup();
  await putAndSync(aManifest());
  const files = [fileOf(aManifest()), fileOf(OTHER, OTHER_KEY)];

  const some = await pushFiles(author, files, { isForced: false });
  const none = await pushFiles(author, files.slice(0, 1), { isForced: false });
  const all = await pushFiles(author, files.slice(0, 1), { isForced: true });

  expect([some, none, all].map((pushed) => pushed.map(({ is_put }) => is_put))).toEqual([
    [false, true],
    [false],
    [true],
  ]);
  expect(puts).toEqual([OTHER_KEY, MANIFEST_KEY]);
  expect(await lastRun(author, "search", none)).toMatchObject({ outcome: "applied" });
  expect(await lastRun(author, "search", all)).toBeUndefined();
});

test("bytes that are no text are compared as they are", async () => {
  const { author } = authorSetup();
  const bytes = { ...fileOf(""), content: Buffer.from([0xff, 0xfe, 0x00]) };

  const [first] = await pushFiles({ ...author, read: async () => bytes }, [bytes], {
    isForced: false,
  });

  expect(first).toMatchObject({ is_put: false });
});

test("a version that somebody replaces before it is applied is told", async () => {
  const { author, dependencies, bucket, work } = authorSetup();
  const pushed = await pushFiles(author, [fileOf(aManifest())], { isForced: false });
  bucket.put(MANIFEST_KEY, CHANGED);
  await work();

  const run = awaitRun(dependencies, "search", pushed, WAIT);

  await expect(run).rejects.toThrow(`${MANIFEST_KEY} was replaced meanwhile`);
});

test("where one of several cannot be put it is told which were", async () => {
  const { author, denied } = authorSetup();
  denied.add(OTHER_KEY);

  const pushed = pushFiles(author, [fileOf(aManifest()), fileOf(OTHER, OTHER_KEY)], {
    isForced: false,
  });

  await expect(pushed).rejects.toThrow(
    `putting ${OTHER_KEY} is denied; put before it, and applied by the workers: ${MANIFEST_KEY}`,
  );
});

test.each([
  ["version: 1\nzzz: 1\n", "rejected"],
  [
    JSON.stringify(
      aManifest({ secrets: [aSecret({ name: "x", value_from: { secrets_manager: "none" } })] }),
    ),
    "rejected",
  ],
])("what is wrong with a file is in the report: %#", async (text, outcome) => {
  const { author, dependencies } = authorSetup();

  const pushed = await pushFiles(author, [fileOf(text)], { isForced: false });
  const report = await awaitRun(dependencies, "search", pushed, WAIT);

  expect(report.manifests).toMatchObject([{ outcome }]);
});

test("the wait is bounded, and says where nothing stands", async () => {
  const { author, dependencies, state } = authorSetup();
  state.isDeaf = true;
  const pushed = await pushFiles(author, [fileOf(aManifest())], { isForced: false });

  await expect(awaitRun(dependencies, "search", pushed, { timeoutMs: 5_000 })).rejects.toThrow(
    "runs/search/latest.json in the bucket the-bucket says nothing of it after 5 s",
  );
});
