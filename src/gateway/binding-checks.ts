import { fields, oneOf, text } from "./checks.ts";
import { RESOURCE_TYPES } from "./types.ts";

const IDENTITY = {
  endpoint_id: text(),
  // The server answers 500 with a web page to any other.
  resource_type: oneOf(RESOURCE_TYPES),
  resource_id: text(),
};

export const BINDING = fields({ required: IDENTITY });
export const CREATE_BINDING = fields({ required: IDENTITY, optional: { created_by: text() } });
export const LIST_BINDINGS = fields({ optional: IDENTITY });
