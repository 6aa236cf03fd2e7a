import type { Rule } from "./rule.ts";

const LOOKS_SECRET = /(^|_)(api_key|key|token|password|secret|credentials)$/i;

export const secretInAuthConfig: Rule = {
  id: "secret-in-auth-config",
  severity: "error",
  title: "A key of `auth_config` looks like a secret",
  why: "MLflow shows an auth_config to everybody who may list secrets",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { auth_config }, index }) =>
      Object.keys(auth_config ?? {})
        .filter((key) => LOOKS_SECRET.test(key))
        .map((key) => ({
          path: ["secrets", index, "auth_config", key],
          message: "looks like a secret; values come through value_from",
        })),
    ),
};
