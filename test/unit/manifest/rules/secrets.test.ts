import { expect, test } from "@jest/globals";
import { aManifest, aModelDefinition, aSecret } from "../../../support/builders.ts";
import { issuesOf, yaml } from "../../../support/issues.ts";

test("a setting that MLflow reserves and a contradicting provider are pointed at", async () => {
  const issues = await issuesOf(yaml`
    version: 1
    secrets:
      - name: openai-prod
        provider: openai
        value_from: { secrets_manager: prod/openai }
        auth_config:
          base_url: https://example.com
    model_definitions:
      - { name: gpt-4o, secret: openai-prod, provider: anthropic, model_name: gpt-4o }
  `);

  expect(issues).toEqual([
    "gateway.yaml:7:7 secrets[0].auth_config.base_url is reserved by MLflow; the address of a provider goes into auth_config.api_base (reserved-auth-config-key)",
    'gateway.yaml:9:42 model_definitions[0].provider must be the provider of the secret "openai-prod", openai, got "anthropic" (provider-contradiction)',
  ]);
});

test.each(["base_url", "model_list", "fallbacks", "custom_llm_provider"])(
  "the setting %s is reserved",
  async (key) => {
    const manifest = aManifest({ secrets: [aSecret({ auth_config: { [key]: "x" } })] });

    expect(await issuesOf(JSON.stringify(manifest))).toEqual([
      expect.stringContaining(`secrets[0].auth_config.${key} is reserved by MLflow`),
    ]);
  },
);

test("other settings, and a provider that agrees, are fine", async () => {
  const manifest = aManifest({
    secrets: [aSecret({ auth_config: { api_base: "https://example.com", auth_mode: "api_key" } })],
    model_definitions: [aModelDefinition({ provider: "openai" })],
  });

  expect(await issuesOf(JSON.stringify(manifest))).toEqual([]);
});

test.each(["api_key", "token", "client_secret", "password"])(
  "a value under %s in settings that everybody may read is refused and not shown",
  async (key) => {
    const manifest = aManifest({ secrets: [aSecret({ auth_config: { [key]: "value-one" } })] });

    const issues = await issuesOf(JSON.stringify(manifest));

    expect(issues).toEqual([expect.stringContaining(`auth_config.${key} looks like a secret`)]);
    expect(issues.join()).not.toContain("value-one");
  },
);

test("a key in place of its name is refused and not shown", async () => {
  const pasted = `sk-${"x".repeat(30)}`;
  const manifest = aManifest({ secrets: [aSecret({ value_from: { secrets_manager: pasted } })] });

  const issues = await issuesOf(JSON.stringify(manifest));

  expect(issues).toEqual([expect.stringContaining("looks like a key itself")]);
  expect(issues.join()).not.toContain(pasted);
});

test.each(["prod/open ai", "prod:openai", ""])(
  "%j is no name that Secrets Manager allows",
  async (secrets_manager) => {
    const manifest = aManifest({ secrets: [aSecret({ value_from: { secrets_manager } })] });

    expect(await issuesOf(JSON.stringify(manifest))).toEqual([
      expect.stringContaining(
        "value_from.secrets_manager must be the name or ARN of an AWS secret",
      ),
    ]);
  },
);
