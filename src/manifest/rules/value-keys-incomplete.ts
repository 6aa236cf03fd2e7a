import { authModeOf, modeNameOf } from "#hosts/auth-modes.ts";
import type { Rule } from "./rule.ts";

export const valueKeysIncomplete: Rule = {
  id: "value-keys-incomplete",
  severity: "warning",
  title: "The `keys` of a value lack one that the `auth_mode` needs",
  why: "MLflow does not check it, and calls fail",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry, index }) => {
      const keys = entry.value_from?.keys;
      if (keys === undefined) return [];
      return (authModeOf(entry)?.value ?? [])
        .filter((key) => !Object.hasOwn(keys, key))
        .map((key) => ({
          path: ["secrets", index, "value_from", "keys", key],
          message: `is required by ${entry.provider} with the auth_mode ${modeNameOf(entry)}`,
        }));
    }),
};
