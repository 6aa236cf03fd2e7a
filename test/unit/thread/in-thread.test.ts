import { expect, test } from "@jest/globals";
import { OPEN } from "#manifest/access.ts";
import { parseManifest } from "#manifest/parse.ts";
import { parsePolicy } from "#manifest/policy.ts";
import { OwnerFiles } from "#sync/owner/owner-files.ts";
import { parseInThread, parsePolicyInThread } from "#thread/in-thread.ts";
import { aManifest, aSecret } from "../../support/builders.ts";

const LARGE = "#".repeat(110 * 1024);
const valid = `${JSON.stringify(aManifest(), null, 2)}\n${LARGE}\n`;
const bomb = `version: 1\nsecrets: [${"{},".repeat(330_000)}]\n`;
const TIGHT = { timeMs: 60_000, heapMiB: 96 };

test("a large file is read in a thread as it is read without, places included", async () => {
  const [inside, outside] = [await parseManifest(valid), await parseInThread()(valid)];
  if (!inside.isValid || !outside.isValid) throw new Error("the manifest is not valid");
  const finding = { rule: "later", path: ["secrets", 0, "name"], message: "is wrong" };

  expect(outside.manifest).toEqual(inside.manifest);
  expect(await outside.locate([finding])).toEqual(await inside.locate([finding]));
  expect(await outside.locate([finding], 7)).toEqual(await inside.locate([finding], 7));
  expect(await outside.locate([])).toEqual([]);
});

test("places of a text with a byte order mark are the same in a thread", async () => {
  const content = new TextEncoder().encode(`\uFEFF${valid}`);
  const [inside, outside] = [await parseManifest(content), await parseInThread()(content)];
  if (!inside.isValid || !outside.isValid) throw new Error("the manifest is not valid");
  const finding = { rule: "later", path: ["version"], message: "is wrong" };

  expect(await outside.locate([finding])).toEqual(await inside.locate([finding]));
});

test("what is wrong with a large file is told as without a thread", async () => {
  const wrong = new TextEncoder().encode(`version: 1\n${"k: 1\n".repeat(1)}secrets: 1\n# ${LARGE}`);

  expect(await parseInThread()(wrong)).toEqual(await parseManifest(wrong));
});

test.each([
  ["right", "version: 2\nowners: {}\n"],
  ["wrong", "version: 2\nowners: { a: { kind: [] } }\n"],
])("a large policy that is %s is read in a thread as it is read without", async (_, text) => {
  const policy = `${text}${LARGE}\n`;

  expect(await parsePolicyInThread()(policy)).toEqual(await parsePolicy(policy));
});

test("a policy that needs too much memory is rejected with a sentence", async () => {
  const policy = `version: 2\nowners: { a: { names: [${"{},".repeat(340_000)}] } }\n`;

  expect(await parsePolicyInThread(TIGHT)(policy)).toMatchObject({
    isValid: false,
    issues: [{ message: expect.stringContaining("cannot be read within 96 MiB of memory; ") }],
  });
}, 60_000);

test("a file that needs too much memory is rejected with a sentence", async () => {
  expect(await parseInThread(TIGHT)(bomb)).toEqual({
    isValid: false,
    issues: [
      {
        rule: "limits",
        path: [],
        line: 1,
        column: 1,
        message:
          "cannot be read within 96 MiB of memory; split it into several files, or correct what it repeats",
      },
    ],
  });
}, 60_000);

test("a file that needs too much time is rejected with a sentence", async () => {
  expect(await parseInThread({ timeMs: 1, heapMiB: 256 })(bomb)).toMatchObject({
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
    parseInThread(TIGHT),
  );

  expect(checked.invalid.map(({ name }) => name)).toEqual(["bomb.yaml"]);
  expect(checked.workspaces.get("default")?.valid.map(({ name }) => name)).toEqual(["good.yaml"]);
}, 60_000);
