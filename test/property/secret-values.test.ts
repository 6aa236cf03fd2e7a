import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Redacted } from "#runtime/redacted.ts";
import { mapSecretValue, type ValueUse } from "#secrets/value/map-value.ts";
import type { SecretReference } from "#secrets/value/reference.ts";

/** Texts that no sentence of ours holds a part of, as keys are, and with what is pasted around them. */
const secret = fc
  .string({ unit: fc.constantFrom(..."ZQXJ7395qxzj-_"), minLength: 4, maxLength: 24 })
  .filter((text) => !/^[-_]+$/.test(text));
const wrapped = fc
  .tuple(
    fc.constantFrom("", '"', "Bearer ", "X=", "{", "<", "\u200b", "\n", "sk-"),
    secret,
    fc.constantFrom("", '"', ";", "}", ">", "\n", "...", "\ufffd"),
  )
  .map((parts) => parts.join(""));
const name = fc.oneof(
  wrapped,
  fc.constantFrom("api_key", "OPENAI_API_KEY", "owner", "api_base", "token", "__proto__", "", "a"),
);
const leaf = fc.oneof(wrapped, fc.integer({ min: 10_000_000 }), fc.boolean(), fc.constant(null));
const { document } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("document"), { maxLength: 3 }),
    fc.dictionary(name, tie("document"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const stored = fc.oneof(
  wrapped,
  document.map((value) => JSON.stringify(value)),
  // Cut off, so that the parser complains, and says of what.
  fc
    .tuple(document, fc.nat({ max: 30 }))
    .map(([value, cut]) => JSON.stringify(value).slice(0, -cut)),
);

const reference: fc.Arbitrary<Pick<SecretReference, "keys" | "whole_as">> = fc.constantFrom(
  {},
  { keys: { api_key: "OPENAI_API_KEY" } },
  { keys: { api_key: "/0/token" } },
  { keys: { api_key: "/owner/a" } },
  { whole_as: "vertex_credentials" },
  { whole_as: "oci_key" },
);
const use: fc.Arbitrary<ValueUse> = fc.constantFrom(
  { provider: "openai" },
  { provider: "vertex_ai" },
  { provider: "oci" },
  { provider: "portkey" },
  { provider: "bedrock", auth_config: { auth_mode: "access_keys" } },
  { provider: "bedrock", auth_config: { auth_mode: "iam_role" } },
  { provider: "openai", as_stored: true },
);

test("no message shows four characters of what is stored, names in the wrong place included", () => {
  let messages = 0;
  fc.assert(
    fc.property(stored, reference, use, (text, named, used) => {
      const said = whatIsSaid(text, { secrets_manager: "prod/key", ...named }, used);
      if (said === undefined) return;
      messages += 1;
      for (const part of partsOf(text)) expect(said).not.toContain(part);
    }),
    { numRuns: 1500 },
  );
  expect(messages).toBeGreaterThan(600);
});

function whatIsSaid(text: string, from: SecretReference, used: ValueUse): string | undefined {
  try {
    return mapSecretValue(new Redacted(text), from, used).note;
  } catch (error) {
    expect(error).toMatchObject({ code: "secret-mapping" });
    const { message, stack, cause } = error as Error;
    expect(cause).toBeUndefined();
    return `${message}\n${stack?.slice(0, message.length + 100)}`;
  }
}

/** All runs of four characters of what is made up. */
function partsOf(text: string): Set<string> {
  const parts = new Set<string>();
  for (const [run] of text.matchAll(/[ZQXJ7395qxzj_-]{4,}|\d{8,}/g)) {
    for (let start = 0; start + 4 <= run.length; start += 1) {
      const part = run.slice(start, start + 4);
      if (!/^[-_\d]*$/.test(part) || /^\d+$/.test(run)) parts.add(part);
    }
  }
  return parts;
}
