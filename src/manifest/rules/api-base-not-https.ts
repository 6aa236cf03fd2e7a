import { addressOf } from "#hosts/address.ts";
import { isPrivateApiBase } from "#manifest/api-base.ts";
import type { Rule } from "./rule.ts";

export const apiBaseNotHttps: Rule = {
  id: "api-base-not-https",
  severity: "warning",
  title: "An `api_base` begins with `http:`",
  why: "The key would travel in the clear; MLflow refuses it unless its server allows the scheme",
  check: ({ secrets }) =>
    secrets.flatMap(({ entry: { auth_config }, index }) => {
      const base = auth_config?.api_base ?? "";
      if (addressOf(base)?.scheme !== "http" || isPrivateApiBase(base)) return [];
      const message = `must begin with https:, or the key travels in the clear, got "${base}"`;
      return [{ path: ["secrets", index, "auth_config", "api_base"], message }];
    }),
};
