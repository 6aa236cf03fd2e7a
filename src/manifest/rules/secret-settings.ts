import type { Manifest, ManifestFinding } from "#manifest/types.ts";

/** MLflow refuses these: they would redirect the provider's client. */
const RESERVED_KEYS = ["base_url", "model_list", "fallbacks", "custom_llm_provider"];

/** Settings of a secret, and of what refers to it, that MLflow refuses or misreads. */
export function secretSettings(manifest: Manifest): ManifestFinding[] {
  const providers = new Map(manifest.secrets?.map(({ name, provider }) => [name, provider]));
  return [
    ...(manifest.secrets ?? []).flatMap(({ auth_config }, index) =>
      Object.keys(auth_config ?? {})
        .filter((key) => RESERVED_KEYS.includes(key))
        .map((key) => ({
          rule: "secret-settings",
          path: ["secrets", index, "auth_config", key],
          message: "is reserved by MLflow; the address of a provider goes into api_base",
        })),
    ),
    ...(manifest.model_definitions ?? []).flatMap(({ provider, secret }, index) => {
      const expected = providers.get(secret);
      if (provider === undefined || expected === undefined || provider === expected) return [];
      const message = `must be the provider of the secret "${secret}", ${expected}, got "${provider}"`;
      return [{ rule: "secret-settings", path: ["model_definitions", index, "provider"], message }];
    }),
  ];
}
