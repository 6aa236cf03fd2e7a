import { settingOf } from "#hosts/settings.ts";
import { namedKeys } from "#secrets/value/reference.ts";
import type { Rule } from "./rule.ts";

export const settingInValue: Rule = {
  id: "setting-in-value",
  severity: "error",
  title: "A key of a value is a setting that becomes an address, or a part of one",
  why: "litellm takes values over settings: the secret key would go where nobody can see and check it",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { value_from }, index }) =>
      namedKeys(value_from)
        // MLflow itself reserves it, which another rule says.
        .filter(({ key }) => key !== "api_base" && ["address", "part"].includes(makes(key)))
        .map(({ key, path }) => ({
          path: ["secrets", index, "value_from", ...path],
          message: `decides where the key is sent: it goes into auth_config.${key}, where it is checked`,
        })),
    ),
};

function makes(key: string): string {
  return settingOf(key)?.makes ?? "nothing";
}
