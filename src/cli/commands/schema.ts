import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { printJson } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { manifestJsonSchema, policyJsonSchema } from "#manifest/json-schema.ts";

const SCHEMAS = { manifest: manifestJsonSchema, policy: policyJsonSchema } as const;
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
    brief: "Print the JSON Schema of manifests or policies, for editors",
    fullDescription: `Prints the JSON Schema (draft 2020-12) of the manifest language, or of the policy's.

Examples:
  gwops schema > gateway-manifest.schema.json
  then, as the first line of a manifest:
  # yaml-language-server: $schema=gateway-manifest.schema.json
  gwops schema policy > gateway-policy.schema.json`,
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
  if (text in SCHEMAS) return text as Language;
  throw new UsageError(`a language is ${Object.keys(SCHEMAS).join(" or ")}, got "${text}"`);
}
