import { addressOf } from "#hosts/address.ts";
import type { Rule } from "./rule.ts";

export const geminiBaseVersion: Rule = {
  id: "gemini-base-version",
  severity: "error",
  title:
    "An `api_base` of gemini ends in `/models` without `/v1`, `/v1beta` or `/v1alpha` before it",
  why: "Every call fails with 500; older servers do not read the setting",
  since: "3.18.0",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { provider, auth_config }, index }) => {
      const base = auth_config?.api_base ?? "";
      const path = addressOf(base)?.path.replace(/\/$/, "") ?? "";
      if (provider !== "gemini" || !path.endsWith("/models")) return [];
      if (/\/v1(beta|alpha)?\/models$/.test(path)) return [];
      const message = `must have /v1, /v1beta or /v1alpha before /models, got "${base}"`;
      return [{ path: ["secrets", index, "auth_config", "api_base"], message }];
    }),
};
