import { repeated } from "#manifest/repeated.ts";
import type { Rule } from "./rule.ts";

export const guardrailOrderClash: Rule = {
  id: "guardrail-order-clash",
  severity: "warning",
  title: "Two guardrails of an endpoint have the same `execution_order`",
  why: "Which of them runs first is up to the database",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      repeated(entry.guardrails ?? [], ({ stage, execution_order }) =>
        execution_order === undefined ? undefined : `${stage} ${execution_order}`,
      ).map(({ item, position }) => ({
        path: ["endpoints", index, "guardrails", position, "execution_order"],
        message: `is used twice: another guardrail has ${item.execution_order}`,
      })),
    ),
};
