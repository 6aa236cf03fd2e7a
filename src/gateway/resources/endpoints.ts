import type { Caller, CallOptions } from "#gateway/call/caller.ts";
import { checkRequest } from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import { isObject, rawList } from "#gateway/call/json.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import { many, one } from "#gateway/call/read.ts";
import { GatewayRequestError, GatewayStatusError } from "#gateway/errors.ts";
import type { RequestFields } from "#gateway/operations.ts";
import type {
  AttachModel,
  CreateEndpoint,
  Endpoint,
  EndpointTag,
  ModelMapping,
  UpdateEndpoint,
} from "#gateway/types.ts";
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
import { type EndpointType, withType } from "./endpoint-type.ts";

/** How an endpoint is looked up: the only resource that the server finds by name. */
export type EndpointReference = { readonly endpoint_id: string } | { readonly name: string };

/** What applications call: models with their share of the traffic and their order as fallbacks. */
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
  async create(request: CreateEndpoint): Promise<Endpoint> {
    return await create(this.caller, {
      operation: "createEndpoint",
      check: CREATE_ENDPOINT,
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
  update(request: UpdateEndpoint): Promise<Endpoint> {
    return this.write("updateEndpoint", request, UPDATE_ENDPOINT, ENDPOINT);
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
   * Adds one model, once per linkage type (`gateway-already-exists`). A FALLBACK model is refused
   * (`GatewayRequestError`) on an endpoint without a `fallback_config`: there it would never be
   * used. To change several models at once, use {@link update}.
   */
  async attachModel(request: AttachModel): Promise<ModelMapping> {
    checkRequest("attachModel", request, ATTACH_MODEL);
    const { endpoint_id, model_config: model } = request;
    if (model.linkage_type === "FALLBACK" && !(await this.get({ endpoint_id })).fallback_config) {
      throw new GatewayRequestError(
        "attachModel: the endpoint has no fallback_config, so the server would never use a FALLBACK model: give it one first",
      );
    }
    return await create(this.caller, {
      operation: "attachModel",
      kind: MAPPING,
      fields: request,
      find: async (options) =>
        rawList(await this.#row({ endpoint_id }, options), MAPPING.many).filter(
          ({ model_definition_id, linkage_type }) =>
            model_definition_id === model.model_definition_id &&
            linkage_type === model.linkage_type,
        ),
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
    await this.ask("detachModel", request, DETACH_MODEL);
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

  /** The endpoint as it came. */
  async #row(reference: RequestFields<"getEndpoint">, options: CallOptions): Promise<unknown> {
    return (await this.caller.call("getEndpoint", reference, options)).endpoint;
  }
}

/** Nothing for what is missing; other failures stay what they are. */
function whenMissing(error: unknown): undefined {
  if (error instanceof GatewayStatusError && error.code === "gateway-not-found") return undefined;
  throw error;
}
