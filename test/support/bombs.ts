/** What a file or two can hold to make whoever reads them work; each file is within its limit. */
export interface Bomb {
  /** By name of the file; of one that is called `policy.yaml` the policy. */
  readonly files: () => Readonly<Record<string, string>>;
  /** Begins what is said of it, or is a part of it. */
  readonly told: RegExp;
}

const HEAD = "version: 1\n";
const MODELS = "models: [{ model_definition: m, linkage_type: PRIMARY }]";
const ENDPOINT = `- name: a\n  ${MODELS}\n`;
const HUNDREDS = /and [\d,]+ more findings in this file/;

function manifest(text: () => string): Bomb["files"] {
  return () => ({ "gateway.yaml": HEAD + text() });
}

function times(count: number, textOf: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => textOf(index)).join("");
}

/** Each as long as its kind allows: 5 MiB, a million parts, or what the language counts. */
export const BOMBS: Readonly<Record<string, Bomb>> = {
  "330,000 empty secrets": {
    files: manifest(() => `secrets: [${"{},".repeat(330_000)}]\n`),
    told: HUNDREDS,
  },
  "half a million empty secrets": {
    files: manifest(() => `secrets: [${"{},".repeat(499_000)}]\n`),
    told: HUNDREDS,
  },
  "10,000 aliases of a list that is wrong": {
    files: manifest(
      () =>
        `x: &m [{ model_definition: x, linkage_type: PRIMARY, wieght: 1 }]\nendpoints:\n${times(10_000, (index) => `- { name: e${index}, models: *m }\n`)}`,
    ),
    told: HUNDREDS,
  },
  "20,000 unknown keys": {
    files: manifest(() => times(20_000, (index) => `key${index}: 1\n`)),
    told: HUNDREDS,
  },
  "450,000 unknown keys": {
    files: manifest(() => times(450_000, (index) => `k${index}: 1\n`)),
    told: HUNDREDS,
  },
  "49,000 references to what is not declared": {
    files: manifest(
      () =>
        `model_definitions:\n${times(49_000, (index) => `- { name: model${index}, secret: secret${index}, model_name: m-${index} }\n`)}`,
    ),
    told: HUNDREDS,
  },
  "80,000 references in 800 endpoints": {
    files: manifest(
      () =>
        `endpoints:\n${times(800, (endpoint) => `- name: e${endpoint}\n  models:\n${times(100, (index) => `  - { model_definition: m${endpoint}-${index}, linkage_type: PRIMARY }\n`)}`)}`,
    ),
    told: HUNDREDS,
  },
  "a policy with 5,000 patterns": {
    files: () => ({
      "policy.yaml": `version: 2\nowners: { default: { names: [${times(5_000, (index) => `"a*b*${index}", `)}] } }\n`,
      "gateway.yaml": `${HEAD}endpoints: []\n`,
    }),
    told: /must have at most 200 item\(s\)/,
  },
  "200 patterns of five stars, 20,000 long names": {
    files: () => ({
      "policy.yaml": `version: 2\nowners: { default: { names: [${times(200, (index) => `"*a*a*a*a*b${index}", `)}] } }\n`,
      "gateway.yaml": `${HEAD}model_definitions:\n${times(20_000, (index) => `- { name: ${"a".repeat(190)}${index}, secret: s, model_name: m }\n`)}`,
    }),
    told: HUNDREDS,
  },
  "a policy with 340,000 empty patterns": {
    files: () => ({
      "policy.yaml": `version: 2\nowners: { default: { names: [${"{},".repeat(340_000)}] } }\n`,
      "gateway.yaml": `${HEAD}endpoints: []\n`,
    }),
    told: /owners\.default\.names/,
  },
  "a name of 5 MB": {
    files: manifest(() => `secrets: [{ name: ${"a".repeat(5_000_000)}, provider: openai }]\n`),
    told: /must have at most 255 character/,
  },
  "a text of 1.2 million escapes": {
    files: manifest(
      () => `secrets: [{ name: "${"\\x07".repeat(1_200_000)}", provider: openai }]\n`,
    ),
    told: /must have no control characters/,
  },
  "aliases of aliases": {
    files: manifest(
      () =>
        `a: &a0 [x]\n${times(14, (index) => `b${index}: &a${index + 1} [${`*a${index}, `.repeat(10)}]\n`)}`,
    ),
    told: /more than 1,000,000 values/,
  },
  "aliases of a long text": {
    files: manifest(
      () =>
        `endpoints:\n- name: e\n  ${MODELS}\n  tags: &t { t: &s "${"x".repeat(4_999)}", ${times(99, (index) => `t${index}: *s, `)}}\n${times(4_500, (index) => `- { name: e${index}, ${MODELS}, tags: *t }\n`)}`,
    ),
    told: /longer than 5 MiB with what aliases repeat written out/,
  },
  "200,000 anchors": {
    files: manifest(() => `x: [${times(200_000, (index) => `&a${index} x,`)}]\n`),
    told: /is not a known key/,
  },
  "300,000 empty tags": {
    files: manifest(
      () => `endpoints:\n${ENDPOINT}  tags: {${times(300_000, (index) => `t${index}: , `)}}\n`,
    ),
    told: HUNDREDS,
  },
  "120,000 equal bindings": {
    files: manifest(
      () =>
        `endpoints:\n${ENDPOINT}  bindings: [${"{resource_type: scorer, resource_id: x},".repeat(120_000)}]\n`,
    ),
    told: /must have at most 1000 item/,
  },
  "100,000 models of one endpoint": {
    files: manifest(
      () =>
        `endpoints: [{ name: a, models: [${times(100_000, (index) => `{model_definition: x${index}, linkage_type: PRIMARY},`)}] }]\n`,
    ),
    told: /must have at most 100 item/,
  },
  "a million thresholds": {
    files: manifest(
      () =>
        `budgets: [{ name: a, budget_amount: 1, duration: { unit: DAYS, value: 1 }, target_scope: GLOBAL, budget_action: ALERT, alerts: { thresholds: [${"0.5,".repeat(990_000)}] } }]\n`,
    ),
    told: /must have at most 10 item/,
  },
  "200,000 settings of a secret": {
    files: manifest(
      () =>
        `secrets: [{ name: a, provider: openai, auth_config: {${times(200_000, (index) => `"u${index}_url": "ht:${index}",`)}} }]\n`,
    ),
    told: /must have at most 100 settings/,
  },
  "a million levels": {
    files: manifest(() => `x: ${"[".repeat(990_000)}\n`),
    told: /nested deeper than 100 levels/,
  },
  "9,000 lists, each 90 levels deep": {
    files: manifest(() =>
      times(9_000, (index) => `x${index}: ${"[".repeat(90)}${"]".repeat(90)}\n`),
    ),
    told: /cannot be read within 256 MiB of memory/,
  },
  "a line of 4.5 MB": {
    files: () => ({
      "gateway.json": JSON.stringify({
        version: 1,
        model_definitions: Array.from({ length: 55_000 }, (_, index) => ({
          ...{ name: `m${index}`, secret: "s", model_name: `x${index}`, provider: "openai" },
        })),
      }),
    }),
    told: HUNDREDS,
  },
  "20,000 near misses of 20,000 names": {
    files: manifest(
      () =>
        `secrets:\n${times(20_000, (index) => `- { name: "${"s".repeat(40)}${index}", external: true }\n`)}model_definitions:\n${times(20_000, (index) => `- { name: m${index}, secret: "${"s".repeat(40)}x${index}", model_name: m }\n`)}`,
    ),
    told: HUNDREDS,
  },
  "a number of 5 million digits": {
    files: manifest(() => `budgets: [{ name: a, budget_amount: ${"9".repeat(5_000_000)} }]\n`),
    told: /must be a number/,
  },
  "a million line ends": {
    files: manifest(() => `${"\n".repeat(999_000)}endpoints: {}\n`),
    told: /endpoints must be a list/,
  },
  "49,000 times one name": {
    files: manifest(
      () =>
        `model_definitions:\n${times(49_000, () => "- { name: a, secret: s, model_name: m }\n")}`,
    ),
    told: HUNDREDS,
  },
  "lists and then a map of 250,000 keys": {
    files: manifest(
      () =>
        `${times(4_000, (index) => `x${index}: ${"[".repeat(80)}${"]".repeat(80)}\n`)}z: { ${times(250_000, (index) => `k${index}: ,`)} }\n`,
    ),
    // On a busy machine the time is over first.
    told: /cannot be read within|is not a known key/,
  },
  "two files that declare the same 24,000 names": {
    files: () => {
      const text = `${HEAD}model_definitions:\n${times(24_000, (index) => `- { name: a${index}, secret: s, model_name: m }\n`)}`;
      return { "a.yaml": text, "b.yaml": text };
    },
    told: HUNDREDS,
  },
  "300 files that fall one after the other": {
    files: () =>
      Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => [
          `f${String(index).padStart(3, "0")}.yaml`,
          `${HEAD}secrets: [{ name: s${index}, provider: openai, value_from: { secrets_manager: a } }]\nmodel_definitions: [{ name: m${index}, secret: s${index + 1}, model_name: a }]\n`,
        ]),
      ),
    told: /names a secret that is not declared/,
  },
};
