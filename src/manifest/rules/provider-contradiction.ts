import type { Rule } from "./rule.ts";

export const providerContradiction: Rule = {
  id: "provider-contradiction",
  severity: "error",
  title: "A model definition states another provider than its secret has",
  why: "MLflow would send the key of one provider to another",
  check: ({ model_definitions }, { providers }) =>
    model_definitions.flatMap(({ entry: { provider, secret }, index }) => {
      const expected = providers.get(secret);
      if (provider === undefined || expected === undefined || provider === expected) return [];
      const message = `must be the provider of the secret "${secret}", ${expected}, got "${provider}"`;
      return [{ path: ["model_definitions", index, "provider"], message }];
    }),
};
