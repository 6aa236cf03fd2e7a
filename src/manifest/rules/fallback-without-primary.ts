import type { Rule } from "./rule.ts";

export const fallbackWithoutPrimary: Rule = {
  id: "fallback-without-primary",
  severity: "error",
  title: "An endpoint has FALLBACK models only",
  why: "MLflow accepts it and then answers 404 to every call",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) => {
      if (entry.models.some((model) => model.linkage_type === "PRIMARY")) return [];
      const message = "needs at least one model with linkage_type PRIMARY, got FALLBACK only";
      return [{ path: ["endpoints", index, "models"], message }];
    }),
};
