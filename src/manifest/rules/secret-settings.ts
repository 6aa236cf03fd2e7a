import type { Manifest, ManifestFinding } from "#manifest/types.ts";

/** MLflow refuses these: they would redirect the provider's client. */
const RESERVED_KEYS = ["base_url", "model_list", "fallbacks", "custom_llm_provider"];

/** What belongs to the value: MLflow shows an auth_config to everybody who may list secrets. */
const LOOKS_SECRET = /(^|_)(api_key|key|token|password|secret|credentials)$/i;

/** How providers begin their keys: a person may have taken the value for its name. */
const LOOKS_LIKE_A_KEY = /^(sk|pk|rk|gsk|xai|AIza|hf|nvapi)[-_]?[\w-]{20,}$/;

/** Settings of a secret, and of what refers to it, that MLflow refuses or misreads. */
export function secretSettings(manifest: Manifest): ManifestFinding[] {
  const providers = new Map(manifest.secrets?.map(({ name, provider }) => [name, provider]));
  return [
    ...(manifest.secrets ?? []).flatMap(({ auth_config }, index) =>
      Object.keys(auth_config ?? {}).flatMap((key) => {
        const message = problemOf(key);
        const path = ["secrets", index, "auth_config", key];
        return message === undefined ? [] : [{ rule: "secret-settings", path, message }];
      }),
    ),
    ...(manifest.secrets ?? []).flatMap(({ value_from }, index) => {
      if (!LOOKS_LIKE_A_KEY.test(value_from.secrets_manager)) return [];
      const path = ["secrets", index, "value_from", "secrets_manager"];
      const message = "looks like a key itself; it must be the name of an AWS secret that holds it";
      return [{ rule: "secret-settings", path, message }];
    }),
    ...(manifest.model_definitions ?? []).flatMap(({ provider, secret }, index) => {
      const expected = providers.get(secret);
      if (provider === undefined || expected === undefined || provider === expected) return [];
      const message = `must be the provider of the secret "${secret}", ${expected}, got "${provider}"`;
      return [{ rule: "secret-settings", path: ["model_definitions", index, "provider"], message }];
    }),
  ];
}

function problemOf(key: string): string | undefined {
  if (RESERVED_KEYS.includes(key)) {
    return "is reserved by MLflow; the address of a provider goes into api_base";
  }
  if (LOOKS_SECRET.test(key)) return "looks like a secret; values come through value_from";
  return undefined;
}
