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
/** The server counts in hundredths; when all shares are nothing it fails every call. */
const WEIGHT_MIN = 0.01;

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

export const CREATE_ENDPOINT = fields(MODELS, { ...FIELDS, created_by: text }, checkModels);

export const UPDATE_ENDPOINT = fields(
  ID,
  { ...FIELDS, ...MODELS, updated_by: text },
  (request, place) => {
    if (request.model_configs === undefined) return;
    if (request.fallback_config === undefined) {
      const allowed = "given with model_configs ({} for none; the server resets it otherwise)";
      refuse(inside(place, "fallback_config"), allowed, "nothing");
    }
    checkModels(request, place);
  },
);

/** Sets of models that the server stores, and then answers every call of the endpoint badly. */
function checkModels({ model_configs, routing_strategy: routing }: JsonObject, request: Place) {
  const configs = model_configs as readonly ModelConfig[];
  const place = inside(request, "model_configs");
  const links = configs.map((config) => `${config.linkage_type} ${config.model_definition_id}`);
  const twice = links.find((link, index) => links.indexOf(link) !== index);
  if (twice) refuse(place, "a list with each link of a model once", `${twice} twice`);
  const primaries = configs.filter(({ linkage_type }) => linkage_type === "PRIMARY");
  if (primaries.length === 0) {
    refuse(place, "a list with a PRIMARY model (calls fail without one)", "FALLBACK models only");
  }
  if (routing === undefined && primaries.length > 1) {
    const allowed = "given with several PRIMARY models (all calls go to one of them otherwise)";
    refuse(inside(request, "routing_strategy"), allowed, "nothing");
  }
  if (routing !== undefined && primaries.every(({ weight = 1 }) => weight < WEIGHT_MIN)) {
    refuse(place, `a list with a PRIMARY weight of at least ${WEIGHT_MIN}`, "none");
  }
}

export const ENDPOINT_REFERENCE = either("endpoint_id", "name");

const TAG = { ...ID, key: textOf({ max: 250 }) };

export const SET_TAG = fields({ ...TAG, value: textOf({ min: 0, max: 5000 }) });
export const DELETE_TAG = fields(TAG);

export const ENDPOINT_ID = fields(ID);

export const ATTACH_MODEL = fields({ ...ID, model_config: modelConfig }, { created_by: text });
export const DETACH_MODEL = fields({ ...ID, model_definition_id: text });

export const LIST_ENDPOINTS = fields(
  {},
  { provider: text, endpoint_type: oneOf(Object.keys(MODE_OF_TYPE)) },
);
