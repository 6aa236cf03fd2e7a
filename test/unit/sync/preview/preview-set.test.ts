import { expect, test } from "@jest/globals";
import { previewPlan } from "#sync/preview/preview.ts";
import { aManifest } from "../../../support/builders.ts";
import { syncRuns } from "../../../support/sync-setup.ts";

const KEY = "plans/search/pr-12/gwops-set.json";

function preview(set: unknown, key = KEY) {
  const { bucket, nextRun } = syncRuns();
  bucket.put(key, set);
  return previewPlan(nextRun(), key, { isLast: true });
}

const FILE = { path: "gateway.yaml", text: JSON.stringify(aManifest()) };

test.each([
  ["no JSON", "version: 1"],
  ["a list", []],
  ["no version", { files: [FILE] }],
  ["no files", { version: 1, files: [] }],
  ["files that are none", { version: 1, files: [null] }],
  ["files by name", { version: 1, files: { "gateway.yaml": "" } }],
  ["a path outside", { version: 1, files: [{ ...FILE, path: "../other/gateway.yaml" }] }],
  ["an empty path", { version: 1, files: [{ ...FILE, path: "" }] }],
  ["a folder", { version: 1, files: [{ ...FILE, path: "deep/" }] }],
  ["a text that is none", { version: 1, files: [{ ...FILE, text: 7 }] }],
  ["a path twice", { version: 1, files: [FILE, FILE] }],
  ["too many files", { version: 1, files: Array(1001).fill(FILE) }],
])("a set with %s is told as what it is, once and for all", async (_, set) => {
  expect(await preview(set)).toMatchObject({
    outcome: "failed",
    error: { code: "preview-set", message: expect.stringContaining(`${KEY} is no set of files`) },
    workspaces: [],
  });
});

test("a set that is too large is not read", async () => {
  const set = { version: 1, files: [{ ...FILE, text: "#".repeat(5 * 1024 * 1024) }] };

  expect(await preview(set)).toMatchObject({
    error: { message: `${KEY} is larger than 5242880 bytes` },
  });
});

test("a set of a later release is left to it", async () => {
  expect(await preview({ version: 2 })).toMatchObject({ error: { code: "newer-version" } });
});

test("an invalid file of a set is told under its own name, with its line", async () => {
  const files = [FILE, { path: "deep/broken.yaml", text: "version: 1\nzzz: 1\n" }];

  expect(await preview({ version: 1, files })).toMatchObject({
    outcome: "rejected",
    manifests: [
      { key: "manifests/search/gateway.yaml", outcome: "planned" },
      {
        key: "manifests/search/deep/broken.yaml",
        outcome: "rejected",
        issues: [{ path: ["zzz"], line: 2 }],
      },
    ],
  });
});

test("only in a folder of its own it is a set", async () => {
  const key = "plans/search/gwops-set.json";

  expect(await preview(aManifest(), key)).toMatchObject({ outcome: "planned" });
});
