import type { Rule } from "./rule.ts";

export const unusedModelDefinition: Rule = {
  id: "unused-model-definition",
  severity: "warning",
  title: "No endpoint uses a model definition",
  why: "It may be left over, or a reference is missing",
  *check({ model_definitions }, { used }) {
    if (!used) return;
    for (const { entry, index } of model_definitions) {
      if (used.has(`model_definition/${entry.name}`)) continue;
      const message = `is used by no endpoint of yours, got "${entry.name}"`;
      yield { path: ["model_definitions", index, "name"], message };
    }
  },
};
