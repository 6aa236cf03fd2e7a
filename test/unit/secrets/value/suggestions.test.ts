import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";
import { mapSecretValue, type ValueUse } from "#secrets/value/map-value.ts";

function refusal(stored: unknown, use: ValueUse): string {
  try {
    const text = typeof stored === "string" ? stored : JSON.stringify(stored);
    mapSecretValue(new Redacted(text), { secrets_manager: "prod/key" }, use);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

const ACCESS_KEYS = { provider: "bedrock", auth_config: { auth_mode: "access_keys" } };

test.each<[string, unknown, ValueUse, string]>([
  ["a token", { token: "Zq1" }, { provider: "openai" }, "{ api_key: token }"],
  ["another case", { ApiKey: "Zq1" }, { provider: "openai" }, "{ api_key: ApiKey }"],
  [
    "the provider's own",
    { GROQ_KEY: "Zq1", OTHER_KEY: "Zq2" },
    { provider: "groq" },
    "{ api_key: GROQ_KEY }",
  ],
  ["one in a list", { keys: [{ key: "Zq1" }] }, { provider: "openai" }, "{ api_key: /keys/0/key }"],
  [
    "what AWS answers to create-access-key",
    { AccessKey: { UserName: "x", AccessKeyId: "Zq1", SecretAccessKey: "Zq2" } },
    ACCESS_KEYS,
    "{ aws_access_key_id: /AccessKey/AccessKeyId, aws_secret_access_key: /AccessKey/SecretAccessKey }",
  ],
  [
    "the other half",
    { aws_access_key_id: "Zq1", AWS_SECRET_KEY: "Zq2" },
    ACCESS_KEYS,
    "{ aws_access_key_id: aws_access_key_id, aws_secret_access_key: AWS_SECRET_KEY }",
  ],
  [
    "a secret of a client",
    { clientSecret: "Zq1" },
    { provider: "databricks", auth_config: { auth_mode: "oauth_m2m" } },
    "{ client_secret: clientSecret }",
  ],
  [
    "credentials of Google",
    { google_credentials: "{}" },
    { provider: "vertex_ai" },
    "{ vertex_credentials: google_credentials }",
  ],
])("a key that has another name is suggested: %s", (_, stored, use, keys) => {
  expect(refusal(stored, use)).toMatch(`so say keys: ${keys} in value_from`);
});

test.each<[string, unknown]>([
  ["two that may be it", { FIRST_KEY: "Zq1", SECOND_KEY: "Zq2" }],
  ["one that holds no text", { OPENAI_API_KEY: 1 }],
  ["one whose name is part of a value", { MY_KEY: "my_key-Zq1" }],
  ["one below a name that may be a value", { "sk-live-key": { key: "Zq1" } }],
  ["one deeper than anybody looks", { a: { b: { c: { d: { key: "Zq1" } } } } }],
  [
    "one behind the first fifty",
    {
      ...Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [
          `a_key${String.fromCharCode(97 + (index % 26)).repeat(1 + index / 26)}`,
          1,
        ]),
      ),
      "x y key": "Zq1",
    },
  ],
])("what may be wrong is not suggested: %s", (_, stored) => {
  expect(refusal(stored, { provider: "openai" })).toMatch(
    /it has \d+ keys? of other names?|it has 1 key of another name/,
  );
});

test("a service account is recognised without its type, and in no other object", () => {
  const said = "prod/key is the JSON of a Google service account itself";
  const account = { private_key: "Zq1", client_email: "a@b.example" };

  expect(refusal(account, { provider: "vertex_ai" })).toBe(
    `${said}: say whole_as: vertex_credentials in value_from`,
  );
  expect(refusal(account, { provider: "gemini" })).toBe(
    `${said}, which gemini does not take: it takes api_key`,
  );
  expect(refusal({ private_key: "Zq1" }, { provider: "vertex_ai" })).not.toMatch(said);
});
