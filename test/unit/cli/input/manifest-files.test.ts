import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { readManifests } from "#cli/input/manifest-files.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const root = temporaryFolder();

function folderWith(...files: string[]): string {
  const folder = mkdtempSync(join(root, "files-"));
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `# ${file}\n`);
  }
  return folder;
}

async function read(folder: string, ...argumentList: string[]) {
  const readStdin = async () => new TextEncoder().encode("# stdin\n");
  return (await readManifests({ folder, readStdin }, argumentList)).files;
}

async function names(folder: string, ...argumentList: string[]): Promise<string[]> {
  return (await read(folder, ...argumentList)).map(({ name }) => name);
}

const TREE = [
  "manifests/policy.yaml",
  "manifests/team-a/gateway.yaml",
  "manifests/team-a/more/models.yml",
  "manifests/team-a/more/budgets.json",
  "manifests/team-a/README.md",
  "manifests/team-a/.hidden.yaml",
  "manifests/team-b/gateway.yaml",
  "manifests/team-b/policy.yaml",
  "manifests/node_modules/package.yaml",
];

test("a file is read as it is, named by its path and told by its content", async () => {
  const folder = folderWith("a.yaml");

  const [file] = await read(folder, "a.yaml");

  expect(file?.name).toBe("a.yaml");
  expect(Buffer.from(file?.content ?? "").toString()).toBe("# a.yaml\n");
  expect(file?.version_id).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("of a folder everything below that is a manifest is read, in order, without the policy", async () => {
  expect(await names(folderWith(...TREE), "manifests")).toEqual([
    "manifests/team-a/gateway.yaml",
    "manifests/team-a/more/budgets.json",
    "manifests/team-a/more/models.yml",
    "manifests/team-b/gateway.yaml",
    "manifests/team-b/policy.yaml",
  ]);
});

test.each([
  ["manifests/*/gateway.yaml", ["manifests/team-a/gateway.yaml", "manifests/team-b/gateway.yaml"]],
  ["manifests/**/*.yml", ["manifests/team-a/more/models.yml"]],
  ["**/budgets.json", ["manifests/team-a/more/budgets.json"]],
  ["manifests/team-[b-z]/gate???.yaml", ["manifests/team-b/gateway.yaml"]],
  ["manifests/team-[!b]/g*.{json,yaml}", ["manifests/team-a/gateway.yaml"]],
  ["./manifests/team-a/*.yaml", ["manifests/team-a/gateway.yaml"]],
])("the pattern %s is expanded if the shell did not", async (pattern, expected) => {
  expect(await names(folderWith(...TREE), pattern)).toEqual(expected);
});

test("a dot in a pattern is a dot, and an absolute pattern works too", async () => {
  const folder = folderWith("a.yaml", "a-yaml");

  expect(await names(folder, "?.yaml")).toEqual(["a.yaml"]);
  expect(await names(folder, "[a].yaml")).toEqual(["a.yaml"]);
  expect(await names(folder, `${folder}/*.yaml`)).toEqual(["a.yaml"]);
});

test("a file whose name looks like a pattern is that file", async () => {
  expect(await names(folderWith("[a].yaml", "a.yaml"), "[a].yaml")).toEqual(["[a].yaml"]);
});

test("a file that is named twice is read once", async () => {
  const folder = folderWith("a.yaml", "b.yaml");

  expect(await names(folder, "b.yaml", ".", "./a.yaml")).toEqual(["b.yaml", "a.yaml"]);
});

test("a file outside of the working directory is named by its whole path", async () => {
  const [folder, other] = [folderWith(), folderWith("a.yaml")];

  expect(await names(folder, join(other, "a.yaml"))).toEqual([join(other, "a.yaml")]);
});

test("a dash is stdin", async () => {
  const [file] = await read(folderWith(), "-");

  expect(file?.name).toBe("stdin");
  expect(Buffer.from(file?.content ?? "").toString()).toBe("# stdin\n");
});

test.each([
  ["missing.yaml", "missing.yaml: there is no such file or folder"],
  ["a.yaml/b", "a.yaml/b: there is no such file or folder"],
  ["*.json", "*.json: no file has such a name"],
  ["empty", "empty holds no manifest"],
])("%s is refused", async (argument, problem) => {
  await expect(read(folderWith("a.yaml", "empty/README.md"), argument)).rejects.toThrow(problem);
});

const OTHERS: Readonly<Record<string, string>> = {
  "package.json": '{ "name": "x", "version": "1.0.0", "workspaces": [], "scripts": {} }',
  "plan.json": '{ "version": 1, "owner": "default", "files": [], "plans": [] }',
  "compose.yaml": "services: { web: { image: nginx } }\n",
  "chart/templates/job.yaml": "name: {{ .Values.name }}\n",
  "list.json": "[1, 2]",
};
const MANIFESTS: Readonly<Record<string, string>> = {
  "all.yaml": "version: 1\nendpoints: []\n",
  "wrong.yaml": "version: 1\nendpoints: [{ nam: a }]\n",
  "misspelt.yaml": "version: 1\nendpoint: []\n",
  "empty.yaml": "",
  "nothing-left.yaml": "version: 1\nworkspace: team-a\n",
  "unreadable.yaml": "version: 1\nendpoints: [\n",
  "unreadable.json": '{"version": 1, "endpoints": [',
};

function folderOf(texts: Readonly<Record<string, string>>): string {
  const folder = folderWith(...Object.keys(texts));
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return folder;
}

test.each([".", "**/*"])(
  "what %s holds beside manifests is left out and named",
  async (argument) => {
    const folder = folderOf({ ...OTHERS, ...MANIFESTS });

    const readStdin = async () => new Uint8Array();
    const found = await readManifests({ folder, readStdin }, [argument]);

    expect(found.files.map(({ name }) => name).sort()).toEqual(Object.keys(MANIFESTS).sort());
    expect([...found.others].sort()).toEqual(Object.keys(OTHERS).sort());
  },
);

test("a file that is named is read, whatever it holds", async () => {
  expect(await names(folderOf(OTHERS), "package.json")).toEqual(["package.json"]);
});

test("a folder with other files only is refused", async () => {
  await expect(read(folderOf(OTHERS), ".")).rejects.toThrow(/holds no manifest: .*package\.json/);
});
