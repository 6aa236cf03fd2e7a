import type { Caller } from "./caller.ts";
import {
  boolean,
  checkRequest,
  fields,
  filledList,
  integer,
  numberFrom,
  oneOf,
  type Problem,
  text,
} from "./checks.ts";
import { verifyEcho } from "./echo.ts";
import { GatewayStatusError } from "./errors.ts";
import { readModelDefinition } from "./model-definitions.ts";
import { defined, type JsonObject, Reader } from "./read.ts";
import {
  type CreateEndpoint,
  type Endpoint,
  type EndpointTag,
  FALLBACK_STRATEGIES,
  type FallbackConfig,
  type FallbackStrategy,
  LINKAGE_TYPES,
  type LinkageType,
  type ModelMapping,
  ROUTING_STRATEGIES,
  type RoutingStrategy,
  type UpdateEndpoint,
} from "./types.ts";

/** How an endpoint is looked up: the only resource that the server finds by name. */
export type EndpointReference = { readonly endpoint_id: string } | { readonly name: string };

/** What applications call: models with their share of the traffic and their order as fallbacks. */
export class EndpointOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The name is unique per workspace (`gateway-already-exists`). */
  async create(request: CreateEndpoint): Promise<Endpoint> {
    checkRequest("createEndpoint", request, CREATE_ENDPOINT);
    return await this.#write("createEndpoint", request);
  }

  /** Throws with `gateway-not-found` when there is no such endpoint. */
  async get(reference: EndpointReference): Promise<Endpoint> {
    checkRequest("getEndpoint", reference, ENDPOINT_REFERENCE);
    const answer = await this.#caller.call("getEndpoint", { query: { ...reference } });
    return new Reader("getEndpoint", answer).object("endpoint", readEndpoint);
  }

  /**
   * As {@link get}, for when the endpoint may well be missing. It also finds an endpoint without
   * any model, which {@link list} does not.
   */
  async find(reference: EndpointReference): Promise<Endpoint | undefined> {
    try {
      return await this.get(reference);
    } catch (error) {
      if (error instanceof GatewayStatusError && error.code === "gateway-not-found") {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * Replaces the fields given; the others stay. `model_configs` takes `fallback_config` with it
   * (`{}` for none), because the server would reset it otherwise. Neither `routing_strategy` nor
   * `experiment_id` can be taken away again.
   */
  async update(request: UpdateEndpoint): Promise<Endpoint> {
    checkRequest("updateEndpoint", request, UPDATE_ENDPOINT);
    return await this.#write("updateEndpoint", request);
  }

  /**
   * All endpoints that the user may see; MLflow leaves out others silently, and those without any
   * model too.
   */
  async list(filter: { readonly provider?: string } = {}): Promise<Endpoint[]> {
    checkRequest("listEndpoints", filter, fields({ optional: { provider: text() } }));
    const answer = await this.#caller.call("listEndpoints", { query: filter });
    return new Reader("listEndpoints", answer).list("endpoints", readEndpoint);
  }

  /** Adds or replaces one tag. The server's answer is empty: only a later `get` shows the tag. */
  async setTag(request: { readonly endpoint_id: string } & EndpointTag): Promise<void> {
    checkRequest("setEndpointTag", request, SET_TAG);
    await this.#caller.call("setEndpointTag", { body: { ...request } });
  }

  async #write(
    operation: "createEndpoint" | "updateEndpoint",
    request: CreateEndpoint | UpdateEndpoint,
  ): Promise<Endpoint> {
    const answer = await this.#caller.call(operation, { body: { ...request } });
    const endpoint = new Reader(operation, answer).object("endpoint", readEndpoint);
    verifyEcho(operation, { ...request }, answer.endpoint as JsonObject);
    return endpoint;
  }
}

function readEndpoint(reader: Reader): Endpoint {
  return defined({
    endpoint_id: reader.text("endpoint_id"),
    name: reader.text("name"),
    model_mappings: reader.list("model_mappings", readMapping),
    tags: reader.list("tags", readTag),
    routing_strategy: reader.optionalText<RoutingStrategy>("routing_strategy"),
    fallback_config: reader.optionalObject("fallback_config", readFallbackConfig),
    experiment_id: reader.optionalText("experiment_id"),
    usage_tracking: reader.optionalBoolean("usage_tracking"),
    created_at: reader.number("created_at"),
    last_updated_at: reader.number("last_updated_at"),
    created_by: reader.optionalText("created_by"),
    last_updated_by: reader.optionalText("last_updated_by"),
  });
}

function readMapping(reader: Reader): ModelMapping {
  return defined({
    mapping_id: reader.text("mapping_id"),
    endpoint_id: reader.text("endpoint_id"),
    model_definition_id: reader.text("model_definition_id"),
    model_definition: reader.optionalObject("model_definition", readModelDefinition),
    linkage_type: reader.text<LinkageType>("linkage_type"),
    weight: reader.number("weight"),
    fallback_order: reader.optionalNumber("fallback_order"),
  });
}

function readTag(reader: Reader): EndpointTag {
  return { key: reader.text("key"), value: reader.optionalText("value") ?? "" };
}

function readFallbackConfig(reader: Reader): FallbackConfig {
  return defined({
    strategy: reader.optionalText<FallbackStrategy>("strategy"),
    max_attempts: reader.optionalNumber("max_attempts"),
  });
}

const INT32_MAX = 2 ** 31 - 1;
/** Far above any share of traffic, far below what a 32-bit float cannot hold. */
const WEIGHT_MAX = 1_000_000;

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

const CREATE_ENDPOINT = fields({
  required: { name, model_configs: filledList(modelConfig) },
  optional: { ...FIELDS, created_by: text() },
});

const UPDATE_ENDPOINT = fields({
  required: { endpoint_id: text() },
  optional: { ...FIELDS, name, model_configs: filledList(modelConfig), updated_by: text() },
  together: ({ model_configs: models, fallback_config: fallback }): Problem | undefined =>
    models === undefined || fallback !== undefined
      ? undefined
      : {
          field: "fallback_config",
          allowed: "given with model_configs ({} for none; the server resets it otherwise)",
          got: "nothing",
        },
});

const ENDPOINT_REFERENCE = fields({
  optional: { endpoint_id: text(), name: text() },
  together: ({ endpoint_id: id, name: byName }): Problem | undefined =>
    (id === undefined) === (byName === undefined)
      ? { field: "", allowed: "either an endpoint_id or a name", got: id ? "both" : "neither" }
      : undefined,
});

const SET_TAG = fields({
  required: { endpoint_id: text(), key: text({ max: 250 }), value: text({ min: 0, max: 5000 }) },
});
