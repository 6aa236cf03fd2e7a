import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { planJsonSchema } from "#cli/input/plan-schema.ts";
import { printJson } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { manifestJsonSchema, policyJsonSchema } from "#manifest/json-schema.ts";

const SCHEMAS = {
  manifest: manifestJsonSchema,
  policy: policyJsonSchema,
  plan: planJsonSchema,
} as const;
type Language = keyof typeof SCHEMAS;

export const schemaCommand = buildCommand({
  parameters: {
    flags: {},
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: `What it is the schema of: ${Object.keys(SCHEMAS).join(", ")}; manifest when left out`,
          placeholder: "language",
          parse: parseLanguage,
          optional: true,
        },
      ],
    },
  },
  docs: {
    brief: "Print the JSON Schema of manifests, policies or plans",
    fullDescription: `Prints the JSON Schema (draft 2020-12) of the manifest language, of the policy's, or of the
document that --json of plan, apply, drift and rollback print and that reports are.

Examples:
  gwops schema > gateway-manifest.schema.json
  then, as the first line of a manifest:
  # yaml-language-server: $schema=gateway-manifest.schema.json
  gwops schema policy > gateway-policy.schema.json
  gwops schema plan`,
  },
  func: schema,
});

async function schema(
  this: GwopsContext,
  _: Record<string, never>,
  language: Language = "manifest",
): Promise<void> {
  printJson(this, SCHEMAS[language]());
}

function parseLanguage(text: string): Language {
  if (Object.hasOwn(SCHEMAS, text)) return text as Language;
  throw new UsageError(`a language is one of ${Object.keys(SCHEMAS).join(", ")}, got "${text}"`);
}
