import { authModeOf, modeNameOf } from "#hosts/auth-modes.ts";
import type { Rule } from "./rule.ts";

export const valueFromRequired: Rule = {
  id: "value-from-required",
  severity: "error",
  title: "A secret has no `value_from` although its `auth_mode` needs a value",
  why: "MLflow would store an empty secret, and calls fail",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry, index }) => {
      if (entry.value_from !== undefined || authModeOf(entry)?.value.length === 0) return [];
      const message = `is required by ${entry.provider} with the auth_mode ${modeNameOf(entry)}`;
      return [{ path: ["secrets", index, "value_from"], message }];
    }),
};
