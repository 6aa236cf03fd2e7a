import type { Caller } from "./caller.ts";
import { checkRequest } from "./checks.ts";
import type { DiscoveryOperations } from "./discovery.ts";
import { ENDPOINT_TYPE } from "./endpoint-checks.ts";
import { readEndpoint, readMapping } from "./endpoint-entity.ts";
import { type EndpointType, withType } from "./endpoint-type.ts";
import { GatewayRequestError, GatewayStatusError } from "./errors.ts";
import { isObject, type JsonObject, rawList } from "./read.ts";
import { checkOperation, Resource } from "./resource.ts";
import {
  type AttachModel,
  type CreateEndpoint,
  type Endpoint,
  type EndpointTag,
  LINKAGE_TYPES,
  type ModelMapping,
  type UpdateEndpoint,
} from "./types.ts";

/** How an endpoint is looked up: the only resource that the server finds by name. */
export type EndpointReference = { readonly endpoint_id: string } | { readonly name: string };

/** What applications call: models with their share of the traffic and their order as fallbacks. */
export class EndpointOperations {
  readonly #caller: Caller;
  readonly #endpoints: Resource<Endpoint>;
  readonly #mappings: Resource<ModelMapping>;
  readonly #discovery: DiscoveryOperations;

  constructor(caller: Caller, discovery: DiscoveryOperations) {
    this.#caller = caller;
    this.#endpoints = new Resource(caller, ENDPOINT);
    this.#mappings = new Resource(caller, MAPPING);
    this.#discovery = discovery;
  }

  /**
   * The name is unique per workspace (`gateway-already-exists`). With `usage_tracking`, which is on
   * by default, the server makes an experiment for the traces too; without, no budget counts.
   */
  async create(request: CreateEndpoint): Promise<Endpoint> {
    return await this.#endpoints.create("createEndpoint", request, {
      isUnique: true,
      // Not in the list, where an endpoint without models is missing.
      find: async (options) => {
        const missing: JsonObject = {};
        const { endpoint } = await this.#caller
          .call("getEndpoint", { name: request.name }, options)
          .catch(whenMissing(missing));
        return isObject(endpoint) ? [endpoint] : [];
      },
    });
  }

  /** Throws with `gateway-not-found` when there is no such endpoint. */
  async get(reference: EndpointReference): Promise<Endpoint> {
    return await this.#endpoints.get("getEndpoint", { ...reference });
  }

  /**
   * As {@link get}, for when the endpoint may well be missing. It also finds an endpoint without
   * any model, which {@link list} does not.
   */
  async find(reference: EndpointReference): Promise<Endpoint | undefined> {
    return await this.get(reference).catch(whenMissing(undefined));
  }

  /**
   * Replaces the fields given; the others stay. `model_configs` takes `fallback_config` with it
   * (`{}` for none), because the server would reset it otherwise. Neither `routing_strategy` nor
   * `experiment_id` can be taken away again.
   */
  async update(request: UpdateEndpoint): Promise<Endpoint> {
    return await this.#endpoints.update("updateEndpoint", request);
  }

  /**
   * Deletes its mappings, tags, bindings, guardrails and grants too, but neither its experiment nor
   * the budgets for it. Throws with `gateway-not-found` when there is none.
   */
  async delete(request: { readonly endpoint_id: string }): Promise<void> {
    await this.#endpoints.act("deleteEndpoint", request);
  }

  /**
   * All endpoints that the user may see; MLflow leaves out others silently, and those without any
   * model too. `provider` is the server's filter. `endpoint_type` is ours, because the server
   * stores no type: it keeps the endpoints with a model of that mode in the server's catalogue
   * ({@link DiscoveryOperations.models}, one more request for each provider).
   */
  async list({
    endpoint_type,
    ...filter
  }: {
    readonly provider?: string;
    readonly endpoint_type?: EndpointType;
  } = {}): Promise<Endpoint[]> {
    checkRequest("listEndpoints", { endpoint_type }, ENDPOINT_TYPE);
    const endpoints = await this.#endpoints.list("listEndpoints", filter);
    return endpoint_type ? await withType(endpoints, endpoint_type, this.#discovery) : endpoints;
  }

  /**
   * Adds one model, once per linkage type (`gateway-already-exists`). A FALLBACK model is refused
   * (`GatewayRequestError`) on an endpoint without a `fallback_config`: there it would never be
   * used. To change several models at once, use {@link update}.
   */
  async attachModel(request: AttachModel): Promise<ModelMapping> {
    checkOperation("attachModel", request);
    const { endpoint_id, model_config: model } = request;
    if (model.linkage_type === "FALLBACK") await this.#requireFallback(endpoint_id);
    return await this.#mappings.create("attachModel", request, {
      isUnique: true,
      find: async (options) => {
        const { endpoint } = await this.#caller.call("getEndpoint", { endpoint_id }, options);
        return rawList(isObject(endpoint) ? endpoint : {}, "model_mappings").filter(
          ({ model_definition_id, linkage_type }) =>
            model_definition_id === model.model_definition_id &&
            linkage_type === model.linkage_type,
        );
      },
    });
  }

  /**
   * Takes a model off the endpoint, both as PRIMARY and as FALLBACK: the server removes one of the
   * two in a call, whichever it finds first, so this makes two calls. The last model may go too;
   * {@link list} does not show the endpoint then. Throws with `gateway-not-found` when the model is
   * not attached.
   */
  async detachModel(request: {
    readonly endpoint_id: string;
    readonly model_definition_id: string;
  }): Promise<void> {
    await this.#endpoints.act("detachModel", request);
    for (const _ of LINKAGE_TYPES.slice(1)) {
      await this.#caller.call("detachModel", request).catch(whenMissing({}));
    }
  }

  /** Adds or replaces one tag. The server's answer is empty: only a later `get` shows the tag. */
  async setTag(request: { readonly endpoint_id: string } & EndpointTag): Promise<void> {
    await this.#endpoints.act("setEndpointTag", request);
  }

  /** Also succeeds when the endpoint has no such tag. */
  async deleteTag(request: { readonly endpoint_id: string; readonly key: string }): Promise<void> {
    await this.#endpoints.act("deleteEndpointTag", request);
  }

  async #requireFallback(endpoint_id: string): Promise<void> {
    const { fallback_config } = await this.get({ endpoint_id });
    if (fallback_config) return;
    throw new GatewayRequestError(
      "attachModel: the endpoint has no fallback_config, so the server would never use a FALLBACK model: update it with a fallback_config first",
    );
  }
}

const ENDPOINT = { one: "endpoint", many: "endpoints", read: readEndpoint };
const MAPPING = { one: "mapping", many: "model_mappings", read: readMapping };

function whenMissing<T>(substitute: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof GatewayStatusError && error.code === "gateway-not-found") {
      return substitute;
    }
    throw error;
  };
}
