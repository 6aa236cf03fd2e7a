import type { Caller } from "./caller.ts";
import { unstoredField } from "./echo.ts";
import { collected, type PagedList, type PageOptions, pages } from "./pages.ts";
import { type JsonObject, rawList } from "./read.ts";
import { checkOperation, type LostField, Resource } from "./resource.ts";
import * as read from "./shape.ts";
import type {
  CreateGuardrail,
  Guardrail,
  GuardrailAction,
  GuardrailConfig,
  GuardrailPlacement,
  GuardrailStage,
} from "./types.ts";

/** Judges that check, or rewrite, what goes to a model or comes from it. MLflow 3.12 or newer. */
export class GuardrailOperations {
  readonly #caller: Caller;
  readonly #guardrails: Resource<Guardrail>;
  readonly #configs: Resource<GuardrailConfig>;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#guardrails = new Resource(caller, GUARDRAIL);
    this.#configs = new Resource(caller, CONFIG);
  }

  /**
   * Makes a guardrail of a registered scorer; one whose code is custom is refused. Names are not
   * unique, and there is no update: create another one and put it in the place of the first.
   */
  async create(request: CreateGuardrail): Promise<Guardrail> {
    checkOperation("createGuardrail", request);
    const lostField = comparison(request, await this.#nameOf(request.action_endpoint_id));
    return await this.#guardrails.create("createGuardrail", request, {
      isUnique: false,
      lostField,
      find: async (options) => {
        const all = await collected(pages(this.#caller, GUARDRAILS, {}, options));
        return all.filter((guardrail) => isLike(guardrail, request)).map((found) => ({ ...found }));
      },
    });
  }

  /** Throws with `gateway-not-found` when there is no such guardrail. */
  async get(request: { readonly guardrail_id: string }): Promise<Guardrail> {
    return await this.#guardrails.get("getGuardrail", request);
  }

  /** Takes it off all endpoints too. Throws with `gateway-not-found` when there is none. */
  async delete(request: { readonly guardrail_id: string }): Promise<void> {
    await this.#guardrails.act("deleteGuardrail", request);
  }

  /** All guardrails of the workspace, over all pages. For administrators only. */
  async list(): Promise<Guardrail[]> {
    return await collected(this.pages());
  }

  /** As {@link list}, page by page. */
  pages(options: PageOptions = {}): AsyncGenerator<Guardrail[], void, undefined> {
    return pages(this.#caller, GUARDRAILS, options);
  }

  /** A guardrail stands on an endpoint at most once (`gateway-already-exists`). */
  async addToEndpoint(
    request: GuardrailPlacement & { readonly execution_order?: number },
  ): Promise<GuardrailConfig> {
    const { endpoint_id, guardrail_id } = request;
    return await this.#configs.create("addGuardrail", request, {
      lostField: lostInConfig({ ...request }),
      isUnique: true,
      find: async (options) => {
        const all = await this.#caller.call("listEndpointGuardrails", { endpoint_id }, options);
        return rawList(all, "configs").filter((config) => config.guardrail_id === guardrail_id);
      },
    });
  }

  /** Throws with `gateway-not-found` when the guardrail does not stand on the endpoint. */
  async removeFromEndpoint(request: GuardrailPlacement): Promise<void> {
    await this.#configs.act("removeGuardrail", request);
  }

  /** In the order in which they run. */
  async listForEndpoint(request: { readonly endpoint_id: string }): Promise<GuardrailConfig[]> {
    return await this.#configs.list("listEndpointGuardrails", request);
  }

  /**
   * Sets the order among the guardrails of an endpoint. The order must be given, because the server
   * takes an absent one for "last": say so with null.
   */
  async updateConfig(
    request: GuardrailPlacement & { readonly execution_order: number | null },
  ): Promise<GuardrailConfig> {
    const { execution_order, ...placement } = request;
    const fields = { ...placement, execution_order: execution_order ?? undefined };
    const lostField = lostInConfig(fields);
    return await this.#configs.update("updateGuardrailConfig", request, { fields, lostField });
  }

  async #nameOf(endpoint_id: string | undefined): Promise<string | undefined> {
    if (endpoint_id === undefined) return undefined;
    const answer = await this.#caller.call("getEndpoint", { endpoint_id });
    return read.readAnswer("getEndpoint", answer, readName).endpoint.name;
  }
}

const readName = read.shape({ endpoint: read.object(read.shape({ name: read.text })) });

/** The server takes an endpoint's id and answers with its name in the field of the id. */
function comparison(
  { action_endpoint_id: id, ...request }: CreateGuardrail,
  name: string | undefined,
): LostField {
  return (stored) => {
    const isStored = id === undefined || [id, name].includes(String(stored.action_endpoint_id));
    return isStored ? unstoredField(request, stored) : "action_endpoint_id";
  };
}

function isLike({ name, scorer, stage }: Guardrail, wanted: CreateGuardrail): boolean {
  return name === wanted.name && scorer.scorer_id === wanted.scorer_id && stage === wanted.stage;
}

/** An order that is not sent must be absent from what is stored. */
function lostInConfig({ execution_order = null, ...placement }: JsonObject): LostField {
  return (stored) =>
    (stored.execution_order ?? null) === execution_order
      ? unstoredField(placement, stored)
      : "execution_order";
}

const readScorer = read.shape({
  scorer_id: read.text,
  scorer_version: read.number,
  scorer_name: read.textIfAny,
  experiment_id: read.idIfAny,
  serialized_scorer: read.textIfAny,
});

const readGuardrail = read.shape({
  guardrail_id: read.text,
  name: read.text,
  scorer: read.object(readScorer),
  stage: read.text<GuardrailStage>,
  action: read.text<GuardrailAction>,
  action_endpoint_id: read.textIfAny,
  ...read.STAMPS,
});

const readConfig = read.shape({
  endpoint_id: read.text,
  guardrail_id: read.text,
  execution_order: read.numberIfAny,
  guardrail: read.objectIfAny(readGuardrail),
  created_at: read.number,
  created_by: read.textIfAny,
});

const GUARDRAIL = { one: "guardrail", many: "guardrails", read: readGuardrail };
const CONFIG = { one: "config", many: "configs", read: readConfig };

const GUARDRAILS: PagedList<Guardrail> = {
  operation: "listGuardrails",
  field: GUARDRAIL.many,
  read: readGuardrail,
};
