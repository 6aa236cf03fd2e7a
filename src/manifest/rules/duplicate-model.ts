import { repeated } from "#manifest/repeated.ts";
import type { Rule } from "./rule.ts";

export const duplicateModel: Rule = {
  id: "duplicate-model",
  severity: "error",
  title: "An endpoint has a model twice in the same way",
  why: "MLflow answers with a raw SQL error",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      repeated(entry.models, (model) => `${model.linkage_type} ${model.model_definition}`).map(
        ({ item, position }) => ({
          path: ["endpoints", index, "models", position],
          message: `attaches "${item.model_definition}" as ${item.linkage_type} a second time`,
        }),
      ),
    ),
};
