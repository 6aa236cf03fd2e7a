import { expect, test } from "@jest/globals";
import { OPEN } from "#manifest/access.ts";
import { readFiles } from "#sync/manifest-source.ts";
import { OwnerFiles } from "#sync/owner/owner-files.ts";
import { type OwnerFile, withinLimits } from "#sync/owner-file.ts";

const MEBIBYTE = 1024 * 1024;

function aFile(name: string, mebibytes: number): OwnerFile {
  return { name, version_id: "1", content: new Uint8Array(mebibytes * MEBIBYTE) };
}

function refusals(files: readonly OwnerFile[]): [string, string | undefined][] {
  return files.map(({ name, refused }) => [name, refused?.message]);
}

test("of files that are too much together the largest are refused, whatever they are called", () => {
  const files = [aFile("c", 5), aFile("a", 5), aFile("b", 5), aFile("d", 1)];

  const kept = withinLimits(files);

  const tooMuch = `is among the largest of this owner's files, which have 16.0 MiB together; at most 10 are allowed`;
  expect(refusals(kept)).toEqual([
    ["a", undefined],
    ["b", tooMuch],
    ["c", tooMuch],
    ["d", undefined],
  ]);
  expect(kept[1]?.content).toBe("");
});

test("just as much as is allowed is kept", () => {
  expect(withinLimits([aFile("a", 5), aFile("b", 5)]).map(({ refused }) => refused)).toEqual([
    undefined,
    undefined,
  ]);
});

test("of more than a thousand files those that come after it are refused", () => {
  const files = Array.from({ length: 1002 }, (_, index) => ({
    ...aFile(`f${String(index).padStart(4, "0")}`, 0),
  }));

  const refused = withinLimits(files).filter((file) => file.refused);

  expect(refusals(refused)).toEqual([
    ["f1000", "is one of more than 1,000 files of this owner"],
    ["f1001", "is one of more than 1,000 files of this owner"],
  ]);
});

test("of a bucket nothing is read that is more than an owner may have", async () => {
  const listed = Array.from({ length: 120 }, (_, index) => ({
    key: `manifests/a/${index}.yaml`,
    bytes: 5 * MEBIBYTE,
    etag: `e-${index}`,
  }));
  const read: string[] = [];
  const manifests = {
    listManifests: async () => listed,
    listTop: async () => ({ files: [], folders: ["a"] }),
    readNewest: async (name: string) => {
      read.push(name);
      return aFile(name, 5);
    },
  };

  const files = await readFiles(manifests, "a");

  expect(read).toHaveLength(2);
  expect(files.filter(({ content }) => content.length > 0)).toHaveLength(2);
  const [refused] = files.filter((file) => file.refused);
  expect(files.filter((file) => file.refused)).toHaveLength(118);
  expect(refused?.version_id).toMatch(/^e-/);
  expect(refused?.refused?.message).toContain("which have 600.0 MiB together");
});

test("files that grew since they were listed are not kept either", async () => {
  const listed = ["a", "b", "c"].map((name) => ({
    key: `manifests/a/${name}`,
    bytes: 9,
    etag: "e",
  }));
  const manifests = {
    listManifests: async () => listed,
    listTop: async () => ({ files: [], folders: ["a"] }),
    readNewest: async (name: string) => aFile(name, 5),
  };

  const files = await readFiles(manifests, "a");

  expect(files.map(({ refused }) => refused === undefined)).toEqual([true, true, false]);
});

test("one file that is too long by itself blocks no other", async () => {
  const listed = [1, 2, 3].map((index) => ({
    key: `manifests/a/${index}.yaml`,
    bytes: index === 2 ? 5000 * MEBIBYTE : MEBIBYTE,
    etag: "e",
  }));
  const manifests = {
    listManifests: async () => listed,
    listTop: async () => ({ files: [], folders: ["a"] }),
    readNewest: async (name: string) => aFile(name, name.includes("2") ? 5.1 : 1),
  };

  const files = await readFiles(manifests, "a");

  expect(files.map(({ refused }) => refused)).toEqual([undefined, undefined, undefined]);
});

test("a refused file is told as such, and the others of the owner are checked", async () => {
  const good = { name: "good.yaml", version_id: "1", content: "version: 1\nendpoints: []\n" };
  const rules = { owner: "a", access: OPEN, allowLoopbackApiBase: false, sources: "aws" } as const;

  const { checked } = await OwnerFiles.read(
    rules,
    [aFile("a.yaml", 5), aFile("b.yaml", 5), good],
    new Map(),
    undefined,
    async () => ({ isValid: true, manifest: { version: 1 }, locate: async () => [] }),
  );

  expect(checked.invalid.map(({ name }) => name)).toEqual(["b.yaml"]);
  expect(checked.workspaces.get("default")?.valid.map(({ name }) => name)).toEqual([
    "a.yaml",
    "good.yaml",
  ]);
});
