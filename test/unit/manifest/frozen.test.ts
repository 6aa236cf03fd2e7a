import { expect, test } from "@jest/globals";
import type { ResourceKey } from "#reconcile/state.ts";
import { aManifest } from "../../support/builders.ts";
import { checkTexts } from "../../support/issues.ts";

const OLD = "team/a.yaml";
const MANIFEST = JSON.stringify(aManifest());

/** Why what `team/a.yaml` declared last stays as it is, with these files now. */
async function reasonWith(texts: Readonly<Record<string, string>>): Promise<string | undefined> {
  const keys = new Set<ResourceKey>(["endpoint/gone"]);
  const frozenByFile = new Map([["default", new Map([[OLD, keys]])]]);
  const checked = await checkTexts(texts, { frozenByFile });
  return checked.workspaces.get("default")?.frozenBecause.get("endpoint/gone");
}

test("a file that is missing is named, with what to type", async () => {
  expect(await reasonWith({ "b.yaml": MANIFEST })).toBe(
    'team/a.yaml declared it last and is not among the files: apply that file too, or declare it in another one; to give it up, apply a team/a.yaml with "version: 1" and "endpoints: []"',
  );
});

test.each([
  ["a.yaml", "../"],
  ["../team/a.yaml", "../"],
  ["/home/ada/team/a.yaml", "/home/ada/"],
  ["gateways/team/a.yaml", "gateways/"],
])(
  "of a run from another folder, where it is %s, the right folder is said: %s",
  async (name, folder) => {
    expect(await reasonWith({ [name]: MANIFEST })).toContain(
      `(if ${name} is the same file, run from ${folder}, the folder in which it is team/a.yaml)`,
    );
  },
);

test.each(["elsewhere/a.yaml", "steam/a.yaml"])(
  "where nobody can tell how %s is team/a.yaml, no folder is said",
  async (name) => {
    expect(await reasonWith({ [name]: MANIFEST })).toContain(
      `(if ${name} is the same file, run from the folder in which it is team/a.yaml)`,
    );
  },
);

test.each([
  ["is invalid", "version: 1\nendpoints: 1\n", "is invalid: mend that file"],
  ["cannot be read", "version: [", "is invalid: mend that file"],
  [
    "is silent about a section",
    "version: 1\nbudgets: []\n",
    'says nothing of endpoints any more: declare it there, or write "endpoints: []" there',
  ],
  [
    "moved to another workspace",
    "version: 1\nworkspace: team-b\nendpoints: []\n",
    "speaks of another workspace now",
  ],
])("a file that %s is named, with what to do there", async (_, text, said) => {
  expect(await reasonWith({ [OLD]: text })).toContain(`${OLD} declared it last and ${said}`);
});

test("what a file gives up, or another one declares, needs no reason", async () => {
  expect(await reasonWith({ [OLD]: "version: 1\nendpoints: []\n" })).toBeUndefined();
});
