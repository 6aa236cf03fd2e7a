import type { SecretReference } from "#secrets/value/reference.ts";
import type { Rule } from "./rule.ts";

/** How providers begin their keys. */
const LOOKS_LIKE_A_KEY = /^(sk|pk|rk|gsk|xai|AIza|hf|nvapi)[-_]?[\w-]{20,}$/;

export const literalKey: Rule = {
  id: "literal-key",
  severity: "error",
  title: "A `value_from` looks like a key itself",
  why: "A manifest is stored and shown: a key in it is known to everybody who may read it",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { value_from }, index }) =>
      textsOf(value_from)
        .filter(({ text }) => LOOKS_LIKE_A_KEY.test(text ?? ""))
        .map(({ path }) => ({
          path: ["secrets", index, "value_from", ...path],
          message: "looks like a key itself; it must name the place that holds the key",
        })),
    ),
};

function textsOf({ keys = {}, ...fields }: SecretReference | Record<string, never> = {}) {
  return [
    ...Object.entries(fields).map(([field, text]) => ({ text, path: [field] })),
    ...Object.entries(keys).map(([key, text]) => ({ text, path: ["keys", key] })),
  ];
}
