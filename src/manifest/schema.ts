import * as z from "zod";
import {
  BUDGET_ACTIONS,
  BUDGET_UNITS,
  DURATION_UNITS,
  FALLBACK_STRATEGIES,
  LINKAGE_TYPES,
  ROUTING_STRATEGIES,
  TARGET_SCOPES,
} from "#gateway/types.ts";

/** MLflow accepts only these characters in the name of an endpoint: it is part of a URL. */
const ENDPOINT_NAME = /^[A-Za-z0-9_.-]+$/;
/** What AWS Secrets Manager allows in a name, with the colons of an ARN. */
const SECRET_ID = /^(arn:[\w/+=.@:-]{1,1000}|[\w/+=.@-]{1,512})$/;
/** Column size on PostgreSQL and MySQL; SQLite does not check. */
const NAME_LENGTH_MAX = 255;
/** A label becomes an attribute of messages, and SNS refuses a message with another name in it. */
const LABEL_NAME = /^[A-Za-z0-9_-]+$/;
const TAG_KEY_LENGTH_MAX = 250;
const TAG_VALUE_LENGTH_MAX = 5000;
const LABELS_MAX = 5;
const THRESHOLDS_MAX = 10;

/**
 * An overlong duration is accepted by the server and then stops the spend tracking of every
 * policy: its window overflows the date type. Each bound is about 100 years.
 */
export const DURATION_VALUE_MAX: Readonly<Record<(typeof DURATION_UNITS)[number], number>> = {
  MINUTES: 52_560_000,
  HOURS: 876_000,
  DAYS: 36_500,
  WEEKS: 5_200,
  MONTHS: 1_200,
};

const name = z.string().min(1).max(NAME_LENGTH_MAX);

const valueFrom = z
  .strictObject({
    secrets_manager: z
      .string()
      .regex(SECRET_ID, "must be the name or ARN of an AWS secret: letters, digits and /_+=.@-")
      .describe("Name or ARN of the secret in AWS Secrets Manager"),
    keys: z
      .record(z.string().min(1), z.string().min(1))
      .optional()
      .describe(
        "Key on the gateway to key in the JSON object stored in AWS. Omitted: a JSON object is taken whole, a plain string becomes api_key",
      ),
  })
  .describe("Where the value comes from; a manifest never holds a value");

const secret = z.strictObject({
  name: name.describe("Unique name on the gateway; it cannot be changed there"),
  provider: z.string().min(1).max(64).describe("Provider such as openai; it cannot be changed"),
  value_from: valueFrom,
  auth_config: z
    .record(z.string().min(1), z.string())
    .optional()
    .describe("Provider settings that are not secret, such as api_base"),
});

const modelDefinition = z.strictObject({
  name,
  secret: name.describe("Name of a secret of this manifest"),
  provider: z.string().min(1).max(64).optional().describe("Defaults to the provider of the secret"),
  model_name: z.string().min(1).max(256).describe("The provider's name of the model"),
});

const model = z.strictObject({
  model_definition: name.describe("Name of a model definition of this manifest"),
  linkage_type: z.enum(LINKAGE_TYPES),
  weight: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Share of the traffic among the PRIMARY models; 1 when omitted"),
  fallback_order: z.int().min(0).optional().describe("Lower is tried first"),
});

const endpoint = z.strictObject({
  name: name.regex(ENDPOINT_NAME, "only letters, digits, '_', '.' and '-' are allowed"),
  models: z.array(model).min(1),
  routing_strategy: z.enum(ROUTING_STRATEGIES).optional(),
  fallback_config: z
    .strictObject({
      strategy: z.enum(FALLBACK_STRATEGIES).optional(),
      max_attempts: z.int().min(1).optional(),
    })
    .optional(),
  usage_tracking: z
    .boolean()
    .optional()
    .describe("Without it no spend is counted, so that no budget can work"),
  tags: z
    .record(z.string().min(1).max(TAG_KEY_LENGTH_MAX), z.string().max(TAG_VALUE_LENGTH_MAX))
    .optional(),
});

const budget = z.strictObject({
  name: name.describe("The manifest's own name: MLflow budgets have none"),
  budget_unit: z.enum(BUDGET_UNITS).optional(),
  budget_amount: z.number().positive(),
  duration: z.strictObject({ unit: z.enum(DURATION_UNITS), value: z.int().min(1) }),
  target_scope: z.enum(TARGET_SCOPES),
  target_value: z.string().min(1).max(255).optional().describe("An endpoint's name, or a user"),
  budget_action: z.enum(BUDGET_ACTIONS),
  labels: z
    .record(z.string().regex(LABEL_NAME, "may have letters, digits, '_' and '-' only"), z.string())
    .refine((labels) => Object.keys(labels).length <= LABELS_MAX, `at most ${LABELS_MAX} labels`)
    .optional(),
  alerts: z
    .strictObject({
      thresholds: z.array(z.number().positive().max(10)).min(1).max(THRESHOLDS_MAX).optional(),
    })
    .optional(),
});

/** The manifest language, version 1: names are MLflow's own, references are by name. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  secrets: z.array(secret).optional(),
  model_definitions: z.array(modelDefinition).optional(),
  endpoints: z.array(endpoint).optional(),
  budgets: z.array(budget).optional(),
});
