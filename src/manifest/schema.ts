import * as z from "zod";
import type { SecretFields } from "#reconcile/state.ts";
import { budget } from "./budget-schema.ts";
import { endpoint } from "./endpoint-schema.ts";
import { externalOf, freeText, name, ofNamed, text } from "./fields.ts";

/** MLflow's rule for the name of a workspace. */
const WORKSPACE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const WORKSPACES_RESERVED = ["workspaces", "api", "ajax-api", "static-files"];
/** What AWS Secrets Manager allows in a name, with the colons of an ARN. */
const SECRET_ID = /^(arn:[\w/+=.@:-]{1,1000}|[\w/+=.@-]{1,512})$/;
const ENVIRONMENT_VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const PATH_LENGTH_MAX = 4096;
const PROVIDER_LENGTH_MAX = 64;
const MODEL_NAME_LENGTH_MAX = 256;
const SETTING_NAME_LENGTH_MAX = 255;
const SETTING_LENGTH_MAX = 10_000;
const SOURCES = ["secrets_manager", "env", "file"] as const;

type SecretReference = NonNullable<SecretFields["value_from"]>;

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
    keys: z
      .record(text(SETTING_NAME_LENGTH_MAX), text(SETTING_NAME_LENGTH_MAX))
      .optional()
      .describe(
        "Key on the gateway to key in the stored JSON object. Left out: a JSON object is taken whole, a plain text becomes `api_key`",
      ),
  })
  .refine((value) => SOURCES.filter((source) => value[source] !== undefined).length === 1, {
    message: `must have exactly one of ${SOURCES.join(", ")}`,
  })
  .meta({ oneOf: SOURCES.map((source) => ({ required: [source] })) })
  .describe("Where the value comes from; a manifest never holds a value") as unknown as z.ZodType<
  SecretReference,
  SecretReference
>;

const managedSecret = z
  .strictObject({
    name: name.describe("Unique; MLflow cannot change it, so that a rename makes a new one"),
    provider: text(PROVIDER_LENGTH_MAX).describe("Such as `openai`; MLflow cannot change it"),
    value_from: valueFrom
      .optional()
      .describe("Where the value comes from; required unless the auth_mode needs no value"),
    auth_config: z
      .record(text(SETTING_NAME_LENGTH_MAX), freeText(SETTING_LENGTH_MAX))
      .optional()
      .describe(
        "Settings that are not secret: `auth_mode`, `api_base`, ... Always written together with the value",
      ),
    ...ofNamed,
  })
  .describe("Credentials of a provider");

const managedModelDefinition = z
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

/** The manifest language, version 1: names are MLflow's own, references are by name. */
export const manifestSchema = z
  .strictObject({
    version: z.literal(1).describe("Version of the manifest language"),
    workspace: z
      .string()
      .min(2)
      .max(63)
      .regex(WORKSPACE, "must have lower-case letters, digits and inner hyphens only")
      .refine(
        (value) => !WORKSPACES_RESERVED.includes(value),
        `must not be one of ${WORKSPACES_RESERVED.join(", ")}`,
      )
      .meta({ not: { enum: WORKSPACES_RESERVED } })
      .optional()
      .describe("MLflow workspace of all resources of the file; `default` when left out"),
    secrets: z
      .array(z.discriminatedUnion("external", [managedSecret, externalOf("secret")]))
      .optional()
      .describe("Credentials of providers"),
    model_definitions: z
      .array(
        z.discriminatedUnion("external", [managedModelDefinition, externalOf("model definition")]),
      )
      .optional()
      .describe("Models of providers"),
    endpoints: z.array(endpoint).optional().describe("Endpoints that applications call"),
    budgets: z.array(budget).optional().describe("Budget policies"),
    lint: z
      .strictObject({
        disable: z
          .array(z.string().min(1))
          .optional()
          .describe("Ids of rules whose warnings are not wanted for this file"),
      })
      .optional()
      .describe("What the rules say about this file"),
  })
  .describe("What the AI Gateway of an MLflow server should look like");
