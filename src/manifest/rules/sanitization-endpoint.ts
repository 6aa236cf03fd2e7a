import type { Rule } from "./rule.ts";

export const sanitizationEndpoint: Rule = {
  id: "sanitization-endpoint",
  severity: "error",
  title: "A guardrail with the action SANITIZATION has no `action_endpoint`",
  why: "MLflow needs a model to rewrite the text, and answers every call with an error",
  check: ({ endpoints }) =>
    endpoints.flatMap(({ entry, index }) =>
      (entry.guardrails ?? []).flatMap(({ action, action_endpoint }, position) => {
        if (action !== "SANITIZATION" || action_endpoint !== undefined) return [];
        const path = ["endpoints", index, "guardrails", position, "action_endpoint"];
        return [{ path, message: "is required with the action SANITIZATION" }];
      }),
    ),
};
