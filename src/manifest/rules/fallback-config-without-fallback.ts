import type { Rule } from "./rule.ts";

export const fallbackConfigWithoutFallback: Rule = {
  id: "fallback-config-without-fallback",
  severity: "warning",
  title: "An endpoint without FALLBACK models has a `fallback_config`",
  why: "There is nothing to fall back to",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) => {
      const hasFallback = entry.models.some((model) => model.linkage_type === "FALLBACK");
      if (hasFallback || entry.fallback_config === undefined) return [];
      const message = "has no effect: the endpoint has no model with linkage_type FALLBACK";
      return [{ path: ["endpoints", index, "fallback_config"], message }];
    }),
};
