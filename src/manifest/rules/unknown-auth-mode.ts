import { authModesOf } from "#hosts/auth-modes.ts";
import { suggestion } from "#manifest/suggest.ts";
import type { Rule } from "./rule.ts";

export const unknownAuthMode: Rule = {
  id: "unknown-auth-mode",
  severity: "warning",
  title: "A secret has an `auth_mode` that MLflow does not list for its provider",
  why: "MLflow stores any text, and calls fail",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { provider, auth_config }, index }) => {
      const mode = auth_config?.auth_mode;
      const modes = Object.keys(authModesOf(provider));
      if (mode === undefined || modes.includes(mode)) return [];
      const message = `must be one of ${modes.join(", ")} for ${provider}, got "${mode}"${suggestion(mode, modes)}`;
      return [{ path: ["secrets", index, "auth_config", "auth_mode"], message }];
    }),
};
