import * as z from "zod";
import { BUDGET_ACTIONS, BUDGET_UNITS, DURATION_UNITS, TARGET_SCOPES } from "#gateway/types.ts";
import { name, ofManaged, text } from "#manifest/fields.ts";

/** A label becomes an attribute of messages, and SNS refuses a message with another name in it. */
const LABEL_NAME = /^[A-Za-z0-9_-]+$/;
const LABEL_NAME_LENGTH_MAX = 256;
const LABEL_VALUE_LENGTH_MAX = 256;
const LABELS_MAX = 5;
const THRESHOLDS_MAX = 10;
const TARGET_LENGTH_MAX = 255;

const labels = z
  .record(
    z
      .string()
      .regex(LABEL_NAME, "may have letters, digits, '_' and '-' only")
      .max(LABEL_NAME_LENGTH_MAX),
    text(LABEL_VALUE_LENGTH_MAX),
  )
  .refine((map) => Object.keys(map).length <= LABELS_MAX, `must have at most ${LABELS_MAX} labels`)
  .meta({ maxProperties: LABELS_MAX });

export const budgetEntry = z
  .strictObject({
    name: name.describe("The manifest's own name: MLflow budgets have none"),
    budget_amount: z.number().positive().describe("More than 0"),
    budget_unit: z.enum(BUDGET_UNITS).optional().describe("`USD` when left out"),
    duration: z
      .strictObject({
        unit: z.enum(DURATION_UNITS).describe("Unit of the window"),
        value: z.int().min(1).describe("Number of units, together at most 100 years"),
      })
      .describe("Length of the window in which spend is counted; windows follow the UTC calendar"),
    target_scope: z.enum(TARGET_SCOPES).describe("Whose spend is counted"),
    target_value: text(TARGET_LENGTH_MAX)
      .optional()
      .describe("Name of an endpoint with `ENDPOINT`, of a user with `USER`, else left out"),
    budget_action: z
      .enum(BUDGET_ACTIONS)
      .describe("What MLflow does at the limit; with `REJECT` calls get 429"),
    labels: labels
      .optional()
      .describe(`At most ${LABELS_MAX}; attributes of every alert, for subscription filters`),
    alerts: z
      .strictObject({
        thresholds: z
          .array(z.number().positive().max(10))
          .min(1)
          .max(THRESHOLDS_MAX)
          .optional()
          .describe("Shares of the amount that are told; 0.5, 0.8, 0.95 and 1 when left out"),
      })
      .optional()
      .describe("When an alert is sent"),
    adopt: z
      .string()
      .regex(/^bp-[A-Za-z0-9-]{1,64}$/, "must be the id of a budget policy, such as bp-0123...")
      .optional()
      .describe("Id of a budget policy that nobody has marked: it is taken over"),
    ...ofManaged,
  })
  .describe("A budget policy of the gateway");
