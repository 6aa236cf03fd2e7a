import * as z from "zod";
import { externalOf, name, ofNamed, text } from "#manifest/fields.ts";
import type { ActualOf, ModelDefinitionFields } from "#reconcile/state.ts";
import type { DeclaredElsewhere, EntryKind, Exported } from "./entry.ts";

const PROVIDER_LENGTH_MAX = 64;
const MODEL_NAME_LENGTH_MAX = 256;

const managed = z
  .strictObject({
    name: name.describe("Unique"),
    secret: name.describe("Name of a secret"),
    provider: text(PROVIDER_LENGTH_MAX)
      .optional()
      .describe("The secret's when left out; required when the secret is external"),
    model_name: text(MODEL_NAME_LENGTH_MAX).describe(
      "The provider's name of the model; it decides the price",
    ),
    ...ofNamed,
  })
  .describe("A model of a provider, with the secret to call it");

type ManifestModelDefinition = z.infer<typeof managed>;

export const modelDefinition = {
  section: "model_definitions" as const,
  schema: z
    .array(z.discriminatedUnion("external", [managed, externalOf("model definition")]))
    .optional()
    .describe("Models of providers"),
  toFields,
  toEntry,
} satisfies EntryKind<"model_definition", ManifestModelDefinition>;

function toFields(
  { secret, provider, model_name }: ManifestModelDefinition,
  { providers }: DeclaredElsewhere,
): ModelDefinitionFields {
  return { secret, provider: provider ?? providers.get(secret) ?? "", model_name };
}

function toEntry({ name, fields }: ActualOf<"model_definition">): Exported {
  const { secret, provider, model_name } = fields;
  if (secret === undefined) return { note: ["its secret was deleted"] };
  return { entry: { name, secret, provider, model_name } };
}
