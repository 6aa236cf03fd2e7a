import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";
import { mapSecretValue } from "#secrets/value/map-value.ts";
import { type SecretReference, sourceId } from "#secrets/value/reference.ts";
import { expectNoLeak } from "../../../support/leaks.ts";

function map(
  stored: string,
  keys?: SecretReference["keys"],
  provider = "openai",
  auth_mode?: string,
): Record<string, string> {
  const reference = { secrets_manager: "prod/openai", keys };
  const auth_config = auth_mode === undefined ? {} : { auth_mode };
  const mapped = mapSecretValue(new Redacted(stored), reference, { provider, auth_config });
  const { value } = mapped;
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, text.reveal()]));
}

test("a plain text becomes api_key, without the line end of a file", () => {
  expect(map(" value-one\n")).toEqual({ api_key: "value-one" });
});

test.each<[string, Record<string, string>, string?]>([
  ["openai", { api_key: "value-one" }],
  ["nobody-knows", { api_key: "value-one" }],
  [
    "bedrock",
    { aws_access_key_id: "value-one", aws_secret_access_key: "value-two" },
    "access_keys",
  ],
  [
    "amazon-bedrock",
    { aws_access_key_id: "value-one", aws_secret_access_key: "value-two" },
    "access_keys",
  ],
  ["bedrock_mantle", { aws_access_key_id: "value-one", aws_secret_access_key: "value-two" }],
  ["databricks", { client_secret: "value-one" }, "oauth_m2m"],
  ["watsonx", { token: "value-one" }],
  ["portkey", { api_key: "value-one", provider_api_key: "value-two" }],
  ["portkey", { api_key: "value-one", portkey_config: '{"retry": {"attempts": 3}}' }],
  ["bedrock", { aws_access_key_id: "value-one" }, "a_mode_that_nobody_knows"],
])("a JSON object of what %s takes is taken whole: %j", (provider, stored, ...[mode]) => {
  expect(map(JSON.stringify(stored), undefined, provider, mode)).toEqual(stored);
});

const ACCOUNT = { type: "service_account", private_key: "value-one", client_email: "a@b.example" };
const SAID =
  "prod/openai must hold the JSON of a Google service account as vertex_credentials, with the token_uri https://oauth2.googleapis.com/token or https://accounts.google.com/o/oauth2/token";

test("a service account has its token given by Google", () => {
  const token_uri = "https://oauth2.googleapis.com/token";
  const stored = { vertex_credentials: JSON.stringify({ ...ACCOUNT, token_uri }) };

  expect(map(JSON.stringify(stored), undefined, "vertex_ai")).toEqual(stored);
});

test.each<[string, string, SecretReference["keys"]]>([
  [
    "by somebody else",
    JSON.stringify({ ...ACCOUNT, token_uri: "https://evil.example" }),
    undefined,
  ],
  [
    "by somebody else, picked by name",
    JSON.stringify({ ...ACCOUNT, token_uri: "https://oauth2.googleapis.com.evil.example/token" }),
    { vertex_credentials: "vertex_credentials" },
  ],
  ["by nobody", JSON.stringify(ACCOUNT), undefined],
  ["as a file of the server says", "/etc/value-one.json", undefined],
  ["as a list says", '["value-one"]', undefined],
])("a service account that has its token given %s is rejected", (_, vertex_credentials, keys) => {
  const stored = JSON.stringify({ vertex_credentials });

  expect(() => map(stored, keys, "vertex_ai")).toThrow(new Error(SAID));
});

test.each([
  ["vertex_ai", "vertex_credentials", ", or say whole_as: vertex_credentials in value_from"],
  ["sagemaker", "aws_access_key_id, aws_secret_access_key, aws_session_token", ""],
])("a plain text is no key for %s", (provider, known, whole) => {
  expect(() => map("value-one", undefined, provider)).toThrow(
    new Error(
      `prod/openai is a plain text, which would become api_key: ${provider} takes ${known}, so store a JSON object${whole}`,
    ),
  );
});

const CANARY = "sk-live-canary";

test.each<[string, Record<string, unknown>, string, string]>([
  [
    "an address",
    { api_key: "value-one", api_base: "https://elsewhere.example" },
    "openai",
    "as openai is not known to take it: api_base; api_base goes into auth_config",
  ],
  [
    "an address that litellm reads",
    {
      aws_access_key_id: "value-one",
      aws_secret_access_key: "value-two",
      sagemaker_base_url: "https://elsewhere.example",
    },
    "sagemaker",
    "as sagemaker is not known to take it: sagemaker_base_url; sagemaker_base_url goes into auth_config",
  ],
  [
    "a region",
    { api_key: "value-one", aws_region_name: "elsewhere.example/#" },
    "bedrock",
    "as bedrock is not known to take it: aws_region_name; aws_region_name goes into auth_config",
  ],
  [
    "what nobody knows, whatever it is",
    { api_key: "value-one", use_proxy: 1, owner: ["x"], Contact: null },
    "together_ai",
    "as together_ai is not known to take it: Contact, owner, use_proxy",
  ],
  [
    "names that look like no names",
    { api_key: "value-one", [CANARY]: "x", owner: "y", "": "z", aBcDeFgH: "z" },
    "openai",
    "as openai is not known to take it: owner, 3 more",
  ],
  [
    "a name that shows a part of a value",
    { api_key: "value-one", owner: "the owner of it", note: "value-one" },
    "openai",
    "as openai is not known to take it: note, 1 more",
  ],
  [
    "nothing else but a key in the place of a name",
    { api_key: "value-one", [CANARY]: "" },
    "openai",
    "as openai is not known to take it: 1 key",
  ],
  [
    "what every object inherits",
    { api_key: "value-one", hasOwnProperty: "x", constructor: "x", toString: "x" },
    "openai",
    "as openai is not known to take it: constructor, hasOwnProperty, toString",
  ],
])("of a JSON object with %s the rest is taken", (_, stored, provider, note) => {
  const reference = { secrets_manager: "prod/openai" };
  const mapped = mapSecretValue(new Redacted(JSON.stringify(stored)), reference, { provider });

  const { api_key = undefined, ...others } = mapped.value;
  expect(Object.keys(others)).not.toContain(Object.keys(stored).at(-1));
  expect(api_key?.reveal()).toBe((stored as { api_key?: string }).api_key);
  expect(mapped.note).toBe(`left out of prod/openai, ${note}`);
  expectNoLeak(["value-one", CANARY], mapped);
});

test("an object that holds nothing else is rejected", () => {
  expect(() => map('{"owner": "x"}', undefined, "bedrock", "iam_role")).toThrow(
    new Error(
      "prod/openai holds nothing that bedrock takes: it takes api_key, aws_access_key_id, aws_secret_access_key",
    ),
  );
});

test("a key that is called like what every object has is an own key or none", () => {
  const stored = '{"__proto__": {"api_key": "value-one"}}';

  expect(() => map(stored)).toThrow("prod/openai gives no api_key");
  expect(map('{"__proto__": "value-two"}', { api_key: "__proto__" })).toEqual({
    api_key: "value-two",
  });
  expect(map('{"__proto__": {"x": "value-two"}}', { api_key: "/__proto__/x" })).toEqual({
    api_key: "value-two",
  });
});

test.each<[string, string, SecretReference["keys"]]>([
  ["taken whole", `{"${CANARY}": ""}`, undefined],
  ["beside what is known", `{"api_key": "", "${CANARY}": "value-two"}`, undefined],
  ["with a value that is none", `{"${CANARY}": 1}`, undefined],
  ["where another key is picked", `{"${CANARY}": "value-one"}`, { api_key: "KEY" }],
  ["where the picked key is empty", `{"${CANARY}": "value-one", "KEY": ""}`, { api_key: "KEY" }],
  ["under a name of objects", `{"__proto__": {"${CANARY}": 1}}`, { api_key: "KEY" }],
  ["in an object that is broken", `{"${CANARY}": "value-one"`, undefined],
  ["in an object of which keys are picked and that is none", CANARY, { api_key: "KEY" }],
])("a key that was pasted where a name belongs is shown nowhere: %s", (_, stored, keys) => {
  let error: unknown;
  try {
    map(stored, keys);
  } catch (thrown) {
    error = thrown;
  }

  expect(error).toMatchObject({ code: "secret-mapping" });
  expectNoLeak([CANARY, "value-one", "value-two"], error, (error as Error).stack);
});

test("only the named keys of a JSON object are taken, under the gateway's names", () => {
  const stored = JSON.stringify({ OPENAI_API_KEY: "value-one", UNRELATED: { any: "thing" } });

  expect(map(stored, { api_key: "OPENAI_API_KEY" })).toEqual({ api_key: "value-one" });
});

test("JSON behind a byte order mark is JSON", () => {
  expect(map('\uFEFF{"api_key": "value-one"}')).toEqual({ api_key: "value-one" });
});

test("mapped values cannot be printed", () => {
  const reference = { secrets_manager: "prod/openai" };
  const mapped = mapSecretValue(new Redacted('{"api_key": "value-one"}'), reference, {
    provider: "openai",
  });

  expect(Object.keys(mapped.value)).toEqual(["api_key"]);
  expectNoLeak(["value-one"], mapped);
});

test.each<[string, string, SecretReference["keys"], string]>([
  ["nothing", "", undefined, "prod/openai is empty"],
  ["blanks", " \n", undefined, "prod/openai is empty"],
  ["an empty object", "{}", undefined, "prod/openai is an empty JSON object"],
  [
    "a plain text of which keys are picked",
    "value-one",
    { api_key: "KEY" },
    "prod/openai must be a JSON object, because the manifest picks keys of it; it is a plain text",
  ],
  [
    "a broken object of which keys are picked",
    '{"KEY": "value-one"',
    { api_key: "KEY" },
    "prod/openai begins like a JSON object but cannot be read as one",
  ],
  [
    "an object without the key",
    '{"OTHER": "value-one", "THIRD": "value-one"}',
    { api_key: "KEY" },
    'prod/openai has no key "KEY" for api_key; it has 2 keys',
  ],
  [
    "an empty object of which keys are picked",
    "{}",
    { api_key: "KEY" },
    'prod/openai has no key "KEY" for api_key; it has no key at all',
  ],
  [
    "an object with a key that every object inherits",
    '{"KEY": "value-one"}',
    { api_key: "constructor" },
    'prod/openai has no key "constructor" for api_key; it has 1 key',
  ],
  [
    "an empty text under the key",
    '{"KEY": "", "OTHER": "value-one"}',
    { api_key: "KEY" },
    'prod/openai must hold a text that is not empty under "KEY"',
  ],
  [
    "a number under the key",
    '{"KEY": 424242}',
    { api_key: "KEY" },
    'prod/openai must hold a text that is not empty under "KEY", not a number',
  ],
  [
    "an object taken whole that holds another",
    '{"api_key": {"deep": "value-one"}}',
    undefined,
    'prod/openai must hold a text that is not empty under "api_key", not an object',
  ],
])("%s is rejected without showing any of it", (_, stored, keys, message) => {
  let error: unknown;
  try {
    map(stored, keys);
  } catch (thrown) {
    error = thrown;
  }

  expect(error).toMatchObject({ code: "secret-mapping", disposition: "reject", message });
  expectNoLeak(["value-one", "424242"], error, (error as Error).stack);
});

test.each<[SecretReference, string]>([
  [{ secrets_manager: "prod/openai" }, "prod/openai"],
  [{ env: "OPENAI_API_KEY", keys: { api_key: "a" } }, "env:OPENAI_API_KEY"],
  [{ file: "keys/openai" }, "file:keys/openai"],
])("a source of secrets knows %j by one name, which errors show", (reference, id) => {
  expect(sourceId(reference)).toBe(id);
  const whole = { ...reference, keys: undefined };
  expect(() => mapSecretValue(new Redacted(""), whole, { provider: "openai" })).toThrow(
    `${id} is empty`,
  );
});
