import { expect, test } from "@jest/globals";
import type { Access } from "#manifest/access.ts";
import { grantsOf } from "#manifest/grants.ts";
import { parsePolicy } from "#manifest/policy.ts";
import { suggestion, suggestions } from "#manifest/suggest.ts";
import { aManifest, aSecret } from "../../support/builders.ts";
import { checkTexts, issuesOf, linesOf, warningsOf } from "../../support/issues.ts";

function times(count: number, lineOf: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => lineOf(index)).join("");
}

const REPEATED = "[{ model_definition: x, linkage_type: PRIMARY, wieght: 1 }]";

test.each([
  ["empty items", `version: 1\nsecrets: [${"{},".repeat(5_000)}]\n`, "9,900"],
  [
    "an alias of a list that is wrong",
    `version: 1\nx: &m ${REPEATED}\nendpoints:\n${times(5_000, (index) => `- { name: e${index}, models: *m }\n`)}`,
    "4,901",
  ],
  ["unknown keys", `version: 1\n${times(5_000, (index) => `k${index}: 1\n`)}`, "4,900"],
  [
    "unknown keys of items",
    `version: 1\nbudgets:\n${times(50, () => `- { ${times(100, (index) => `k${index}: 1, `)} }\n`)}`,
    /\b5,\d{3}/,
  ],
  [
    "items within items",
    `version: 1\nendpoints: [${times(60, () => `{ name: a, models: [${"{},".repeat(90)}] },`)}]\n`,
    "10,700",
  ],
  [
    "values of a record",
    `version: 1\nendpoints: [{ name: a, models: [], tags: { ${times(5_000, (index) => `t${index}: , `)} } }]\n`,
    "4,901",
  ],
  [
    "keys of a record",
    `version: 1\nsecrets: [{ name: a, provider: x, auth_config: { ${times(5_000, (index) => `"\\x07${index}": a, `)} } }]\n`,
    /and [\d,]+ more/,
  ],
  [
    "references to what is not declared",
    `version: 1\nmodel_definitions:\n${times(5_000, (index) => `- { name: m${index}, secret: s${index}, model_name: m }\n`)}`,
    "4,900",
  ],
])("of %s the first hundred findings are told and the rest is counted", async (_, text, count) => {
  const found = await issuesOf(text);

  expect(found).toHaveLength(101);
  expect(found[100]).toMatch(count);
  expect(found[100]).toMatch(/and [\d,]+ more findings in this file \(limits\)$/);
});

test("so are warnings", async () => {
  const secrets = Array.from({ length: 150 }, (_, index) => aSecret({ name: `s${index}` }));

  const found = await warningsOf(JSON.stringify(aManifest({ secrets }), null, 1));

  expect(found).toHaveLength(101);
});

test("so is what the policy denies", async () => {
  const access: Access = { is: "granted", grants: grantsOf({ kinds: ["secret"], names: ["a-*"] }) };
  const secrets = Array.from({ length: 150 }, (_, index) => aSecret({ name: `s${index}` }));

  const found = await issuesOf(JSON.stringify({ version: 1, secrets }), { access });

  expect(found).toHaveLength(101);
  expect(found[0]).toContain("(policy)");
});

test("so is what another file declares", async () => {
  const secrets = Array.from({ length: 150 }, (_, index) => aSecret({ name: `s${index}` }));
  const text = JSON.stringify({ version: 1, secrets });

  const { invalid } = await checkTexts({ "a.yaml": text, "b.yaml": text });

  expect(linesOf(invalid)).toHaveLength(101);
  expect(linesOf(invalid)[100]).toContain("b.yaml:1:");
});

test("so is what is wrong with a policy", async () => {
  const owners = times(5_000, (index) => `  o${index}: { kind: [] }\n`);

  const parsed = await parsePolicy(`version: 2\nowners:\n${owners}`);

  expect(parsed).toMatchObject({ isValid: false });
  expect(parsed.isValid || parsed.issues).toHaveLength(101);
});

test("a finding below a very long key shows its begin", async () => {
  const key = "k".repeat(100_000);
  const denied = times(200, (index) => `k${index}: 1, `);

  const parsed = await parsePolicy(`version: 2\nowners: { ? ${key} : { ${denied} } }`);

  expect(JSON.stringify(parsed).length).toBeLessThan(200_000);
});

test("what an alias repeats is pointed at where it stands, also through two of them", async () => {
  const found = await issuesOf(`version: 1
x: &inner { model_definition: x, linkage_type: PRIMARY, wieght: 1 }
y: &outer
  - *inner
endpoints:
  - { name: a, models: *outer }
`);

  expect(found).toContainEqual(
    expect.stringContaining("gateway.yaml:2:57 endpoints[0].models[0].wieght is not a known key"),
  );
});

test("near misses among fifty thousand long names are looked for in bounded time", () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `${"x".repeat(240)}${index}`);
  const begin = performance.now();

  suggestion(`y${"x".repeat(240)}1`, names);
  suggestion("y".repeat(5_000_000), names);

  expect(performance.now() - begin).toBeLessThan(2_000);
  expect(suggestion("wieght", ["a", "weights", "weight"])).toBe('; did you mean "weight"?');
  expect(suggestion("wieght", ["a", "b"])).toBe("");
});

test("searches that share a bound end together", () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `${"x".repeat(240)}${index}`);
  const suggest = suggestions();
  const begin = performance.now();

  for (let index = 0; index < 1_000; index += 1) suggest(`y${"x".repeat(240)}${index}`, names);

  // Each alone takes half a second.
  expect(performance.now() - begin).toBeLessThan(10_000);
});

test.each([
  ["an auth_config", "auth_config", "{ value_from: { env: A }, auth_config: MANY }", "settings"],
  ["the keys of a value", "value_from.keys", "{ value_from: { env: A, keys: MANY } }", "keys"],
])("%s has at most a hundred", async (_, field, secret, noun) => {
  const many = `{ ${times(101, (index) => `k${index}: a, `)} }`;
  const text = `version: 1\nsecrets:\n- ${secret.replace("{ ", "{ name: a, provider: x, ").replace("MANY", many)}\n`;

  expect(await issuesOf(text)).toEqual([
    expect.stringContaining(`secrets[0].${field} must have at most 100 ${noun}, got an object`),
  ]);
});

test("no more rules are switched off than there could be", async () => {
  const text = `version: 1\nlint: { disable: [${times(101, (index) => `r${index}, `)}] }\n`;

  expect(await issuesOf(text)).toEqual([
    expect.stringContaining("lint.disable must have at most 100 item(s), got a list (schema)"),
  ]);
});

test("a chain of files that fall one after the other is checked in bounded time", async () => {
  const texts = Object.fromEntries(
    Array.from({ length: 400 }, (_, index) => [
      `f${String(index).padStart(4, "0")}.yaml`,
      `version: 1
secrets: [{ name: s${index}, provider: openai, value_from: { secrets_manager: a } }]
model_definitions: [{ name: m${index}, secret: s${index + 1}, model_name: a }]
`,
    ]),
  );
  const begin = performance.now();

  const { invalid } = await checkTexts(texts);

  expect(invalid).toHaveLength(400);
  expect(performance.now() - begin).toBeLessThan(10_000);
});

test("the warnings of what is left hold for what is left", async () => {
  const { invalid, warnings } = await checkTexts({
    "a.yaml":
      "version: 1\nsecrets: [{ name: a, provider: openai, value_from: { secrets_manager: x } }]\n",
    "b.yaml":
      "version: 1\nmodel_definitions: [{ name: b, secret: a, model_name: x }, { name: c, secret: none, model_name: x }]\n",
  });

  expect(linesOf(invalid)).toEqual([expect.stringContaining('got "none"')]);
  expect(linesOf(warnings)).toContainEqual(
    expect.stringMatching(/^a.yaml.*is used by no model definition of yours, got "a"/),
  );
});

test.each([
  ["maps", "{},"],
  ["numbers", "0,"],
  ["lists", "[],"],
])("of %s in the millions nothing is parsed", async (_, part) => {
  const text = `version: 1\nsecrets: [${part.repeat(1_600_000)}]\n`;

  expect(await issuesOf(text)).toEqual([
    "gateway.yaml:1:1 has more than 1,000,000 commas, colons, brackets and lines; split it into several files (syntax)",
  ]);
});
