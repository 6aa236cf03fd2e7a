import type { Caller } from "./caller.ts";
import { checkRequest, fields, integer, oneOf, optionallyNull, text } from "./checks.ts";
import { create } from "./creation.ts";
import { refuseLost, unstoredField, verifyEcho } from "./echo.ts";
import { collected, type PagedList, type PageOptions, pages } from "./pages.ts";
import { defined, type JsonObject, Reader, rawList } from "./read.ts";
import {
  type CreateGuardrail,
  GUARDRAIL_ACTIONS,
  GUARDRAIL_STAGES,
  type Guardrail,
  type GuardrailAction,
  type GuardrailConfig,
  type GuardrailPlacement,
  type GuardrailScorer,
  type GuardrailStage,
} from "./types.ts";

/** Judges that check, or rewrite, what goes to a model or comes from it. MLflow 3.12 or newer. */
export class GuardrailOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /**
   * Makes a guardrail of a registered scorer; one whose code is custom is refused. Names are not
   * unique, and there is no update: create another one and put it in the place of the first.
   */
  async create(request: CreateGuardrail): Promise<Guardrail> {
    checkRequest("createGuardrail", request, CREATE_GUARDRAIL);
    const lostField = comparison(request, await this.#nameOf(request.action_endpoint_id));
    const answer = await create(this.#caller, {
      operation: "createGuardrail",
      entity: "guardrail",
      fields: request,
      isUnique: false,
      lostField,
      find: async (options) => {
        const all = await collected(pages(this.#caller, GUARDRAILS, {}, options));
        return all.filter((guardrail) => isLike(guardrail, request)).map((found) => ({ ...found }));
      },
    });
    const guardrail = new Reader("createGuardrail", answer).object("guardrail", readGuardrail);
    refuseLost("createGuardrail", lostField(answer.guardrail as JsonObject));
    return guardrail;
  }

  /** Throws with `gateway-not-found` when there is no such guardrail. */
  async get(request: { readonly guardrail_id: string }): Promise<Guardrail> {
    checkRequest("getGuardrail", request, GUARDRAIL_ID);
    const answer = await this.#caller.call("getGuardrail", request);
    return new Reader("getGuardrail", answer).object("guardrail", readGuardrail);
  }

  /** Takes it off all endpoints too. Throws with `gateway-not-found` when there is none. */
  async delete(request: { readonly guardrail_id: string }): Promise<void> {
    checkRequest("deleteGuardrail", request, GUARDRAIL_ID);
    await this.#caller.call("deleteGuardrail", request);
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
    checkRequest("addGuardrail", request, ADD_GUARDRAIL);
    const { endpoint_id, guardrail_id } = request;
    const answer = await create(this.#caller, {
      operation: "addGuardrail",
      entity: "config",
      fields: request,
      isUnique: true,
      find: async (options) => {
        const all = await this.#caller.call("listEndpointGuardrails", { endpoint_id }, options);
        return rawList(all, "configs").filter((config) => config.guardrail_id === guardrail_id);
      },
    });
    return readWritten("addGuardrail", { ...request }, answer);
  }

  /** Throws with `gateway-not-found` when the guardrail does not stand on the endpoint. */
  async removeFromEndpoint(request: GuardrailPlacement): Promise<void> {
    checkRequest("removeGuardrail", request, fields({ required: PLACEMENT }));
    await this.#caller.call("removeGuardrail", request);
  }

  /** In the order in which they run. */
  async listForEndpoint(request: { readonly endpoint_id: string }): Promise<GuardrailConfig[]> {
    checkRequest("listEndpointGuardrails", request, fields({ required: { endpoint_id: text() } }));
    const answer = await this.#caller.call("listEndpointGuardrails", request);
    return new Reader("listEndpointGuardrails", answer).list("configs", readConfig);
  }

  /**
   * Sets the order among the guardrails of an endpoint. The order must be given, because the server
   * takes an absent one for "last": say so with null.
   */
  async updateConfig(
    request: GuardrailPlacement & { readonly execution_order: number | null },
  ): Promise<GuardrailConfig> {
    checkRequest("updateGuardrailConfig", request, UPDATE_CONFIG);
    const { execution_order, ...placement } = request;
    const wanted = { ...placement, execution_order: execution_order ?? undefined };
    const answer = await this.#caller.call("updateGuardrailConfig", wanted);
    return readWritten("updateGuardrailConfig", wanted, answer);
  }

  async #nameOf(endpoint_id: string | undefined): Promise<string | undefined> {
    if (endpoint_id === undefined) return undefined;
    const answer = await this.#caller.call("getEndpoint", { endpoint_id });
    return new Reader("getEndpoint", answer).object("endpoint", (reader) => reader.text("name"));
  }
}

/** The server takes an endpoint's id and answers with its name in the field of the id. */
function comparison(
  { action_endpoint_id: id, ...request }: CreateGuardrail,
  name: string | undefined,
): (stored: JsonObject) => string | undefined {
  return (stored) => {
    const isStored = id === undefined || [id, name].includes(String(stored.action_endpoint_id));
    return isStored ? unstoredField(request, stored) : "action_endpoint_id";
  };
}

function isLike({ name, scorer, stage }: Guardrail, wanted: CreateGuardrail): boolean {
  return name === wanted.name && scorer.scorer_id === wanted.scorer_id && stage === wanted.stage;
}

function readWritten(operation: string, sent: JsonObject, answer: JsonObject): GuardrailConfig {
  const config = new Reader(operation, answer).object("config", readConfig);
  verifyEcho(
    operation,
    { ...sent, execution_order: sent.execution_order ?? null },
    {
      ...config,
      execution_order: config.execution_order ?? null,
    },
  );
  return config;
}

function readGuardrail(reader: Reader): Guardrail {
  return defined({
    guardrail_id: reader.text("guardrail_id"),
    name: reader.text("name"),
    scorer: reader.object("scorer", readScorer),
    stage: reader.text<GuardrailStage>("stage"),
    action: reader.text<GuardrailAction>("action"),
    action_endpoint_id: reader.optionalText("action_endpoint_id"),
    created_at: reader.number("created_at"),
    last_updated_at: reader.number("last_updated_at"),
    created_by: reader.optionalText("created_by"),
    last_updated_by: reader.optionalText("last_updated_by"),
  });
}

const GUARDRAILS: PagedList<Guardrail> = {
  operation: "listGuardrails",
  field: "guardrails",
  read: readGuardrail,
};

function readScorer(reader: Reader): GuardrailScorer {
  return defined({
    scorer_id: reader.text("scorer_id"),
    scorer_version: reader.number("scorer_version"),
    scorer_name: reader.optionalText("scorer_name"),
    experiment_id: reader.optionalId("experiment_id"),
    serialized_scorer: reader.optionalText("serialized_scorer"),
  });
}

function readConfig(reader: Reader): GuardrailConfig {
  return defined({
    endpoint_id: reader.text("endpoint_id"),
    guardrail_id: reader.text("guardrail_id"),
    execution_order: reader.optionalNumber("execution_order"),
    guardrail: reader.optionalObject("guardrail", readGuardrail),
    created_at: reader.number("created_at"),
    created_by: reader.optionalText("created_by"),
  });
}

const INT32_MAX = 2 ** 31 - 1;

const order = integer(-INT32_MAX, INT32_MAX);
const PLACEMENT = { endpoint_id: text(), guardrail_id: text() };

const CREATE_GUARDRAIL = fields({
  required: {
    name: text(),
    scorer_id: text(),
    scorer_version: integer(1, INT32_MAX),
    // To an unknown stage the server answers 500 with a web page.
    stage: oneOf(GUARDRAIL_STAGES),
    action: oneOf(GUARDRAIL_ACTIONS),
  },
  optional: { action_endpoint_id: text() },
});

const GUARDRAIL_ID = fields({ required: { guardrail_id: text() } });
const ADD_GUARDRAIL = fields({ required: PLACEMENT, optional: { execution_order: order } });
const UPDATE_CONFIG = fields({
  required: { ...PLACEMENT, execution_order: optionallyNull(order) },
});
