import { expect, test } from "@jest/globals";
import { ManifestError } from "#manifest/errors.ts";
import { parseManifest } from "#manifest/parse.ts";
import type { ManifestIssue } from "#manifest/types.ts";
import { aBudget, aManifest } from "../../support/builders.ts";
import { issuesOf, yaml } from "../../support/issues.ts";

const ROOT_KEYS = "version, workspace, secrets, model_definitions, endpoints, budgets, lint";

test.each<[string, string, readonly string[]]>([
  [
    "an unknown key at the top",
    "version: 1\nendpoint: []\n",
    [
      `2:1 endpoint is not a known key; allowed are ${ROOT_KEYS}; did you mean "endpoints"? (schema)`,
    ],
  ],
  [
    "an unknown key far from any known one",
    "version: 1\nzzz: 1\n",
    [`2:1 zzz is not a known key; allowed are ${ROOT_KEYS} (schema)`],
  ],
  [
    "an unknown key in a model",
    yaml`
      version: 1
      endpoints:
        - name: chat
          models:
            - { model_definition: gpt-4o, linkage_type: PRIMARY, wieght: 1 }
    `,
    [
      '5:60 endpoints[0].models[0].wieght is not a known key; allowed are model_definition, linkage_type, weight, fallback_order; did you mean "weight"? (schema)',
    ],
  ],
  ["a list that is not closed", "version: 1\nsecrets: [\n", ["3:1 cannot be read: "]],
  [
    "a tab as indentation",
    "version: 1\nsecrets:\n\t- name: a\n",
    [
      "3:1 cannot be read: tab characters must not be used in indentation; indent with spaces, YAML allows no tabs (syntax)",
    ],
  ],
  [
    "a key that is given twice",
    "version: 1\nsecrets: []\nsecrets: []\n",
    ["3:1 has the key secrets a second time (syntax)"],
  ],
  ["an empty file", "", ["1:1 the file is empty; it begins with version: 1 (schema)"]],
  [
    "a file of comments",
    "# later\n",
    ["1:1 the file is empty; it begins with version: 1 (schema)"],
  ],
  [
    "a file that holds null",
    "null\n",
    ["1:1 the file is empty; it begins with version: 1 (schema)"],
  ],
  [
    "a second document",
    "version: 1\n---\nversion: 1\n",
    ["1:1 holds several documents; a manifest is a single one (syntax)"],
  ],
  ["a text", "hello\n", ['1:1 must be an object, got "hello" (schema)']],
  ["a list", "- a\n", ["1:1 must be an object, got a list (schema)"]],
  ["another version", "version: 2\n", ["1:1 version must be 1, got 2 (schema)"]],
  ["a version in quotes", 'version: "1"\n', ['1:1 version must be 1, got "1" (schema)']],
  ["no version", "secrets: []\n", ["1:1 version is required (schema)"]],
  [
    "a byte order mark before the mistake",
    "\uFEFFendpoint: []\nversion: 1\n",
    [
      `1:1 endpoint is not a known key; allowed are ${ROOT_KEYS}; did you mean "endpoints"? (schema)`,
    ],
  ],
  [
    "Windows line ends",
    "version: 1\r\nsecrets: []\r\nendpoints: 7\r\n",
    ["3:1 endpoints must be a list, got 7 (schema)"],
  ],
  [
    "JSON with tabs",
    '{\n\t"version": 1,\n\t"endpoints": [\n\t\t{ "name": "a b", "models": [] }\n\t]\n}',
    [
      "4:5 endpoints[0].name must have letters, digits, '_', '.' and '-' only, got \"a b\" (schema)",
      "4:20 endpoints[0].models must have at least 1 item(s), got a list (schema)",
    ],
  ],
  ["JSON that is not complete", '{\n  "version": 1,\n  "secrets": [\n}', ["4:1 cannot be read: "]],
  [
    "a missing key",
    "version: 1\nmodel_definitions:\n  - { name: a, secret: b }\n",
    ["3:5 model_definitions[0].model_name is required (schema)"],
  ],
])("%s is told with its place", async (_, text, expected) => {
  const issues = await issuesOf(text);

  expect(issues).toHaveLength(expected.length);
  for (const [index, part] of expected.entries()) expect(issues[index]).toContain(part);
  expect(issues.every((issue) => /^gateway\.yaml:\d+:\d+ /.test(issue))).toBe(true);
});

test("everything that is wrong is told at once, in the order of the file", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    budgets:
      - name: chat
        budget_amount: -1
        duration: { unit: MONTH, value: 0 }
        target_scope: GLOBAL
        budget_action: alert
        alerts: { thresholds: [0, 11, half] }
    endpoints:
      - name: 7
        models: []
        usage_tracking: maybe
        fallback_config: { max_attempts: 1.5 }
  `);

  expect(issues).toEqual([
    "gateway.yaml:4:5 budgets[0].budget_amount must be more than 0, got -1 (schema)",
    'gateway.yaml:5:17 budgets[0].duration.unit must be one of MINUTES, HOURS, DAYS, WEEKS, MONTHS, got "MONTH"; did you mean "MONTHS"? (schema)',
    "gateway.yaml:5:30 budgets[0].duration.value must be at least 1, got 0 (schema)",
    'gateway.yaml:7:5 budgets[0].budget_action must be one of ALERT, REJECT, got "alert"; did you mean "ALERT"? (schema)',
    "gateway.yaml:8:28 budgets[0].alerts.thresholds[0] must be more than 0, got 0 (schema)",
    "gateway.yaml:8:31 budgets[0].alerts.thresholds[1] must be at most 10, got 11 (schema)",
    'gateway.yaml:8:35 budgets[0].alerts.thresholds[2] must be a number, got "half" (schema)',
    "gateway.yaml:10:5 endpoints[0].name must be a string, got 7; put it in quotes (schema)",
    "gateway.yaml:11:5 endpoints[0].models must have at least 1 item(s), got a list (schema)",
    'gateway.yaml:12:5 endpoints[0].usage_tracking must be a boolean, got "maybe"; write true or false (schema)',
    "gateway.yaml:13:24 endpoints[0].fallback_config.max_attempts must be an integer, got 1.5 (schema)",
  ]);
});

test("an unusable key of a map is named, not its value", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    endpoints:
      - name: chat
        models: [{ model_definition: a, linkage_type: PRIMARY }]
        tags: { "": value-of-the-tag }
  `);

  expect(issues).toEqual([
    "gateway.yaml:5:13 endpoints[0].tags. is not a usable key: it must have at least 1 character(s) (schema)",
  ]);
});

test.each(["cost centre", "", "AWS.team", "größe"])(
  "a label that SNS would refuse to carry is refused here: %j",
  async (label) => {
    const budgets = [aBudget({ labels: { team: "search", [label]: "x" } })];

    expect(await issuesOf(JSON.stringify(aManifest({ budgets })))).toEqual([
      expect.stringContaining(
        `budgets[0].labels.${label} is not a usable key: it may have letters, digits, '_' and '-' only (schema)`,
      ),
    ]);
  },
);

test("a value that may be a key somebody pasted is not shown", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    secrets:
      - name: openai-prod
        provider: openai
        value_from: value-one
        value: value-two
        api_key: value-three
      - name: other
        provider: openai
        value_from: { secrets_manager: other, keys: value-four }
    model_definitions:
      - { name: a, secret: { key: value-five }, model_name: gpt-4o, token: value-six }
    endpoints:
      - name: a
        models: [{ model_definition: a, linkage_type: PRIMARY }]
        tags: { api_key: [value-seven] }
  `);

  expect(issues).toHaveLength(7);
  expect(issues[0]).toBe(
    "gateway.yaml:5:5 secrets[0].value_from must be an object, got a text that is not shown (schema)",
  );
  expect(issues.join()).not.toMatch(/value-(one|two|three|four|five|six|seven)/);
});

test("a long value is cut", async () => {
  const [issue] = await issuesOf(`version: ${"x".repeat(500)}\n`);

  expect(issue).toBe(`gateway.yaml:1:1 version must be 1, got "${"x".repeat(79)}... (schema)`);
});

test("a file is read up to 5 MiB and refused beyond, without being parsed", async () => {
  const comment = "#".repeat(5 * 1024 * 1024 - "version: 1\n".length);

  expect(await issuesOf(`version: 1\n${comment}`)).toEqual([]);
  expect(await issuesOf(`version: 1\n${comment}#`)).toEqual([
    "gateway.yaml:1:1 is longer than 5 MiB; split it into several files (syntax)",
  ]);
});

test("a manifest is read from YAML and from JSON alike, with or without a byte order mark", async () => {
  const json = JSON.stringify(aManifest());
  const text = yaml`
    version: 1
    secrets:
      - name: openai-prod
        provider: openai
        value_from: { secrets_manager: prod/openai }
    model_definitions:
      - { name: gpt-4o, secret: openai-prod, model_name: gpt-4o }
    endpoints:
      - name: chat
        models: [{ model_definition: gpt-4o, linkage_type: PRIMARY }]
    budgets:
      - name: chat-monthly
        budget_amount: 500
        duration: { unit: MONTHS, value: 1 }
        target_scope: ENDPOINT
        target_value: chat
        budget_action: ALERT
  `;

  for (const form of [json, text, `\uFEFF${json}`, `\uFEFF${text}`, text.replace(/\n/g, "\r\n")]) {
    expect(await parseManifest(form)).toMatchObject({ isValid: true, manifest: aManifest() });
  }
});

test("words that YAML 1.1 took for booleans are texts", async () => {
  const parsed = await parseManifest(yaml`
    version: 1
    endpoints:
      - name: chat
        models: [{ model_definition: a, linkage_type: PRIMARY }]
        tags: { country: no, answer: yes, switch: on }
    model_definitions: [{ name: a, secret: s, model_name: m }]
    secrets: [{ name: s, provider: openai, value_from: { secrets_manager: a } }]
  `);

  expect(parsed).toMatchObject({
    manifest: { endpoints: [{ tags: { country: "no", answer: "yes", switch: "on" } }] },
  });
});

test("what a valid manifest refers to can be located later", async () => {
  const parsed = await parseManifest(JSON.stringify(aManifest(), null, 2));
  if (!parsed.isValid) throw new Error("the manifest is not valid");
  const path = ["secrets", 0, "value_from", "secrets_manager"];

  const [issue] = await parsed.locate([{ rule: "later", path, message: "is missing" }]);

  expect(issue).toEqual({ rule: "later", path, message: "is missing", line: 8, column: 9 });
  expect(await parsed.locate([])).toEqual([]);
});

test("an error of many issues shows twenty and counts the rest", () => {
  const issues = Array.from({ length: 23 }, (_, index): ManifestIssue => {
    return { rule: "schema", path: ["secrets", index], line: index + 1, column: 1, message: "no" };
  });

  const error = new ManifestError("gateway.yaml", issues);

  const lines = error.message.split("\n");
  expect(lines).toHaveLength(21);
  expect(lines[19]).toBe("gateway.yaml:20:1 secrets[19] no (schema)");
  expect(lines[20]).toBe("and 3 more");
  expect(error.issues).toHaveLength(23);
});

test.each([
  ["tags", (text: string) => aManifestText({ tags: text }), ["endpoints", 0, "tags"]],
  ["labels", (text: string) => aManifestText({ labels: text }), ["budgets", 0, "labels"]],
  ["settings", (text: string) => aManifestText({ settings: text }), ["secrets", 0, "auth_config"]],
])("__proto__ is a key of %s like any other", async (_, textOf, path) => {
  const good = await parseManifest(textOf("{ __proto__: keep, constructor: too }"));
  const bad = await parseManifest(textOf("{ __proto__: [1] }"));

  const value = path.reduce((at: unknown, part) => Object(at)[part], Object(good).manifest);
  expect(Object.entries(Object(value)).sort()).toEqual([
    ["__proto__", "keep"],
    ["constructor", "too"],
  ]);
  expect(bad).toMatchObject({
    issues: [
      { path: [...path, "__proto__"], message: expect.stringContaining("must be a string") },
    ],
  });
});

/** All maps of the language. */
function aManifestText({ tags = "{}", labels = "{}", settings = "{}" }): string {
  return yaml`
    version: 1
    secrets: [{ name: s, provider: openai, value_from: { env: X }, auth_config: ${settings} }]
    model_definitions: [{ name: m, secret: s, model_name: m }]
    endpoints: [{ name: e, models: [{ model_definition: m, linkage_type: PRIMARY }], tags: ${tags} }]
    budgets:
      - name: b
        budget_amount: 1
        duration: { unit: DAYS, value: 1 }
        target_scope: GLOBAL
        budget_action: ALERT
        labels: ${labels}
  `;
}
