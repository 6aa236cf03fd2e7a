import { repeated } from "#manifest/repeated.ts";
import type { Rule } from "./rule.ts";

export const duplicateBinding: Rule = {
  id: "duplicate-binding",
  severity: "error",
  title: "An endpoint has a binding twice",
  why: "MLflow answers with a raw SQL error",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      repeated(
        entry.bindings ?? [],
        ({ resource_type, resource_id }) => `${resource_type} ${resource_id}`,
      ).map(({ item, position }) => ({
        path: ["endpoints", index, "bindings", position],
        message: `binds the ${item.resource_type} "${item.resource_id}" a second time`,
      })),
    ),
};
