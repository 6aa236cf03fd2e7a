import type { Rule } from "./rule.ts";

export const weightOnFallback: Rule = {
  id: "weight-on-fallback",
  severity: "warning",
  title: "A FALLBACK model has a weight",
  why: "FALLBACK models are tried in order: a weight says nothing",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      entry.models.flatMap(({ linkage_type, weight }, position) => {
        if (linkage_type !== "FALLBACK" || weight === undefined) return [];
        const message = `has no effect on a FALLBACK model, got ${weight}; fallback_order says which is tried first`;
        return [{ path: ["endpoints", index, "models", position, "weight"], message }];
      }),
    ),
};
