import { expect, jest, test } from "@jest/globals";
import { parseApart, parsePolicyApart } from "#apart/read-apart.ts";
import { OPEN } from "#manifest/access.ts";
import { parseManifest } from "#manifest/parse.ts";
import { parsePolicy } from "#manifest/policy.ts";
import { OwnerFiles } from "#sync/owner/owner-files.ts";
import { aManifest, aSecret } from "../../support/builders.ts";

/** Without a build every process translates the sources first. */
jest.setTimeout(60_000);

const LARGE = "#".repeat(110 * 1024);
const valid = `${JSON.stringify(aManifest(), null, 2)}\n${LARGE}\n`;
const bomb = `version: 1\nsecrets: [${"{},".repeat(330_000)}]\n`;
const TIGHT = { timeMs: 60_000, memoryMiB: 112 };

test("a large file is read apart as it is read here, places included", async () => {
  const [inside, outside] = [await parseManifest(valid), await parseApart()(valid)];
  if (!inside.isValid || !outside.isValid) throw new Error("the manifest is not valid");
  const finding = { rule: "later", path: ["secrets", 0, "name"], message: "is wrong" };

  expect(outside.manifest).toEqual(inside.manifest);
  expect(await outside.locate([finding])).toEqual(await inside.locate([finding]));
  expect(await outside.locate([finding], 7)).toEqual(await inside.locate([finding], 7));
  expect(await outside.locate([])).toEqual([]);
});

test("places of a text with a byte order mark are the same apart", async () => {
  const content = new TextEncoder().encode(`\uFEFF${valid}`);
  const [inside, outside] = [await parseManifest(content), await parseApart()(content)];
  if (!inside.isValid || !outside.isValid) throw new Error("the manifest is not valid");
  const finding = { rule: "later", path: ["version"], message: "is wrong" };

  expect(await outside.locate([finding])).toEqual(await inside.locate([finding]));
});

test("what is wrong with a large file is told as here", async () => {
  const wrong = new TextEncoder().encode(`version: 1\n${"k: 1\n".repeat(1)}secrets: 1\n# ${LARGE}`);

  expect(await parseApart()(wrong)).toEqual(await parseManifest(wrong));
});

test.each([
  ["right", "version: 2\nowners: {}\n"],
  ["wrong", "version: 2\nowners: { a: { kind: [] } }\n"],
])("a large policy that is %s is read apart as it is read here", async (_, text) => {
  const policy = `${text}${LARGE}\n`;

  expect(await parsePolicyApart()(policy)).toEqual(await parsePolicy(policy));
});

test("a policy that needs too much memory is rejected with a sentence", async () => {
  const policy = `version: 2\nowners: { a: { names: [${"{},".repeat(340_000)}] } }\n`;

  expect(await parsePolicyApart(TIGHT)(policy)).toMatchObject({
    isValid: false,
    issues: [{ message: expect.stringContaining("cannot be read within 112 MiB of memory; ") }],
  });
});

test("a file that needs too much memory is rejected with a sentence", async () => {
  expect(await parseApart(TIGHT)(bomb)).toEqual({
    isValid: false,
    issues: [
      {
        rule: "limits",
        path: [],
        line: 1,
        column: 1,
        message:
          "cannot be read within 112 MiB of memory; split it into several files, or correct what it repeats",
      },
    ],
  });
});

test("a file that needs too much time is rejected with a sentence", async () => {
  expect(await parseApart({ timeMs: 1, memoryMiB: 256 })(bomb)).toMatchObject({
    isValid: false,
    issues: [{ message: expect.stringContaining("cannot be read within 0.001 seconds; ") }],
  });
});

test("beside a file that cannot be read another one of the owner is checked as ever", async () => {
  const settings = { owner: "team-a", access: OPEN, allowLoopbackApiBase: false } as const;
  const files = [
    { name: "bomb.yaml", version_id: "1", content: new TextEncoder().encode(bomb) },
    {
      name: "good.yaml",
      version_id: "1",
      content: new TextEncoder().encode(JSON.stringify({ version: 1, secrets: [aSecret()] })),
    },
  ];

  const { checked } = await OwnerFiles.read(
    { ...settings, sources: "aws" },
    files,
    new Map(),
    undefined,
    parseApart(TIGHT),
  );

  expect(checked.invalid.map(({ name }) => name)).toEqual(["bomb.yaml"]);
  expect(checked.workspaces.get("default")?.valid.map(({ name }) => name)).toEqual(["good.yaml"]);
});

test("what one allocation too many would do to a thread is a finding too", async () => {
  const lists = Array.from(
    { length: 2_000 },
    (_, index) => `x${index}: ${"[".repeat(80)}${"]".repeat(80)}\n`,
  );
  const keys = Array.from({ length: 250_000 }, (_, index) => `k${index}: ,`);
  const text = `version: 1\n${lists.join("")}z: { ${keys.join("")} }\n`;

  expect(await parseApart(TIGHT)(text)).toMatchObject({
    isValid: false,
    issues: [{ rule: "limits" }],
  });
});

test("what reads foreign texts has nothing of our environment", async () => {
  process.env.NODE_OPTIONS = "--no-such-option";
  try {
    expect(await parsePolicyApart()(`version: 2\nowners: {}\n${LARGE}\n`)).toMatchObject({
      isValid: true,
    });
  } finally {
    delete process.env.NODE_OPTIONS;
  }
});
