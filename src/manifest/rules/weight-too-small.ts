import { isDrained, WEIGHT_MIN } from "#manifest/weights.ts";
import type { Rule } from "./rule.ts";

export const weightTooSmall: Rule = {
  id: "weight-too-small",
  severity: "warning",
  title: "A PRIMARY model has a weight above 0 that is not above 0.01",
  why: "MLflow counts the hundredths of a 32-bit float: the model gets no traffic at all",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      entry.models.flatMap((model, position) => {
        const { linkage_type, weight = 1 } = model;
        if (linkage_type !== "PRIMARY" || weight === 0 || !isDrained(model)) return [];
        const message = `must be above ${WEIGHT_MIN}, or the model gets no traffic, got ${weight}`;
        return [{ path: ["endpoints", index, "models", position, "weight"], message }];
      }),
    ),
};
