import { authModeOf, modeNameOf } from "#hosts/auth-modes.ts";
import type { Rule } from "./rule.ts";

export const authConfigIncomplete: Rule = {
  id: "auth-config-incomplete",
  severity: "error",
  title: "The `auth_config` of a secret lacks a setting that its `auth_mode` needs",
  why: "MLflow does not check it, and calls fail",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry, index }) =>
      (authModeOf(entry)?.config ?? [])
        // Unstated settings stay as they are on the gateway: only stated ones can lack something.
        .filter((key) => entry.auth_config !== undefined && !entry.auth_config[key])
        .map((key) => ({
          path: ["secrets", index, "auth_config", key],
          message: `is required by ${entry.provider} with the auth_mode ${modeNameOf(entry)}`,
        })),
    ),
};
