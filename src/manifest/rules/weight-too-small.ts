import { isDrained, WEIGHT_MIN } from "#manifest/weights.ts";
import type { Rule } from "./rule.ts";

export const weightTooSmall: Rule = {
  id: "weight-too-small",
  severity: "warning",
  title: "A PRIMARY model has a weight above 0 and under 0.01",
  why: "MLflow keeps two decimals of a weight: the model gets no traffic at all",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      entry.models.flatMap((model, position) => {
        const { linkage_type, weight = 1 } = model;
        if (linkage_type !== "PRIMARY" || weight === 0 || !isDrained(model)) return [];
        const message = `is less than ${WEIGHT_MIN}: the model gets no traffic, got ${weight}`;
        return [{ path: ["endpoints", index, "models", position, "weight"], message }];
      }),
    ),
};
