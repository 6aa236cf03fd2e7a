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
      Object.entries(value_from ?? {})
        .filter(([, source]) => typeof source === "string" && LOOKS_LIKE_A_KEY.test(source))
        .map(([field]) => ({
          path: ["secrets", index, "value_from", field],
          message: "looks like a key itself; it must name the place that holds the key",
        })),
    ),
};
