import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { load } from "js-yaml";
import { manifestJsonSchema, policyJsonSchema } from "#manifest/json-schema.ts";
import { parseManifest } from "#manifest/parse.ts";
import { parsePolicy } from "#manifest/policy.ts";
import { fieldTable, grantTable, withTable, withTables } from "../../../scripts/manifest/tables.ts";
import { aBudget, aManifest, anEndpoint, aSecret } from "../../support/builders.ts";
import { issuesOf, warningsOf } from "../../support/issues.ts";

const ROOT = new URL("../../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), "utf8");
const SCHEMA_FILE = "src/manifest/manifest.schema.json";
const POLICY_SCHEMA_FILE = "src/manifest/policy.schema.json";

const ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
const validate = ajv.compile(manifestJsonSchema());
const validatePolicy = ajv.compile(policyJsonSchema());

test("the JSON Schemas are those that `npm run schema` writes", () => {
  expect(JSON.parse(read(SCHEMA_FILE))).toEqual(manifestJsonSchema());
  expect(JSON.parse(read(POLICY_SCHEMA_FILE))).toEqual(policyJsonSchema());
});

test("the tables of the documentation are those that `npm run schema` writes", () => {
  const markdown = read("docs/manifest.md");

  expect(markdown).toBe(withTables(markdown));
});

test("every field has a description, for editors and for the documentation", () => {
  for (const table of [fieldTable(manifestJsonSchema()), grantTable(policyJsonSchema())]) {
    expect(table).not.toMatch(/\|\s*\|$/m);
  }
});

test("a table without its place is not lost silently", () => {
  expect(() => withTable("# Nothing", "fields", "")).toThrow("<!-- fields -->");
});

test("the example is right, without warnings, and tells editors where the schema is", async () => {
  const text = read("examples/gateway.yaml");
  const [, path] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];

  expect(new URL(path ?? "", new URL("examples/", ROOT)).href).toBe(
    new URL(SCHEMA_FILE, ROOT).href,
  );
  expect([...(await issuesOf(text)), ...(await warningsOf(text))]).toEqual([]);
  expect(validate(load(text))).toBe(true);
});

test("the policy of the documentation is right, and its editor knows the schema", async () => {
  const [, text = ""] =
    /<!-- policy-example -->\n```yaml\n([^`]*)```/.exec(read("docs/manifest.md")) ?? [];
  const [, path] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
  const parsed = await parsePolicy(text);

  expect(parsed).toMatchObject({ isValid: true });
  expect(new URL(path ?? "", new URL("docs/", ROOT)).href).toBe(
    new URL(POLICY_SCHEMA_FILE, ROOT).href,
  );
  expect(validatePolicy(load(text))).toBe(true);
});

test.each<[string, unknown]>([
  ["version 1", { version: 1, owners: {} }],
  ["no version", { owners: {} }],
  ["a pattern of owners", { version: 2, owners: { "team-*": {} } }],
  ["an unknown grant", { version: 2, owners: { search: { name: [] } } }],
  ["an unknown scope", { version: 2, owners: { search: { budgets: { scopes: ["ALL"] } } } }],
  ["too many stars", { version: 2, owners: { search: { names: ["*a*b*c*d*e*"] } } }],
  ["an empty pattern", { version: 2, owners: { search: { names: [""] } } }],
  ["an owner without grants", { version: 2, owners: { search: null } }],
])("the parser of policies and an editor refuse %s", async (_, policy) => {
  expect(await parsePolicy(JSON.stringify(policy))).toMatchObject({ isValid: false });
  expect(validatePolicy(policy)).toBe(false);
});

test.each<[string, object]>([
  ["everything", aManifest()],
  ["an external secret", { version: 1, secrets: [{ name: "a", external: true }] }],
  [
    "a long name of few characters",
    { version: 1, secrets: [{ name: "🚀".repeat(255), external: true }] },
  ],
  [
    "a guardrail of each kind",
    aManifest({
      endpoints: [
        anEndpoint({
          guardrails: [
            { name: "a" },
            {
              name: "b",
              scorer: { experiment: "e", name: "s" },
              stage: "AFTER",
              action: "VALIDATION",
            },
          ],
        }),
      ],
    }),
  ],
  ["an experiment by id", aManifest({ endpoints: [anEndpoint({ experiment_id: "7" })] })],
])("the parser and an editor accept %s", async (_, manifest) => {
  expect(await parseManifest(JSON.stringify(manifest))).toMatchObject({ isValid: true });
  expect(validate(manifest)).toBe(true);
});

test.each<[string, object]>([
  ["no version", { secrets: [] }],
  ["an unknown key", { version: 1, secret: [] }],
  ["a misspelled field", { version: 1, endpoints: [{ ...anEndpoint(), tag: {} }] }],
  [
    "an external secret that says more",
    { version: 1, secrets: [{ ...aSecret(), external: true }] },
  ],
  [
    "a value of two sources",
    { version: 1, secrets: [{ name: "a", provider: "x", value_from: { env: "A", file: "a" } }] },
  ],
  ["a value of no source", { version: 1, secrets: [{ name: "a", provider: "x", value_from: {} }] }],
  [
    "an experiment by name and id",
    { version: 1, endpoints: [anEndpoint({ experiment: "a", experiment_id: "7" })] },
  ],
  [
    "a new guardrail without a stage",
    {
      version: 1,
      endpoints: [
        anEndpoint({
          guardrails: [{ name: "a", scorer: { experiment: "e", name: "s" }, action: "VALIDATION" }],
        }),
      ],
    },
  ],
  [
    "the action of a guardrail that exists",
    { version: 1, endpoints: [anEndpoint({ guardrails: [{ name: "a", action: "VALIDATION" }] })] },
  ],
  [
    "too many labels",
    {
      version: 1,
      budgets: [aBudget({ labels: { a: "1", b: "1", c: "1", d: "1", e: "1", f: "1" } })],
    },
  ],
  ["a label of a strange name", { version: 1, budgets: [aBudget({ labels: { "a b": "1" } })] }],
  [
    "a name that is too long",
    { version: 1, secrets: [{ name: "🚀".repeat(256), external: true }] },
  ],
  ["a reserved workspace", { version: 1, workspace: "api" }],
  [
    "a weight over 1",
    {
      version: 1,
      endpoints: [
        anEndpoint({ models: [{ model_definition: "a", linkage_type: "PRIMARY", weight: 2 }] }),
      ],
    },
  ],
])("the parser and an editor refuse %s", async (_, manifest) => {
  expect(await parseManifest(JSON.stringify(manifest))).toMatchObject({ isValid: false });
  expect(validate(manifest)).toBe(false);
});
