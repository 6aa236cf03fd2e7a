import { namedKeys } from "#secrets/value/reference.ts";
import type { Rule } from "./rule.ts";

const RESERVED = ["base_url", "model_list", "fallbacks", "custom_llm_provider"];
const MESSAGE = "is reserved by MLflow; the address of a provider goes into auth_config.api_base";

export const reservedAuthConfigKey: Rule = {
  id: "reserved-auth-config-key",
  severity: "error",
  title: "A key of `auth_config` or of a value is reserved by MLflow",
  why: "MLflow refuses it: it would redirect the provider's client",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { auth_config, value_from }, index }) => [
      ...Object.keys(auth_config ?? {})
        .filter((key) => RESERVED.includes(key))
        .map((key) => ({ path: ["secrets", index, "auth_config", key], message: MESSAGE })),
      ...namedKeys(value_from)
        .filter(({ key }) => RESERVED.includes(key) || key === "api_base")
        .map(({ path }) => ({ path: ["secrets", index, "value_from", ...path], message: MESSAGE })),
    ]),
};
