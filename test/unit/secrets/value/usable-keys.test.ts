import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";
import { mapSecretValue, type ValueUse } from "#secrets/value/map-value.ts";

function keyOf(stored: string, use: ValueUse = { provider: "openai" }): string | undefined {
  const { value } = mapSecretValue(new Redacted(stored), { secrets_manager: "prod/key" }, use);
  return value.api_key?.reveal();
}

/** The forms of keys that exist; the characters are made up. */
test.each([
  ["OpenAI", "sk-proj-Zq1_Zq2-Zq3T3BlbkFJZq4xXxX_zz"],
  ["Anthropic", "sk-ant-api03-Zq1_Zq2-Zq3ZZ-zAA"],
  ["Azure, in hex", "0123456789abcdef0123456789abcdef"],
  ["Azure, of 84 characters", `${"Zq1Z".repeat(19)}JQQJ99AA`],
  ["Google", "AIzaSyZq1_Zq2-Zq3Zq4Zq5Zq6Zq7Zq8Zq9Z"],
  ["Bedrock, which is base64", "ABSKQmVkcm9ja0FQSUtleS1acTFacTI6WnEz="],
  ["Bedrock for a short time", "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29tLz9BY3Rpb24=="],
  ["base64 with every character", "Zq1/Zq2+Zq3xxxx0key=="],
  ["a JWT", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJacSJ9.Zq1_Zq2-Zq3"],
  ["Databricks", "dapi0123456789abcdef0123456789abcdef-2"],
  ["Hugging Face", "hf_ZqZqZqZqZqZqZqZqZqZqZqZqZqZqZqZqZq"],
  ["fal, with a colon", "01234567-89ab-cdef-0123-456789abcdef:0123456789abcdef"],
  ["DeepL, with a colon", "01234567-89ab-cdef-0123-456789abcdef:fx"],
  ["a local server", "ollama"],
  ["another local server", "EMPTY"],
  ["a phrase without blanks", "correct-horse-battery-staple"],
  ["all that a header may hold", "!#$%&()*+-./:@^_|~{}Zq"],
])("a key of the form of %s passes", (_, key) => {
  expect(keyOf(key)).toBe(key);
  expect(keyOf(JSON.stringify({ api_key: ` ${key}\r\n` }))).toBe(key);
});

test.each([
  ["'Zq1Zq2'", "is in single quotes"],
  ["Basic WnE6WnE=", "begins with the name of a login scheme"],
  ["token Zq1Zq2", "begins with the name of a login scheme"],
  ["api-key: Zq1Zq2", "is a line of a header or of YAML"],
  ['"api_key": "Zq1Zq2"', "is in double quotes"],
  ["set OPENAI_API_KEY=Zq1Zq2", "is an assignment"],
  ["apiKey=Zq1Zq2", "is an assignment"],
  ["OPENAI=Zq1Zq2==", "is an assignment"],
  ["-H Zq1Zq2", "is an option of a command"],
  ["--key=Zq1Zq2", "is an assignment"],
  ["sk-Zq1\u2026", "is masked"],
  ["********", "is masked"],
  ["\u2022\u2022\u2022\u2022Zq1Z", "is masked"],
  ["<redacted>", "is a placeholder"],
  ["<your key here>", "is a placeholder"],
  ["sk-your-openai-key", "is a placeholder"],
  ["REPLACE_ME", "is a placeholder"],
  ["Change-Me", "is a placeholder"],
  ["api_key", "is a placeholder"],
  ["None", "is a placeholder"],
  ["[object Object]", "is a placeholder"],
  ["$OPENAI_API_KEY", "is a placeholder"],
  ["%OPENAI_API_KEY%", "is a placeholder"],
  ["$(cat key.txt)", "is a placeholder"],
  ["{{resolve:secretsmanager:prod/key}}", "is a placeholder"],
  ["xxx-xxx-xxx", "is a placeholder"],
  ["op://vault/item/field", "is the address of something"],
  ["Zq1Zq2\\", "ends in a line end that is written out"],
])("what is no key alone is rejected unless the file lets it pass: %s", (stored, said) => {
  expect(() => keyOf(JSON.stringify({ api_key: stored }))).toThrow(
    expect.objectContaining({ message: expect.stringContaining(`prod/key: api_key ${said}`) }),
  );
  const passes = () =>
    keyOf(JSON.stringify({ api_key: stored }), { provider: "openai", as_stored: true });
  // Not even then can a header carry what is not ASCII.
  if (/^[ -~]*$/.test(stored)) expect(passes()).toBe(stored);
  else expect(passes).toThrow("which no header can carry");
});

test.each([
  ["\u200d", "a zero width joiner (U+200D)", 4],
  ["\ufeff", "a byte order mark (U+FEFF)", 4],
  ["\u00ad", "a soft hyphen (U+00AD)", 4],
  ["\u2014", "a long dash (U+2014)", 4],
  ["\0", "a control character (U+0000)", 4],
  ["\u0085", "a control character (U+0085)", 4],
  ["\ud83d\ude00", "a character that is not ASCII (U+1F600)", 4],
  ["\ud83d", "a character that is not ASCII (U+D83D)", 4],
  ["\u0430", "a character that is not ASCII (U+0430)", 4],
])("what no header can carry is named by its code and place: %j", (character, named, place) => {
  expect(() => keyOf(JSON.stringify({ api_key: `Zq1${character}Zq2` }))).toThrow(
    new Error(
      `prod/key: api_key has ${named} as its character ${place}, which no header can carry: store it without`,
    ),
  );
});

test("a document of several lines passes where a program reads it, but for what nobody sees", () => {
  const oci = (stored: string) =>
    mapSecretValue(
      new Redacted(stored),
      { secrets_manager: "prod/key", whole_as: "oci_key" },
      { provider: "oci" },
    );
  const pem = "-----BEGIN RSA PRIVATE KEY-----\r\nZq1/Zq2+==\r\n-----END RSA PRIVATE KEY-----";

  expect(oci(`${pem}\n`).value.oci_key?.reveal()).toBe(pem);
  expect(() => oci(pem.replace("/", "\u200b"))).toThrow(
    "oci_key has a zero width space (U+200B) as its character 37, which no document holds",
  );
  expect(() => oci("changeme")).toThrow("oci_key is a placeholder");
});

test.each<[string, string]>([
  ["a long value", "Zq1".repeat(22_000)],
  ["a deep value", `${'{"a":['.repeat(8_000)}1${"]}".repeat(8_000)}`],
  ["a wide value", `{${Array.from({ length: 5000 }, (_, index) => `"n${index}":1`).join(",")}}`],
  ["many groups of a placeholder", `${"xxx-".repeat(16_000)}1`],
  ["many words of a placeholder", `your-${"a".repeat(60_000)}1`],
  ["many braces", `\${${"}".repeat(60_000)}`],
  ["many quotes", `{"api_key":"${'\\"'.repeat(30_000)}`],
])("%s is done with in bounded time", (_, stored) => {
  const before = process.cpuUsage();

  try {
    keyOf(stored);
  } catch (error) {
    expect(error).toMatchObject({ code: "secret-mapping" });
  }

  // Of the processor: others share the machine.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(4000);
});

test.each([
  ['{"api_key":"Zq1","api_key":"Zq1"}'],
  ['{"api_key":"Zq1","\\u0061pi_key":"Zq2"}'],
  ['{"x":[{"b":1,"b":2}],"api_key":"Zq1"}'],
])("a key that stands twice is rejected: %s", (stored) => {
  expect(() => keyOf(stored)).toThrow("holds the same key twice in one JSON object");
});

test("what looks like a name within a text of JSON is no key that stands twice", () => {
  const stored = { api_key: "Zq1", note: 'a ": "b', other: ['",": "', '"api_key":'] };

  expect(keyOf(JSON.stringify(stored, null, 2))).toBe("Zq1");
});
