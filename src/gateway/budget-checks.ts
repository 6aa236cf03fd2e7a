import {
  type Check,
  fields,
  integer,
  oneOf,
  type Problem,
  positiveNumber,
  text,
  wrong,
} from "./checks.ts";
import { isObject, type JsonObject } from "./read.ts";
import {
  BUDGET_ACTIONS,
  BUDGET_UNITS,
  DURATION_UNITS,
  type DurationUnit,
  TARGET_SCOPES,
} from "./types.ts";

/** A hundred years: a longer one makes the server stop to refresh the windows of all budgets. */
const DURATION_VALUE_MAX: Readonly<Record<DurationUnit, number>> = {
  MINUTES: 52_560_000,
  HOURS: 876_000,
  DAYS: 36_500,
  WEEKS: 5_200,
  MONTHS: 1_200,
};

const durationFields = fields({
  required: { unit: oneOf(DURATION_UNITS), value: integer(1, DURATION_VALUE_MAX.MINUTES) },
});

const duration: Check = (value, field) =>
  durationFields(value, field) ??
  (isObject(value)
    ? integer(1, DURATION_VALUE_MAX[value.unit as DurationUnit])(value.value, `${field}.value`)
    : undefined);

const FIELDS = {
  budget_unit: oneOf(BUDGET_UNITS),
  // With an amount of 0 a REJECT blocks every call at once, so 0 is no amount.
  budget_amount: positiveNumber,
  duration,
  target_scope: oneOf(TARGET_SCOPES),
  budget_action: oneOf(BUDGET_ACTIONS),
};

export const BUDGET_ID = fields({ required: { budget_policy_id: text() } });

export const CREATE_BUDGET = fields({
  required: FIELDS,
  optional: { target_value: text(), created_by: text() },
  together: checkTarget,
});

export const UPDATE_BUDGET = fields({
  required: { budget_policy_id: text() },
  optional: { ...FIELDS, target_value: text(), updated_by: text() },
  together: checkTarget,
});

function checkTarget({
  target_scope: scope,
  target_value: target,
}: JsonObject): Problem | undefined {
  const field = "target_value";
  if ((scope === "ENDPOINT" || scope === "USER") && target === undefined) {
    const allowed = `given with the scope ${scope} (${scope === "USER" ? "a user" : "an endpoint's id"})`;
    return wrong(field, allowed, "nothing");
  }
  if ((scope === "GLOBAL" || scope === "WORKSPACE") && target !== undefined) {
    return wrong(field, `left out with the scope ${scope}`, JSON.stringify(target));
  }
  return undefined;
}
