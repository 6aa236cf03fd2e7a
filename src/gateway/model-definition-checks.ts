import { fields, text } from "./checks.ts";

const FIELDS = {
  name: text(),
  secret_id: text(),
  provider: text({ max: 64 }),
  model_name: text({ max: 256 }),
};

export const MODEL_DEFINITION_ID = fields({ required: { model_definition_id: text() } });

export const CREATE_MODEL_DEFINITION = fields({
  required: FIELDS,
  optional: { created_by: text() },
});

export const UPDATE_MODEL_DEFINITION = fields({
  required: { model_definition_id: text() },
  optional: { ...FIELDS, updated_by: text() },
});

export const LIST_MODEL_DEFINITIONS = fields({ optional: { provider: text(), secret_id: text() } });
