import {
  boolean,
  either,
  fields,
  filledList,
  int32,
  numberFrom,
  oneOf,
  positiveInt32,
  refuse,
  text,
  textOf,
} from "#gateway/call/checks.ts";
import type { JsonObject } from "#gateway/call/json.ts";
import { inside, type Place } from "#gateway/call/place.ts";
import {
  FALLBACK_STRATEGIES,
  LINKAGE_TYPES,
  type ModelConfig,
  ROUTING_STRATEGIES,
} from "#gateway/types.ts";
import { MODE_OF_TYPE } from "./endpoint-type.ts";

/** Far above any share of traffic, far below what a 32-bit float cannot hold. */
const WEIGHT_MAX = 1_000_000;

const name = textOf({ pattern: /^[A-Za-z0-9_.-]+$/ });

const modelConfig = fields(
  { model_definition_id: text, linkage_type: oneOf(LINKAGE_TYPES) },
  { weight: numberFrom(0, WEIGHT_MAX), fallback_order: int32 },
);

const MODELS = { name, model_configs: filledList(modelConfig) };
const FIELDS = {
  routing_strategy: oneOf(ROUTING_STRATEGIES),
  fallback_config: fields(
    {},
    { strategy: oneOf(FALLBACK_STRATEGIES), max_attempts: positiveInt32 },
  ),
  experiment_id: textOf({ max: 32, pattern: /^\d+$/ }),
  usage_tracking: boolean,
};
const ID = { endpoint_id: text };

const FORCE = { force: boolean };

export const CREATE_ENDPOINT = fields(
  MODELS,
  { ...FIELDS, ...FORCE, created_by: text },
  checkLinks,
);

export const UPDATE_ENDPOINT = fields(
  ID,
  { ...FIELDS, ...MODELS, ...FORCE, updated_by: text },
  (request, place) => {
    if (request.model_configs === undefined) return;
    checkLinks(request, place);
    if (request.fallback_config === undefined && request.force !== true) {
      const allowed =
        "given with model_configs ({} for none; the server resets it otherwise, which force allows)";
      refuse(inside(place, "fallback_config"), allowed, "nothing");
    }
  },
);

/** The server's own refusal of this shows the statement of its database. */
function checkLinks({ model_configs }: JsonObject, request: Place) {
  const links = (model_configs as readonly ModelConfig[]).map(
    (config) => `${config.linkage_type} ${config.model_definition_id}`,
  );
  const twice = links.find((link, index) => links.indexOf(link) !== index);
  if (twice) {
    const allowed = "a list with each link of a model once";
    refuse(inside(request, "model_configs"), allowed, `${twice} twice`);
  }
}

export const ENDPOINT_REFERENCE = either("endpoint_id", "name");

const TAG = { ...ID, key: textOf({ max: 250 }) };

export const SET_TAG = fields({ ...TAG, value: textOf({ min: 0, max: 5000 }) });
export const DELETE_TAG = fields(TAG);

export const ENDPOINT_ID = fields(ID);

export const ATTACH_MODEL = fields(
  { ...ID, model_config: modelConfig },
  { ...FORCE, created_by: text },
);
export const DETACH_MODEL = fields({ ...ID, model_definition_id: text }, FORCE);

export const LIST_ENDPOINTS = fields(
  {},
  { provider: text, endpoint_type: oneOf(Object.keys(MODE_OF_TYPE)) },
);
