import { keysLacking, modeNameOf } from "#hosts/auth-modes.ts";
import { namedKeys } from "#secrets/value/reference.ts";
import type { Rule } from "./rule.ts";

export const valueKeysIncomplete: Rule = {
  id: "value-keys-incomplete",
  severity: "warning",
  title: "The `keys` of a value, or its `whole_as`, lack one that the `auth_mode` needs",
  why: "Every value would be refused: MLflow stores it, and calls fail",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry, index }) => {
      const named = namedKeys(entry.value_from).map(({ key }) => key);
      if (named.length === 0) return [];
      return keysLacking(entry, named).map((key) => ({
        path: ["secrets", index, "value_from", "keys", key],
        message: `is required by ${entry.provider} with the auth_mode ${modeNameOf(entry)}`,
      }));
    }),
};
