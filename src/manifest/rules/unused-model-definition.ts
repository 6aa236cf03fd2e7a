import type { Rule } from "./rule.ts";

export const unusedModelDefinition: Rule = {
  id: "unused-model-definition",
  severity: "warning",
  title: "No endpoint uses a model definition",
  why: "It may be left over, or a reference is missing",
  check: ({ model_definitions }, { used }) =>
    model_definitions.flatMap(({ entry: { name }, index }) => {
      if (!used || used.has(`model_definition/${name}`)) return [];
      const message = `is used by no endpoint of yours, got "${name}"`;
      return [{ path: ["model_definitions", index, "name"], message }];
    }),
};
