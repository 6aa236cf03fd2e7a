import { expect, test } from "@jest/globals";
import type { Manifest } from "#manifest/types.ts";
import type { ResourceKey } from "#reconcile/state.ts";
import {
  aBudget,
  aManifest,
  aModelDefinition,
  anEndpoint,
  aSecret,
} from "../../support/builders.ts";
import { checkTexts, linesOf } from "../../support/issues.ts";

type Files = Readonly<Record<string, Partial<Manifest> | string>>;

/** What each file declared last, in the workspace "default". */
function last(files: Readonly<Record<string, ResourceKey[]>>) {
  return new Map([
    ["default", new Map(Object.entries(files).map(([name, keys]) => [name, new Set(keys)]))],
  ]);
}

async function check(files: Files, lastFiles: Readonly<Record<string, ResourceKey[]>> = {}) {
  const texts = Object.entries(files).map(([name, file]) => [
    name,
    typeof file === "string" ? file : JSON.stringify({ version: 1, ...file }, null, 2),
  ]);
  return checkTexts(Object.fromEntries(texts), { frozenByFile: last(lastFiles) });
}

function summary({ workspaces, invalid }: Awaited<ReturnType<typeof check>>) {
  const workspace = workspaces.get("default");
  return {
    valid: workspace?.valid.map(({ name }) => name) ?? [],
    frozen: [...(workspace?.frozen ?? [])],
    invalid: linesOf(invalid),
  };
}

const SECRETS = { secrets: [aSecret()] };
const MODELS = { model_definitions: [aModelDefinition()] };
const ENDPOINTS = { endpoints: [anEndpoint()] };
const BUDGETS = { budgets: [aBudget()] };

test("files may refer to each other, in any order", async () => {
  const checked = await check({ a: BUDGETS, b: ENDPOINTS, c: MODELS, d: SECRETS });

  expect(summary(checked)).toEqual({ valid: ["a", "b", "c", "d"], frozen: [], invalid: [] });
  expect(checked.warnings).toEqual([]);
});

test("of two files that declare a name the first is right, and the other names its place", async () => {
  const checked = await check({ "b.yaml": SECRETS, "a.yaml": aManifest() });

  expect(summary(checked)).toEqual({
    valid: ["a.yaml"],
    frozen: [],
    invalid: [
      "b.yaml:5:7 secrets[0].name is used twice: another file declares it, a.yaml:5:7 (unique-names)",
    ],
  });
});

test("the file that had a name when it was last applied keeps it", async () => {
  const checked = await check(
    { "a.yaml": SECRETS, "b.yaml": aManifest() },
    { "b.yaml": ["secret/openai-prod"] },
  );

  expect(summary(checked)).toMatchObject({ valid: ["b.yaml"] });
  expect(linesOf(checked.invalid)).toEqual([expect.stringMatching(/^a\.yaml:5:7 .* b\.yaml:5:7 /)]);
});

test("what an own file declares is not external to another", async () => {
  const external = { secrets: [{ name: "openai-prod", external: true as const }] };

  const checked = await check({ "a.yaml": external, "b.yaml": aManifest(), "c.yaml": external });

  expect(summary(checked)).toMatchObject({
    valid: ["b.yaml"],
    invalid: [
      "a.yaml:5:7 secrets[0].name must not be external: your own file declares it, b.yaml:5:7 (unique-names)",
      expect.stringContaining("c.yaml:5:7"),
    ],
  });
});

test("two files may refer to the same external resource", async () => {
  const external = { secrets: [{ name: "shared", external: true as const }] };

  expect(summary(await check({ a: external, b: external }))).toMatchObject({ invalid: [] });
});

test("an invalid file blocks only itself: what it declared last is frozen and may be used", async () => {
  const checked = await check(
    { a: ENDPOINTS, b: "version: [", c: { ...BUDGETS, secrets: [] } },
    { b: ["model_definition/gpt-4o", "secret/openai-prod"], c: ["secret/gone"] },
  );

  expect(summary(checked)).toEqual({
    valid: ["a", "c"],
    frozen: ["model_definition/gpt-4o", "secret/openai-prod"],
    invalid: [expect.stringContaining("b:1:11 cannot be read")],
  });
  expect(Object.fromEntries(checked.workspaces.get("default")?.declares ?? [])).toEqual({
    a: ["endpoint/chat"],
    b: ["model_definition/gpt-4o", "secret/openai-prod"],
    c: ["budget/chat-monthly"],
  });
});

test("a file that is left out may leave others without what they refer to", async () => {
  const broken = { models: [{ model_definition: "gpt-4o", linkage_type: "FALLBACK" as const }] };

  const checked = await check({
    a: BUDGETS,
    b: { endpoints: [anEndpoint(broken)] },
    c: { ...SECRETS, ...MODELS },
  });

  expect(summary(checked)).toMatchObject({ valid: ["c"] });
  expect(linesOf(checked.invalid)).toEqual([
    expect.stringContaining("names an endpoint that is not declared"),
    expect.stringContaining("fallback-without-primary"),
  ]);
});

test("a resource that moves to another file is declared there, also while the former is invalid", async () => {
  const before = { old: ["secret/openai-prod", "secret/other"] as ResourceKey[] };

  const checked = await check({ "new": SECRETS, old: "secrets: [" }, before);

  expect(summary(checked)).toMatchObject({ valid: ["new"], frozen: ["secret/other"] });
});

test("a deleted file freezes what it declared, unless a rename takes it over", async () => {
  const renamed = { endpoints: [anEndpoint({ previous_name: "talk" })], ...MODELS, ...SECRETS };

  const checked = await check({ a: renamed }, { gone: ["endpoint/talk", "budget/b"] });

  expect(summary(checked)).toMatchObject({ valid: ["a"], frozen: ["budget/b"] });
  expect(checked.workspaces.get("default")?.declares.get("gone")).toEqual(["budget/b"]);
});

test("a section that a file leaves out freezes; one that is empty gives up", async () => {
  const before = { a: ["secret/openai-prod", "budget/b", "endpoint/e"] as ResourceKey[] };

  const checked = await check({ a: { endpoints: [] } }, before);

  expect(summary(checked)).toMatchObject({ frozen: ["secret/openai-prod", "budget/b"] });
  expect(checked.workspaces.get("default")?.declares.get("a")).toEqual([
    "secret/openai-prod",
    "budget/b",
  ]);
});

test("workspaces do not know each other", async () => {
  const checked = await checkTexts(
    {
      a: JSON.stringify(aManifest()),
      b: JSON.stringify(aManifest({ workspace: "team-a" })),
      c: JSON.stringify({ version: 1, workspace: "team-b", ...ENDPOINTS }),
    },
    { frozenByFile: new Map([["team-c", new Map([["a", new Set(["secret/x"] as const)]])]]) },
  );

  expect(linesOf(checked.invalid)).toEqual([expect.stringMatching(/^c:.*is not declared/)]);
  const valid = [...checked.workspaces].map(([name, { valid }]) => [
    name,
    valid.map((f) => f.name),
  ]);
  expect(Object.fromEntries(valid)).toEqual({
    default: ["a"],
    "team-a": ["b"],
    "team-b": [],
    "team-c": [],
  });
  expect([...(checked.workspaces.get("team-c")?.frozen ?? [])]).toEqual(["secret/x"]);
});

test("all that is wrong with a file across files is told with its own mistakes", async () => {
  const checked = await check({
    "a.yaml": aManifest(),
    "b.yaml": { secrets: [aSecret({ auth_config: { api_key: "x" } })] },
  });

  expect(linesOf(checked.invalid)).toEqual([
    expect.stringContaining("unique-names"),
    expect.stringContaining("secret-in-auth-config"),
  ]);
});

test("nothing looks unused while a file cannot be read", async () => {
  const unused = await check({ a: SECRETS });
  const unknown = await check({ a: SECRETS, b: "version: [" });

  expect(linesOf(unused.warnings)).toEqual([expect.stringContaining("unused-secret")]);
  expect(unknown.warnings).toEqual([]);
});

test("the provider of a frozen secret is what is known of it, or must be stated", async () => {
  const texts = { a: JSON.stringify({ version: 1, ...MODELS }), b: "version: [" };
  const frozenByFile = last({ b: ["secret/openai-prod"] });
  const lastProviders = new Map([["default", new Map([["openai-prod", "openai"]])]]);

  const unknown = await checkTexts(texts, { frozenByFile });
  const known = await checkTexts(texts, { frozenByFile, lastProviders });

  expect(linesOf(unknown.invalid)).toContainEqual(expect.stringContaining("provider-required"));
  expect(linesOf(known.invalid)).toEqual([expect.stringMatching(/^b:/)]);
});

test("an owner has at most 50,000 resources, in whatever files they are", async () => {
  const externals = (count: number, prefix: string) => ({
    secrets: Array.from({ length: count }, (_, index) => {
      return { name: `${prefix}${index}`, external: true as const };
    }),
  });

  const checked = await check({
    a: externals(49_999, "a"),
    b: externals(2, "b"),
    c: externals(1, "c"),
  });

  expect(summary(checked)).toEqual({
    valid: ["a", "c"],
    frozen: [],
    invalid: [
      "b:1:1 would bring this owner to 50,001 resources; at most 50,000 are allowed (limits)",
    ],
  });
});

test("an owner has at most 1,000 budgets", async () => {
  const budgets = Array.from({ length: 1_001 }, (_, index) =>
    aBudget({ name: `b${index}`, target_scope: "USER", target_value: `u${index}` }),
  );

  expect(linesOf((await check({ a: { budgets } })).invalid)).toEqual([
    "a:3:3 budgets would bring this owner to 1,001 budgets; at most 1,000 are allowed (limits)",
  ]);
  expect((await check({ a: { budgets: budgets.slice(1) } })).invalid).toEqual([]);
});
