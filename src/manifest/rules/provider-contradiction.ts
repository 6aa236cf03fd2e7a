import type { Rule } from "./rule.ts";

export const providerContradiction: Rule = {
  id: "provider-contradiction",
  severity: "error",
  title: "A model definition states another provider than its secret has",
  why: "MLflow would send the key of one provider to another",
  *check({ model_definitions }, { providers }) {
    for (const { entry, index } of model_definitions) {
      const { provider, secret } = entry;
      const expected = providers.get(secret);
      if (provider === undefined || expected === undefined || provider === expected) continue;
      const message = `must be the provider of the secret "${secret}", ${expected}, got "${provider}"`;
      yield { path: ["model_definitions", index, "provider"], message };
    }
  },
};
