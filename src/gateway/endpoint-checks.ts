import {
  boolean,
  fields,
  filledList,
  integer,
  numberFrom,
  oneOf,
  type Problem,
  text,
  wrong,
} from "./checks.ts";
import { MODE_OF_TYPE } from "./endpoint-type.ts";
import type { JsonObject } from "./read.ts";
import {
  FALLBACK_STRATEGIES,
  LINKAGE_TYPES,
  type ModelConfig,
  ROUTING_STRATEGIES,
} from "./types.ts";

const INT32_MAX = 2 ** 31 - 1;
/** Far above any share of traffic, far below what a 32-bit float cannot hold. */
const WEIGHT_MAX = 1_000_000;
/** The server counts in hundredths; when all shares are nothing it fails every call. */
const WEIGHT_MIN = 0.01;

const name = text({ pattern: /^[A-Za-z0-9_.-]+$/ });

const modelConfig = fields({
  required: { model_definition_id: text(), linkage_type: oneOf(LINKAGE_TYPES) },
  optional: {
    weight: numberFrom(0, WEIGHT_MAX),
    fallback_order: integer(-INT32_MAX, INT32_MAX),
  },
});

const FIELDS = {
  routing_strategy: oneOf(ROUTING_STRATEGIES),
  fallback_config: fields({
    optional: { strategy: oneOf(FALLBACK_STRATEGIES), max_attempts: integer(1, INT32_MAX) },
  }),
  experiment_id: text({ max: 32, pattern: /^\d+$/ }),
  usage_tracking: boolean,
};

export const CREATE_ENDPOINT = fields({
  required: { name, model_configs: filledList(modelConfig) },
  optional: { ...FIELDS, created_by: text() },
  together: modelsProblem,
});

export const UPDATE_ENDPOINT = fields({
  required: { endpoint_id: text() },
  optional: { ...FIELDS, name, model_configs: filledList(modelConfig), updated_by: text() },
  together: (request): Problem | undefined => {
    if (request.model_configs === undefined) return undefined;
    if (request.fallback_config !== undefined) return modelsProblem(request);
    const allowed = "given with model_configs ({} for none; the server resets it otherwise)";
    return wrong("fallback_config", allowed, "nothing");
  },
});

/** Sets of models that the server stores, and then answers every call of the endpoint badly. */
function modelsProblem({ model_configs: models, routing_strategy: routing }: JsonObject) {
  const configs = models as readonly ModelConfig[];
  const field = "model_configs";
  const links = configs.map((config) => `${config.linkage_type} ${config.model_definition_id}`);
  const twice = links.find((link, index) => links.indexOf(link) !== index);
  if (twice !== undefined) {
    return { field, allowed: "a list with each link of a model once", got: `${twice} twice` };
  }
  const primaries = configs.filter(({ linkage_type }) => linkage_type === "PRIMARY");
  if (primaries.length === 0) {
    const allowed = "a list with a PRIMARY model (calls fail without one)";
    return wrong(field, allowed, "FALLBACK models only");
  }
  if (routing === undefined && primaries.length > 1) {
    const allowed = "given with several PRIMARY models (all calls go to one of them otherwise)";
    return wrong("routing_strategy", allowed, "nothing");
  }
  return routing === undefined || primaries.some(({ weight = 1 }) => weight >= WEIGHT_MIN)
    ? undefined
    : wrong(field, `a list with a PRIMARY weight of at least ${WEIGHT_MIN}`, "none");
}

export const ENDPOINT_REFERENCE = fields({
  optional: { endpoint_id: text(), name: text() },
  together: ({ endpoint_id: id, name: byName }): Problem | undefined =>
    (id === undefined) === (byName === undefined)
      ? wrong("", "either an endpoint_id or a name", id ? "both" : "neither")
      : undefined,
});

const TAG = { endpoint_id: text(), key: text({ max: 250 }) };

export const SET_TAG = fields({ required: { ...TAG, value: text({ min: 0, max: 5000 }) } });
export const DELETE_TAG = fields({ required: TAG });

export const ENDPOINT_ID = fields({ required: { endpoint_id: text() } });

export const ATTACH_MODEL = fields({
  required: { endpoint_id: text(), model_config: modelConfig },
  optional: { created_by: text() },
});

export const DETACH_MODEL = fields({
  required: { endpoint_id: text(), model_definition_id: text() },
});

/** Not the server's: kept apart from what is sent. */
export const ENDPOINT_TYPE = fields({
  optional: { endpoint_type: oneOf(Object.keys(MODE_OF_TYPE)) },
});
