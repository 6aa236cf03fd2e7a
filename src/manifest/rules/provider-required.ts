import type { Rule } from "./rule.ts";

export const providerRequired: Rule = {
  id: "provider-required",
  severity: "error",
  title: "A model definition of an external secret does not state its provider",
  why: "The manifests do not say which provider an external secret is for",
  check: ({ model_definitions }, { providers, known }) =>
    model_definitions.flatMap(({ entry: { provider, secret }, index }) => {
      if (provider !== undefined || providers.has(secret) || !known.has(`secret/${secret}`))
        return [];
      const message = `is required: no valid file says which provider the secret "${secret}" is for`;
      return [{ path: ["model_definitions", index, "provider"], message }];
    }),
};
