import * as z from "zod";
import { externalOf, freeText, name, ofNamed, text } from "#manifest/fields.ts";
import type { ActualOf, SecretFields } from "#reconcile/state.ts";
import { VALUE_WRAPPED } from "#secrets/value/reference.ts";
import type { DeclaredElsewhere, EntryKind, Exported } from "./entry.ts";

/** What AWS Secrets Manager allows in a name, with the colons of an ARN. */
const SECRET_ID = /^(arn:[\w/+=.@:-]{1,1000}|[\w/+=.@-]{1,512})$/;
const ENVIRONMENT_VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const PATH_LENGTH_MAX = 4096;
const PROVIDER_LENGTH_MAX = 64;
const SETTING_NAME_LENGTH_MAX = 255;
const SETTING_LENGTH_MAX = 10_000;
/** Of an `auth_config` and of a value: no provider reads more than a handful. */
const SETTINGS_MAX = 100;
const SOURCES = ["secrets_manager", "env", "file"] as const;

/** A name, or a JSON Pointer, in which `~` is written `~0` and a `/` within a name `~1`. */
const storedKey = text(SETTING_NAME_LENGTH_MAX).regex(
  /^(?:[^/]|\/(?:[^~]|~[01])*$)/s,
  "must be a JSON Pointer if it begins with /: ~ is written ~0 there, and / within a name ~1",
);

type SecretReference = NonNullable<SecretFields["value_from"]>;

function settings(value: z.ZodString, what: string) {
  return z
    .record(text(SETTING_NAME_LENGTH_MAX), value)
    .refine(
      (map) => Object.keys(map).length <= SETTINGS_MAX,
      `must have at most ${SETTINGS_MAX} ${what}`,
    )
    .meta({ maxProperties: SETTINGS_MAX });
}

const valueFrom = z
  .strictObject({
    secrets_manager: z
      .string()
      .regex(SECRET_ID, "must be the name or ARN of an AWS secret: letters, digits and /_+=.@-")
      .optional()
      .describe("Name or ARN of an AWS secret with the tag `gateway-ops:owner=<owner>`"),
    env: z
      .string()
      .regex(ENVIRONMENT_VARIABLE, "must be the name of an environment variable")
      .optional()
      .describe("Name of an environment variable; on the command line only"),
    file: text(PATH_LENGTH_MAX).optional().describe("Path of a file; on the command line only"),
    keys: settings(storedKey, "keys")
      .optional()
      .describe(
        "Key on the gateway to key in the stored JSON object, or to a JSON Pointer such as `/openai/api_key`. Left out: of a JSON object the keys that the provider takes, by their own names; a plain text becomes `api_key`",
      ),
    whole_as: text(SETTING_NAME_LENGTH_MAX)
      .optional()
      .describe(
        "Key on the gateway of which the whole stored text is the value, such as `vertex_credentials`; never beside `keys`",
      ),
  })
  .refine((value) => SOURCES.filter((source) => value[source] !== undefined).length === 1, {
    message: `must have exactly one of ${SOURCES.join(", ")}`,
  })
  .refine(({ keys, whole_as }) => keys === undefined || whole_as === undefined, {
    message:
      "must not have both keys and whole_as: a value is taken whole, or keys are picked of it",
  })
  .meta({
    oneOf: SOURCES.map((source) => ({ required: [source] })),
    not: { required: ["keys", "whole_as"] },
  })
  .describe("Where the value comes from; a manifest never holds a value") as unknown as z.ZodType<
  SecretReference,
  SecretReference
>;

const managed = z
  .strictObject({
    name: name.describe("Unique; MLflow cannot change it, so that a rename makes a new one"),
    provider: text(PROVIDER_LENGTH_MAX).describe("Such as `openai`; MLflow cannot change it"),
    value_from: valueFrom
      .optional()
      .describe("Where the value comes from; required unless the auth_mode needs no value"),
    auth_config: settings(freeText(SETTING_LENGTH_MAX), "settings")
      .optional()
      .describe(
        "Settings that are not secret: `auth_mode`, `api_base`, ... Always written together with the value",
      ),
    probe: z
      .boolean()
      .optional()
      .describe(
        "Whether a new value is tried with one call of a model before it replaces the old one; left out: as the stack's setting `probe` says",
      ),
    ...ofNamed,
  })
  .describe("Credentials of a provider");

type ManifestSecret = z.infer<typeof managed>;

export const secret = {
  section: "secrets" as const,
  schema: z
    .array(z.discriminatedUnion("external", [managed, externalOf("secret")]))
    .optional()
    .describe("Credentials of providers"),
  toFields,
  toEntry,
} satisfies EntryKind<"secret", ManifestSecret>;

function toFields(
  { name, provider, auth_config, value_from, probe }: ManifestSecret,
  { versions, disabled }: DeclaredElsewhere,
): SecretFields {
  return {
    provider,
    // MLflow takes an empty map for "leave it": so do we.
    auth_config: auth_config && Object.keys(auth_config).length > 0 ? auth_config : undefined,
    value_from,
    source_version: versions.get(name),
    as_stored: disabled.includes(VALUE_WRAPPED) || undefined,
    probe,
  };
}

/** Nobody can read a value back: unless it is known where it came from, the secret is external. */
function toEntry({ name, fields }: ActualOf<"secret">): Exported {
  const { provider, value_from, auth_config = {}, probe } = fields;
  const settings = Object.keys(auth_config).length > 0 ? { auth_config } : {};
  const tried = probe === undefined ? {} : { probe };
  if (value_from) return { entry: { name, provider, value_from, ...settings, ...tried } };
  const source = "{ secrets_manager: NAME_OF_THE_AWS_SECRET }";
  return {
    entry: { name, external: true },
    note: [
      "Its value cannot be exported. To manage it, put the value into AWS Secrets Manager and",
      "write in place of external: true",
      `    provider: ${JSON.stringify(provider)}`,
      `    value_from: ${source}`,
      ...("auth_config" in settings ? [`    auth_config: ${JSON.stringify(auth_config)}`] : []),
    ],
  };
}
