import { repeated } from "#manifest/repeated.ts";
import type { Rule } from "./rule.ts";

export const duplicateGuardrail: Rule = {
  id: "duplicate-guardrail",
  severity: "error",
  title: "An endpoint has a guardrail twice",
  why: "MLflow refuses to add it a second time",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      repeated(entry.guardrails ?? [], ({ name, scorer, stage, action }) =>
        JSON.stringify([name, scorer?.experiment, scorer?.name, scorer?.version, stage, action]),
      ).map(({ item, position }) => ({
        path: ["endpoints", index, "guardrails", position],
        message: `adds the guardrail "${item.name}" a second time`,
      })),
    ),
};
