import type { Caller, CallOptions } from "#gateway/call/caller.ts";
import { checkRequest } from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import { written } from "#gateway/call/echo.ts";
import { isObject, rawList } from "#gateway/call/json.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import { many, one } from "#gateway/call/read.ts";
import { GatewayStatusError } from "#gateway/errors.ts";
import type { RequestFields } from "#gateway/operations.ts";
import type { AttachModel, CreateEndpoint, Forced, UpdateEndpoint } from "#gateway/requests.ts";
import type { Endpoint, EndpointTag, ModelMapping } from "#gateway/types.ts";
import type { DiscoveryOperations } from "./discovery.ts";
import {
  ATTACH_MODEL,
  CREATE_ENDPOINT,
  DELETE_TAG,
  DETACH_MODEL,
  ENDPOINT_ID,
  ENDPOINT_REFERENCE,
  LIST_ENDPOINTS,
  SET_TAG,
  UPDATE_ENDPOINT,
} from "./endpoint-checks.ts";
import { ENDPOINT, MAPPING } from "./endpoint-entity.ts";
import { checkServing, type Serving } from "./endpoint-serving.ts";
import { type EndpointType, withType } from "./endpoint-type.ts";

/** How an endpoint is looked up: the only resource that the server finds by name. */
export type EndpointReference = { readonly endpoint_id: string } | { readonly name: string };

/**
 * What applications call: models with their share of the traffic and their order as fallbacks. The
 * calls that set models or routing throw `GatewayRequestError` when the endpoint, by the request and
 * by what is stored, would answer badly afterwards; `force` skips that question.
 */
export class EndpointOperations extends OperationGroup {
  readonly #discovery: DiscoveryOperations;

  constructor(caller: Caller, discovery: DiscoveryOperations) {
    super(caller);
    this.#discovery = discovery;
  }

  /**
   * The name is unique per workspace (`gateway-already-exists`). With `usage_tracking`, which is on
   * by default, the server makes an experiment for the traces too; without, no budget counts.
   */
  async create({ force = false, ...request }: CreateEndpoint & Forced): Promise<Endpoint> {
    checkRequest("createEndpoint", { ...request, force }, CREATE_ENDPOINT);
    // The server gives an endpoint that is made with FALLBACK models a fallback_config itself.
    const { model_configs: models, fallback_config = {} } = request;
    if (!force) checkServing("createEndpoint", { ...request, models, fallback_config });
    return await create(this.caller, {
      operation: "createEndpoint",
      kind: ENDPOINT,
      fields: request,
      // Not in the list, where an endpoint without models is missing.
      find: async (options) => {
        const found = await this.#row({ name: request.name }, options).catch(whenMissing);
        return isObject(found) ? [found] : [];
      },
      identity: ["name"],
    });
  }

  /** Throws with `gateway-not-found` when there is no such endpoint. */
  get(reference: EndpointReference): Promise<Endpoint> {
    return this.ask("getEndpoint", reference, ENDPOINT_REFERENCE, one(ENDPOINT));
  }

  /**
   * As {@link get}, for when the endpoint may well be missing. It also finds an endpoint without
   * any model, which {@link list} does not.
   */
  find(reference: EndpointReference): Promise<Endpoint | undefined> {
    return this.get(reference).catch(whenMissing);
  }

  /**
   * Replaces the fields given; the others stay. `model_configs` takes `fallback_config` with it
   * (`{}` for none), because the server would reset it otherwise. Neither `routing_strategy` nor
   * `experiment_id` can be taken away again.
   */
  async update({ force = false, ...request }: UpdateEndpoint & Forced): Promise<Endpoint> {
    checkRequest("updateEndpoint", { ...request, force }, UPDATE_ENDPOINT);
    const { model_configs: models, routing_strategy, fallback_config } = request;
    if (!force && (models || routing_strategy)) {
      const isWhole = models && routing_strategy;
      const stored: Serving | undefined = isWhole ? { models } : await this.#serving(request);
      if (stored) {
        checkServing("updateEndpoint", {
          models: models ?? stored.models,
          routing_strategy: routing_strategy ?? stored.routing_strategy,
          fallback_config: fallback_config ?? stored.fallback_config,
        });
      }
    }
    const answer = await this.caller.call("updateEndpoint", request);
    return written("updateEndpoint", answer, ENDPOINT, request);
  }

  /**
   * Deletes its mappings, tags, bindings, guardrails and grants too, but neither its experiment nor
   * the budgets for it. Throws with `gateway-not-found` when there is none.
   */
  delete(request: { readonly endpoint_id: string }): Promise<void> {
    return this.ask("deleteEndpoint", request, ENDPOINT_ID);
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
    checkRequest("listEndpoints", { endpoint_type }, LIST_ENDPOINTS);
    const endpoints = await this.ask("listEndpoints", filter, LIST_ENDPOINTS, many(ENDPOINT));
    return endpoint_type ? await withType(endpoints, endpoint_type, this.#discovery) : endpoints;
  }

  /**
   * Adds one model, once per linkage type (`gateway-already-exists`). The server would never use a
   * FALLBACK model that is added to an endpoint without a `fallback_config`. To change several
   * models at once, use {@link update}.
   */
  async attachModel({ force = false, ...request }: AttachModel & Forced): Promise<ModelMapping> {
    checkRequest("attachModel", { ...request, force }, ATTACH_MODEL);
    const { endpoint_id, model_config: model } = request;
    const stored = force ? undefined : await this.#serving(request);
    if (stored && !stored.models.some((other) => isSameLink(other, model))) {
      checkServing("attachModel", { ...stored, models: [...stored.models, model] });
    }
    return await create(this.caller, {
      operation: "attachModel",
      kind: MAPPING,
      fields: request,
      find: async (options) =>
        rawList(await this.#row({ endpoint_id }, options), MAPPING.many).filter((mapping) =>
          isSameLink(mapping, model),
        ),
    });
  }

  /**
   * Takes a model off the endpoint, both as PRIMARY and as FALLBACK: the server removes one of the
   * two in a call, whichever it finds first, so this makes two calls. With `force` the last model
   * may go too; {@link list} does not show the endpoint then. Throws with `gateway-not-found` when
   * the model is not attached.
   */
  async detachModel({
    force = false,
    ...request
  }: {
    readonly endpoint_id: string;
    readonly model_definition_id: string;
  } & Forced): Promise<void> {
    checkRequest("detachModel", { ...request, force }, DETACH_MODEL);
    const stored = force ? undefined : await this.#serving(request);
    if (stored) {
      const models = stored.models.filter(
        ({ model_definition_id: id }) => id !== request.model_definition_id,
      );
      checkServing("detachModel", { ...stored, models }, stored);
    }
    await this.caller.call("detachModel", request);
    await this.caller.call("detachModel", request).catch(whenMissing);
  }

  /** Adds or replaces one tag. The server's answer is empty: only a later `get` shows the tag. */
  setTag(request: { readonly endpoint_id: string } & EndpointTag): Promise<void> {
    return this.ask("setEndpointTag", request, SET_TAG);
  }

  /** Also succeeds when the endpoint has no such tag. */
  deleteTag(request: { readonly endpoint_id: string; readonly key: string }): Promise<void> {
    return this.ask("deleteEndpointTag", request, DELETE_TAG);
  }

  /** Nothing of an endpoint that is missing: the server will say so itself. */
  async #serving({
    endpoint_id,
  }: {
    readonly endpoint_id: string;
  }): Promise<Serving<ModelMapping> | undefined> {
    const stored = await this.find({ endpoint_id });
    return stored && { ...stored, models: stored.model_mappings };
  }

  /** The endpoint as it came. */
  async #row(reference: RequestFields<"getEndpoint">, options: CallOptions): Promise<unknown> {
    return (await this.caller.call("getEndpoint", reference, options)).endpoint;
  }
}

interface Link {
  readonly model_definition_id?: unknown;
  readonly linkage_type?: unknown;
}

function isSameLink(one: Link, other: Link): boolean {
  return (
    one.model_definition_id === other.model_definition_id && one.linkage_type === other.linkage_type
  );
}

/** Nothing for what is missing; other failures stay what they are. */
function whenMissing(error: unknown): undefined {
  if (error instanceof GatewayStatusError && error.code === "gateway-not-found") return undefined;
  throw error;
}
