import * as z from "zod";
import {
  FALLBACK_STRATEGIES,
  GUARDRAIL_ACTIONS,
  GUARDRAIL_STAGES,
  LINKAGE_TYPES,
  RESOURCE_TYPES,
  ROUTING_STRATEGIES,
} from "#gateway/types.ts";
import { externalOf, freeText, name, ofNamed, text } from "#manifest/fields.ts";
import { RESERVED_TAGS } from "#runtime/marks.ts";

/** MLflow accepts only these characters in the name of an endpoint: it is part of a URL. */
const ENDPOINT_NAME = /^[A-Za-z0-9_.-]+$/;
const EXPERIMENT_NAME_LENGTH_MAX = 256;
const TAG_KEY_LENGTH_MAX = 250;
const TAG_VALUE_LENGTH_MAX = 5000;
const TAGS_MAX = 100;
/** A weight is at least 0.01: no more of them get any traffic. */
const MODELS_MAX = 100;
const GUARDRAILS_MAX = 100;
const BINDINGS_MAX = 1000;
/** Whole numbers are 32 bits wide on the server. */
const INT32_MAX = 2_147_483_647;

const experiment = text(EXPERIMENT_NAME_LENGTH_MAX);
const order = z.int().min(0).max(INT32_MAX);

const model = z.strictObject({
  model_definition: name.describe("Name of a model definition"),
  linkage_type: z.enum(LINKAGE_TYPES).describe("At least one model is `PRIMARY`"),
  weight: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe("Share of the traffic among the PRIMARY models, 0 to 1; 1 when left out"),
  fallback_order: order
    .optional()
    .describe("FALLBACK models with a lower number are tried first, those without come last"),
});

const binding = z.strictObject({
  resource_type: z.enum(RESOURCE_TYPES).describe("Kind of what uses the endpoint"),
  resource_id: text(255).describe("Its id in MLflow"),
});

const scorer = z.strictObject({
  experiment: experiment.describe("Name of the experiment in which the scorer is registered"),
  name: name.describe("Name of the scorer"),
  version: z
    .int()
    .min(1)
    .max(INT32_MAX)
    .optional()
    .describe("Left out: the newest when the guardrail is made, and any afterwards"),
});

const SCORER_FIELDS = ["stage", "action", "action_endpoint"] as const;

const guardrail = z
  .strictObject({
    name: name.describe("Name of the guardrail"),
    scorer: scorer
      .optional()
      .describe("With it the guardrail is made if there is none such; without, it must exist"),
    stage: z.enum(GUARDRAIL_STAGES).optional().describe("Required with a scorer"),
    action: z.enum(GUARDRAIL_ACTIONS).optional().describe("Required with a scorer"),
    action_endpoint: name
      .optional()
      .describe("Name of the endpoint whose model rewrites the text, for SANITIZATION"),
    execution_order: order.optional().describe("Lower runs first, those without come last"),
  })
  .superRefine((value, context) => {
    for (const field of SCORER_FIELDS) {
      const isStated = value[field] !== undefined;
      if (value.scorer === undefined && isStated) {
        const message = "is allowed with a scorer only: a guardrail that exists has its own";
        context.addIssue({ code: "custom", path: [field], message });
      }
      if (value.scorer !== undefined && !isStated && field !== "action_endpoint") {
        context.addIssue({ code: "custom", path: [field], message: "is required with a scorer" });
      }
    }
  })
  .meta({
    if: { required: ["scorer"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ["stage", "action"] },
    else: { not: { anyOf: SCORER_FIELDS.map((field) => ({ required: [field] })) } },
  });

const fallbackConfig = z.strictObject({
  strategy: z
    .enum(FALLBACK_STRATEGIES)
    .optional()
    .describe("Order in which they are tried; MLflow knows one"),
  max_attempts: z
    .int()
    .min(1)
    .max(INT32_MAX)
    .optional()
    .describe("How many FALLBACK models are tried; all when left out"),
});

const tags = z
  .record(text(TAG_KEY_LENGTH_MAX), freeText(TAG_VALUE_LENGTH_MAX))
  .refine((map) => Object.keys(map).length <= TAGS_MAX, `must have at most ${TAGS_MAX} tags`)
  .meta({ maxProperties: TAGS_MAX });

const managedEndpoint = z
  .strictObject({
    name: name
      .regex(ENDPOINT_NAME, "must have letters, digits, '_', '.' and '-' only")
      .describe("Unique; letters, digits, `_`, `.`, `-`: it is part of a URL"),
    models: z.array(model).min(1).max(MODELS_MAX).describe("All models of the endpoint"),
    routing_strategy: z
      .enum(ROUTING_STRATEGIES)
      .optional()
      .describe("With several PRIMARY models `REQUEST_BASED_TRAFFIC_SPLIT` when left out"),
    fallback_config: fallbackConfig
      .optional()
      .describe("With FALLBACK models `strategy: SEQUENTIAL` when left out"),
    usage_tracking: z
      .boolean()
      .optional()
      .describe("Without it no spend is counted, so that no budget can work; MLflow's default: on"),
    experiment: experiment
      .optional()
      .describe("Name of the experiment that gets the traces; created if it is missing"),
    experiment_id: z
      .string()
      .regex(/^[0-9]{1,19}$/, 'must be a number in quotes, such as "12"')
      .optional()
      .describe("Id of the experiment, in quotes, in place of its name"),
    tags: tags
      .optional()
      .describe(
        `All tags of the endpoint, but for those that begin with ${RESERVED_TAGS.map((prefix) => `\`${prefix}\``).join(" or ")}`,
      ),
    bindings: z.array(binding).max(BINDINGS_MAX).optional().describe("All uses of the endpoint"),
    guardrails: z
      .array(guardrail)
      .max(GUARDRAILS_MAX)
      .optional()
      .describe("All guardrails on the endpoint"),
    ...ofNamed,
  })
  .refine((value) => value.experiment === undefined || value.experiment_id === undefined, {
    path: ["experiment_id"],
    message: "is not allowed together with experiment",
  })
  .meta({ not: { required: ["experiment", "experiment_id"] } })
  .describe("An endpoint of the gateway");

export const endpointEntry = z.discriminatedUnion("external", [
  managedEndpoint,
  externalOf("endpoint"),
]);
