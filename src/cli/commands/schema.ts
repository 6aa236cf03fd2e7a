import { buildCommand } from "@stricli/core";
import type { GwopsContext } from "#cli/context.ts";
import { printJson } from "#cli/output/show.ts";
import { manifestJsonSchema } from "#manifest/json-schema.ts";

export const schemaCommand = buildCommand({
  parameters: {},
  docs: {
    brief: "Print the JSON Schema of manifests, for editors",
    fullDescription: `Prints the JSON Schema (draft 2020-12) of the manifest language.

Examples:
  gwops schema > gateway-manifest.schema.json
  then, as the first line of a manifest:
  # yaml-language-server: $schema=gateway-manifest.schema.json`,
  },
  func: schema,
});

async function schema(this: GwopsContext): Promise<void> {
  printJson(this, manifestJsonSchema());
}
