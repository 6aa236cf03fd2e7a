import { isDrained, WEIGHT_MIN } from "#manifest/weights.ts";
import type { Rule } from "./rule.ts";

export const noWeight: Rule = {
  id: "no-weight",
  severity: "error",
  title: "No PRIMARY model of an endpoint has a weight above 0.01",
  why: "MLflow counts the hundredths of a 32-bit float: the sum would be 0 and every call would be answered with 500",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) => {
      const primary = entry.models.filter((model) => model.linkage_type === "PRIMARY");
      if (primary.length === 0 || !primary.every(isDrained)) return [];
      const message = `needs a PRIMARY model with a weight above ${WEIGHT_MIN}: no call would find a model`;
      return [{ path: ["endpoints", index, "models"], message }];
    }),
};
