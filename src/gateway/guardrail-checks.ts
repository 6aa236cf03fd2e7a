import { fields, integer, oneOf, optionallyNull, text } from "./checks.ts";
import { GUARDRAIL_ACTIONS, GUARDRAIL_STAGES } from "./types.ts";

const INT32_MAX = 2 ** 31 - 1;

const order = integer(-INT32_MAX, INT32_MAX);
const IDENTITY = { endpoint_id: text(), guardrail_id: text() };

export const CREATE_GUARDRAIL = fields({
  required: {
    name: text(),
    scorer_id: text(),
    scorer_version: integer(1, INT32_MAX),
    // To an unknown stage the server answers 500 with a web page.
    stage: oneOf(GUARDRAIL_STAGES),
    action: oneOf(GUARDRAIL_ACTIONS),
  },
  optional: { action_endpoint_id: text() },
});

export const PLACEMENT = fields({ required: IDENTITY });
export const GUARDRAIL_ID = fields({ required: { guardrail_id: text() } });
export const ADD_GUARDRAIL = fields({ required: IDENTITY, optional: { execution_order: order } });
export const UPDATE_CONFIG = fields({
  required: { ...IDENTITY, execution_order: optionallyNull(order) },
});
