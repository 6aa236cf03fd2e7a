import type { Rule } from "./rule.ts";

export const providerRequired: Rule = {
  id: "provider-required",
  severity: "error",
  title: "A model definition of an external secret does not state its provider",
  why: "The manifests do not say which provider an external secret is for",
  *check({ model_definitions }, { providers, known }) {
    for (const { entry, index } of model_definitions) {
      const { provider, secret } = entry;
      if (provider !== undefined || providers.has(secret) || !known.has(`secret/${secret}`))
        continue;
      const message = `is required: no valid file says which provider the secret "${secret}" is for`;
      yield { path: ["model_definitions", index, "provider"], message };
    }
  },
};
