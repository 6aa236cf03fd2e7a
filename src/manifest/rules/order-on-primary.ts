import type { Rule } from "./rule.ts";

export const orderOnPrimary: Rule = {
  id: "order-on-primary",
  severity: "warning",
  title: "A PRIMARY model has a `fallback_order`",
  why: "PRIMARY models share the traffic by weight: an order says nothing",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      entry.models.flatMap(({ linkage_type, fallback_order }, position) => {
        if (linkage_type !== "PRIMARY" || fallback_order === undefined) return [];
        const message = `has no effect on a PRIMARY model, got ${fallback_order}`;
        return [{ path: ["endpoints", index, "models", position, "fallback_order"], message }];
      }),
    ),
};
