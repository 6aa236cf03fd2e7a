import { expect, test } from "@jest/globals";
import { Redacted } from "#runtime/redacted.ts";
import { mapSecretValue, type SecretReference, sourceId } from "#secrets/mapping.ts";
import { expectNoLeak } from "../../support/leaks.ts";

function map(stored: string, keys?: SecretReference["keys"]): Record<string, string> {
  const mapped = mapSecretValue(new Redacted(stored), { secrets_manager: "prod/openai", keys });
  return Object.fromEntries(Object.entries(mapped).map(([key, value]) => [key, value.reveal()]));
}

test("a plain text becomes api_key, without the line end of a file", () => {
  expect(map(" value-one\n")).toEqual({ api_key: "value-one" });
});

test("a JSON object is taken whole", () => {
  expect(map('{"client_id": "value-one", "client_secret": "value-two"}')).toEqual({
    client_id: "value-one",
    client_secret: "value-two",
  });
});

test("only the named keys of a JSON object are taken, under the gateway's names", () => {
  const stored = JSON.stringify({ OPENAI_API_KEY: "value-one", UNRELATED: { any: "thing" } });

  expect(map(stored, { api_key: "OPENAI_API_KEY" })).toEqual({ api_key: "value-one" });
});

test("JSON that is no object is a plain text", () => {
  expect(map('["value-one"]')).toEqual({ api_key: '["value-one"]' });
});

test("JSON behind a byte order mark is JSON", () => {
  expect(map('\uFEFF{"api_key": "value-one"}')).toEqual({ api_key: "value-one" });
});

test("mapped values cannot be printed", () => {
  const mapped = mapSecretValue(new Redacted('{"api_key": "value-one"}'), {
    secrets_manager: "prod/openai",
  });

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
    'prod/openai has no key "KEY" for api_key; it has OTHER, THIRD',
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
    'prod/openai has no key "constructor" for api_key; it has KEY',
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
    'prod/openai must hold a text that is not empty under "KEY"',
  ],
  [
    "an object taken whole that holds another",
    '{"KEY": {"deep": "value-one"}}',
    undefined,
    'prod/openai must hold a text that is not empty under "KEY"',
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
  expect(() => mapSecretValue(new Redacted(""), { ...reference, keys: undefined })).toThrow(
    `${id} is empty`,
  );
});
