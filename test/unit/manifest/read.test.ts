import { expect, test } from "@jest/globals";
import { parseManifest } from "#manifest/parse.ts";
import { aManifest, anEndpoint } from "../../support/builders.ts";
import { checkTexts, issuesOf, linesOf, yaml } from "../../support/issues.ts";

const encoder = new TextEncoder();

test("bytes are read as UTF-8, with or without a byte order mark", async () => {
  const text = `# größe 🚀\r\n${JSON.stringify(aManifest())}`;

  for (const form of [text, `\uFEFF${text}`]) {
    expect(await parseManifest(encoder.encode(form))).toMatchObject({
      isValid: true,
      manifest: aManifest(),
    });
  }
});

test("a place behind a byte order mark, Windows line ends and long characters is right", async () => {
  const text = "\uFEFFversion: 1\r\nsecrets: []\r\nlint: { größe: 🚀, y: 1 }\r\n";

  expect(await issuesOf(encoder.encode(text))).toEqual([
    "gateway.yaml:3:9 lint.größe is not a known key; allowed are disable (schema)",
    "gateway.yaml:3:20 lint.y is not a known key; allowed are disable (schema)",
  ]);
});

test.each<[string, readonly number[], string]>([
  ["Latin-1", [0x61, 0x0a, 0x62, 0xe4, 0x0a], "2:2 is not UTF-8: byte 0xe4 at offset 3"],
  ["UTF-16", [0xff, 0xfe, 0x61, 0x00], "1:1 is not UTF-8: byte 0xff at offset 0"],
  ["half a character at the end", [0x61, 0xc3], "1:2 is not UTF-8: byte 0xc3 at offset 1"],
  ["a byte that continues nothing", [0x80], "1:1 is not UTF-8: byte 0x80 at offset 0"],
  [
    "half a character within",
    [0x61, 0xe2, 0x82, 0x62, 0x62],
    "1:2 is not UTF-8: byte 0xe2 at offset 1",
  ],
])("%s is refused with the offset of the first wrong byte", async (_, bytes, expected) => {
  expect(await issuesOf(Uint8Array.from(bytes))).toEqual([
    `gateway.yaml:${expected}; save it as UTF-8 (syntax)`,
  ]);
});

test("a file of 100 MB is refused at once, whatever is in it", async () => {
  const bytes = new Uint8Array(100 * 1024 * 1024).fill(0xff);
  const expected = ["gateway.yaml:1:1 is longer than 5 MiB; split it into several files (syntax)"];

  const startMs = performance.now();
  const issues = await issuesOf(bytes);
  const ofText = await issuesOf("x".repeat(100 * 1024 * 1024));

  expect([issues, ofText]).toEqual([expected, expected]);
  // Decoding or parsing it would take seconds.
  expect(performance.now() - startMs).toBeLessThan(500);
});

test("the limit of a text counts bytes, not characters", async () => {
  expect(await issuesOf(`#${"ä".repeat(2.5 * 1024 * 1024)}`)).toEqual([
    expect.stringContaining("is longer than 5 MiB"),
  ]);
});

test.each([
  ["lists", "[".repeat(10_000)],
  ["maps", "{a: ".repeat(10_000)],
  ["closed lists", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
  ["indented lists", Array.from({ length: 10_000 }, () => "- ").join("")],
])("10,000 levels of %s are told as such", async (_, text) => {
  expect(await issuesOf(`version: 1\nsecrets: ${text}`)).toEqual([
    expect.stringMatching(
      /^gateway\.yaml:\d+:\d+ (is nested deeper than 100 levels|cannot be read)/,
    ),
  ]);
  expect(await issuesOf(text)).toEqual([
    expect.stringMatching(/ is nested deeper than 100 levels \(syntax\)$/),
  ]);
});

test("aliases that repeat each other are refused without being expanded", async () => {
  const levels = Array.from({ length: 30 }, (_, level) => {
    const alias = `*a${level}`;
    return `a${level + 1}: &a${level + 1} [${Array.from({ length: 10 }, () => alias).join(", ")}]`;
  });
  const bomb = `a0: &a0 [x]\n${levels.join("\n")}\n`;

  expect(await issuesOf(bomb)).toEqual([
    "gateway.yaml:1:1 has more than 1,000,000 values, counted as often as aliases repeat them (syntax)",
  ]);
});

test.each([
  ["itself", "version: 1\nsecrets: &a [*a]\n"],
  ["a long chain, the last link first", chain(5_000)],
])("an alias that leads to %s is refused", async (_, text) => {
  expect(await issuesOf(text)).toEqual([expect.stringContaining("has more than 1,000,000 values")]);
});

/** Keys of digits are visited in ascending order, whatever their order in the file. */
function chain(length: number): string {
  const links = Array.from({ length }, (_, index) => {
    const number = length - index;
    return `${number}: &a${number} ${index === 0 ? "[]" : `[*a${number + 1}]`}`;
  });
  return `${links.join("\n")}\n`;
}

test("aliases of a reasonable number are fine, and what they repeat is pointed at", async () => {
  const text = yaml`
    version: 1
    secrets: [{ name: openai, provider: openai, value_from: { secrets_manager: a } }]
    model_definitions: [{ name: gpt-4o, secret: openai, model_name: gpt-4o }]
    endpoints:
      - name: one
        models: &models
          - { model_definition: gpt-4o, linkage_type: PRIMARY }
      - name: two
        models: *models
  `;

  expect(await issuesOf(text)).toEqual([]);
  expect(await issuesOf(text.replace("linkage_type: PRIMARY", "linkage_type: FIRST"))).toEqual([
    expect.stringContaining("gateway.yaml:7:37 endpoints[0].models[0].linkage_type must be one of"),
    expect.stringContaining("gateway.yaml:7:37 endpoints[1].models[0].linkage_type must be one of"),
  ]);
});

test("a merge key is not part of YAML 1.2", async () => {
  expect(await issuesOf("version: 1\nbase: &b {}\nlint:\n  <<: *b\n")).toEqual([
    expect.stringContaining("2:1 base is not a known key"),
    "gateway.yaml:4:3 lint.<< is not a known key; allowed are disable; YAML 1.2 has no merge keys (schema)",
  ]);
});

test.each([
  ["in a list", "version: 1\nsecrets:\n- name: a\n\tprovider: b\n", "4:1 "],
  ["behind a hyphen", "version: 1\nsecrets:\n-\tname: a\n\tprovider: b\n", "cannot be read"],
])("a tab as indentation %s comes with advice", async (_, text, place) => {
  const [issue] = await issuesOf(text);

  expect(issue).toContain(place);
  expect(issue).toContain("; indent with spaces, YAML allows no tabs (syntax)");
});

test.each([
  [
    "a map in braces",
    'version: 1\nlint: { a: 1, "b": 2, a: 3 }\n',
    "2:23 has the key a a second time",
  ],
  ["JSON", '{ "version": 1, "version": 1 }', "1:18 has the key version a second time"],
  [
    "a map of a list",
    "version: 1\nsecrets:\n  - name: a\n    name: b\n",
    "4:5 has the key name a second time",
  ],
])("a key that is given twice in %s is told at its second place", async (_, text, expected) => {
  expect(await issuesOf(text)).toEqual([`gateway.yaml:${expected} (syntax)`]);
});

test.each(["yes", "no", "on", "off", "y", "TRUE!"])(
  "%s is no boolean in YAML 1.2",
  async (word) => {
    const text = yaml`
      version: 1
      endpoints:
        - name: chat
          external: ${word}
        - name: talk
          models: [{ model_definition: a, linkage_type: PRIMARY }]
          usage_tracking: ${word}
    `;

    expect(await issuesOf(text)).toEqual([
      `gateway.yaml:4:5 endpoints[0].external must be true or false, got "${word}" (schema)`,
      `gateway.yaml:7:5 endpoints[1].usage_tracking must be a boolean, got "${word}"; write true or false (schema)`,
    ]);
  },
);

test.each([
  ["an empty section", "secrets:", "secrets must be a list, got null; write [] for none"],
  [
    "an id without quotes",
    "endpoints: [{ name: a, models: [{ model_definition: a, linkage_type: PRIMARY }], experiment_id: 7 }]",
    "experiment_id must be a string, got 7; put it in quotes",
  ],
  [
    "an infinite amount",
    "budgets: [{ name: a, budget_amount: .inf, duration: { unit: DAYS, value: 1 }, target_scope: GLOBAL, budget_action: ALERT }]",
    "budget_amount must be",
  ],
  ["a date, which is a text", "workspace: 2026-11-23\nx: 1", "x is not a known key"],
  [
    "a key that every object has",
    "endpoints: [{ name: a, models: [{ model_definition: a, linkage_type: PRIMARY }], __proto__: 1 }]",
    "__proto__ is not a known key",
  ],
  ["a key that is a list", "? [a]\n: 1", "cannot be read"],
  ["a tag of YAML", "secrets: !!binary aaaa", "cannot be read: unknown scalar tag"],
  [
    "a character that is not printable",
    "workspace: a\u0001",
    "cannot be read: the stream contains non-printable characters",
  ],
])("%s is told", async (_, text, expected) => {
  expect(await issuesOf(`version: 1\n${text}\n`)).toEqual([expect.stringContaining(expected)]);
});

test("a name is measured in code points, as databases do", async () => {
  const named = (name: string) =>
    JSON.stringify({ version: 1, secrets: [{ name, external: true }] });

  expect(await issuesOf(named("🚀".repeat(255)))).toEqual([]);
  expect(await issuesOf(named("🚀".repeat(256)))).toEqual([
    expect.stringContaining("secrets[0].name must have at most 255 character(s)"),
  ]);
  expect(await issuesOf(named("a\tb"))).toEqual([
    expect.stringContaining("secrets[0].name must have no control characters"),
  ]);
  expect(await issuesOf(named("\ud800"))).toEqual([
    expect.stringContaining("secrets[0].name must have no control characters"),
  ]);
});

test("an endpoint has at most 100 tags", async () => {
  const tags = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`t${index}`, ""]));

  expect(await issuesOf(JSON.stringify(aManifest({ endpoints: [anEndpoint({ tags })] })))).toEqual([
    expect.stringContaining("endpoints[0].tags must have at most 100 tags, got an object (schema)"),
  ]);
});

test("a workspace has a name that MLflow takes", async () => {
  for (const workspace of ["a", "Team", "-a", "a-", "api", "x".repeat(64)]) {
    const issues = await issuesOf(JSON.stringify({ version: 1, workspace }));
    expect(issues).toEqual([expect.stringContaining("gateway.yaml:1:14 workspace must ")]);
  }
  expect(await issuesOf("version: 1\nworkspace: team-a1\n")).toEqual([]);
});

test("of thousands of mistakes the first are told, and how many there are", async () => {
  const text = `version: 1\nsecrets: [${"1,".repeat(20_000)}]\n`;

  const found = linesOf((await checkTexts({ "a.yaml": text })).invalid);

  expect(found).toHaveLength(101);
  expect(found[99]).toContain("a.yaml:2:209 secrets[99] must be an object, got 1");
  expect(found[100]).toBe("a.yaml:2:209 and 19,900 more findings in this file (limits)");
});

test.each([
  [
    "an external resource says no more",
    { secrets: [{ name: "a", external: true, provider: "x" }] },
    "secrets[0].provider is not a known key; allowed are name, external",
  ],
  [
    "a value has one source",
    { secrets: [{ name: "a", provider: "x", value_from: { env: "A", file: "b" } }] },
    "secrets[0].value_from must have exactly one of secrets_manager, env, file, got an object",
  ],
  [
    "a value has a source",
    { secrets: [{ name: "a", provider: "x", value_from: { keys: {} } }] },
    "must have exactly one of secrets_manager, env, file",
  ],
  [
    "an experiment has a name or an id",
    { endpoints: [anEndpoint({ experiment: "a", experiment_id: "1" })] },
    "endpoints[0].experiment_id is not allowed together with experiment",
  ],
  [
    "a new guardrail has a stage",
    {
      endpoints: [
        anEndpoint({
          guardrails: [{ name: "a", scorer: { experiment: "e", name: "s" }, action: "VALIDATION" }],
        }),
      ],
    },
    "endpoints[0].guardrails[0].stage is required with a scorer",
  ],
  [
    "a guardrail that exists has its own action",
    { endpoints: [anEndpoint({ guardrails: [{ name: "a", action: "VALIDATION" }] })] },
    "endpoints[0].guardrails[0].action is allowed with a scorer only",
  ],
  [
    "an id of a budget looks like one",
    { budgets: [{ adopt: "chat" }] },
    "budgets[0].adopt must be the id of a budget policy",
  ],
])("%s", async (_, manifest, expected) => {
  const issues = await issuesOf(JSON.stringify({ version: 1, ...manifest }, null, 1));

  expect(issues).toContainEqual(expect.stringContaining(expected));
});

test.each(["names: [*]", "names: [*-x]", "*: {}"])(
  "a text that begins with a star needs quotes: %s",
  async (text) => {
    expect(await issuesOf(text)).toEqual([
      expect.stringMatching(/; put what begins with \* in quotes \(syntax\)$/),
    ]);
  },
);

/** One text of 5,000 characters, again and again. */
const LONG = "x".repeat(5_000);

test.each([
  ["texts", `version: 1\nlint: { disable: [&t "${LONG}", ${"*t, ".repeat(1_050)}] }\n`],
  ["maps with long texts", `version: 1\nx: [&t { a: "${LONG}" }, ${"*t, ".repeat(1_050)}]\n`],
  [
    "maps with long keys",
    `version: 1\nx: [&t { ${"k".repeat(900)}: 1 }, ${"*t, ".repeat(6_000)}]\n`,
  ],
])("%s that aliases repeat are no more than a file could hold written out", async (_, text) => {
  expect(await issuesOf(text)).toEqual([
    "gateway.yaml:1:1 is longer than 5 MiB with what aliases repeat written out (syntax)",
  ]);
});
