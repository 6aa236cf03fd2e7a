import {
  type Check,
  checkRequest,
  fields,
  int32,
  oneOf,
  positiveInt32,
  text,
} from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import {
  collected,
  type Page,
  type PagedKind,
  type PageOptions,
  page,
  pages,
} from "#gateway/call/pages.ts";
import * as read from "#gateway/call/read.ts";
import type { CreateGuardrail, GuardrailPlacement } from "#gateway/requests.ts";
import {
  GUARDRAIL_ACTIONS,
  GUARDRAIL_STAGES,
  type Guardrail,
  type GuardrailAction,
  type GuardrailConfig,
  type GuardrailStage,
} from "#gateway/types.ts";
import { ENDPOINT_ID } from "./endpoint-checks.ts";

/** Judges that check, or rewrite, what goes to a model or comes from it. MLflow 3.12 or newer. */
export class GuardrailOperations extends OperationGroup {
  /**
   * Makes a guardrail of a registered scorer; one whose code is custom is refused. Names are not
   * unique, and there is no update: create another one and put it in the place of the first.
   */
  async create(request: CreateGuardrail): Promise<Guardrail> {
    checkRequest("createGuardrail", request, CREATE_GUARDRAIL);
    const { action_endpoint_id: id } = request;
    // The server takes an endpoint's id and answers with its name in the field of the id.
    const names = id && [
      id,
      await this.ask("getEndpoint", { endpoint_id: id }, ENDPOINT_ID, ENDPOINT_NAME),
    ];
    return await create(this.caller, {
      operation: "createGuardrail",
      kind: GUARDRAIL,
      fields: request,
      isUnique: false,
      expected: { ...request, action_endpoint_id: names },
      find: (options) => collected(pages(this.caller, GUARDRAIL, {}, options)),
      identity: ["name", "scorer_id", "stage"],
    });
  }

  /** Throws with `gateway-not-found` when there is no such guardrail. */
  get(request: { readonly guardrail_id: string }): Promise<Guardrail> {
    return this.ask("getGuardrail", request, GUARDRAIL_ID, read.one(GUARDRAIL));
  }

  /** Takes it off all endpoints too. Throws with `gateway-not-found` when there is none. */
  delete(request: { readonly guardrail_id: string }): Promise<void> {
    return this.ask("deleteGuardrail", request, GUARDRAIL_ID);
  }

  /** All guardrails of the workspace, over all pages. For administrators only. */
  list(options: PageOptions = {}): Promise<Guardrail[]> {
    return collected(this.pages(options));
  }

  /** One page, and the token of the next one. */
  page(options: PageOptions = {}): Promise<Page<Guardrail>> {
    return page(this.caller, GUARDRAIL, options);
  }

  /** As {@link list}, page by page. */
  pages(options: PageOptions = {}): AsyncGenerator<Guardrail[], void, undefined> {
    return pages(this.caller, GUARDRAIL, options);
  }

  /** A guardrail stands on an endpoint at most once (`gateway-already-exists`). */
  async addToEndpoint(
    request: GuardrailPlacement & { readonly execution_order?: number },
  ): Promise<GuardrailConfig> {
    checkRequest("addGuardrail", request, ADD_GUARDRAIL);
    const { endpoint_id, execution_order = null } = request;
    return await create(this.caller, {
      operation: "addGuardrail",
      kind: CONFIG,
      fields: { ...request, execution_order },
      find: (options) => this.rows("listEndpointGuardrails", { endpoint_id }, CONFIG, options),
      identity: ["guardrail_id"],
    });
  }

  /** Throws with `gateway-not-found` when the guardrail does not stand on the endpoint. */
  removeFromEndpoint(request: GuardrailPlacement): Promise<void> {
    return this.ask("removeGuardrail", request, fields(PLACEMENT));
  }

  /** In the order in which they run. */
  listForEndpoint(request: { readonly endpoint_id: string }): Promise<GuardrailConfig[]> {
    return this.ask("listEndpointGuardrails", request, ENDPOINT_ID, read.many(CONFIG));
  }

  /**
   * Sets the order among the guardrails of an endpoint. The order must be given, because the server
   * takes an absent one for "last": say so with null.
   */
  updateConfig(
    request: GuardrailPlacement & { readonly execution_order: number | null },
  ): Promise<GuardrailConfig> {
    return this.write("updateGuardrailConfig", request, UPDATE_CONFIG, CONFIG);
  }
}

const ENDPOINT_NAME = read.field("endpoint", read.field("name", read.text));

const GUARDRAIL: PagedKind<Guardrail> = {
  listOperation: "listGuardrails",
  one: "guardrail",
  many: "guardrails",
  read: read.object({
    guardrail_id: read.text,
    name: read.text,
    scorer: read.object({
      scorer_id: read.text,
      scorer_version: read.number,
      scorer_name: read.textIfAny,
      experiment_id: read.idIfAny,
      serialized_scorer: read.textIfAny,
      creation_time: read.numberIfAny,
    }),
    stage: read.text<GuardrailStage>,
    action: read.text<GuardrailAction>,
    action_endpoint_id: read.textIfAny,
    ...read.STAMPS,
  }),
};

const CONFIG: read.Kind<GuardrailConfig> = {
  one: "config",
  many: "configs",
  read: read.object({
    endpoint_id: read.text,
    guardrail_id: read.text,
    execution_order: read.numberIfAny,
    guardrail: read.objectIfAny(GUARDRAIL.read),
    created_at: read.number,
    created_by: read.textIfAny,
  }),
};

const GUARDRAIL_ID = fields({ guardrail_id: text });
const PLACEMENT = { endpoint_id: text, guardrail_id: text };

const CREATE_GUARDRAIL = fields(
  {
    name: text,
    scorer_id: text,
    scorer_version: positiveInt32,
    // To an unknown stage the server answers 500 with a web page.
    stage: oneOf(GUARDRAIL_STAGES),
    action: oneOf(GUARDRAIL_ACTIONS),
  },
  { action_endpoint_id: text },
);

const ADD_GUARDRAIL = fields(PLACEMENT, { execution_order: int32 });

/** Null must be written out: it says that the guardrail shall be the last. */
const orderOrNull: Check = (value, place) => {
  if (value !== null) int32(value, place);
};
const UPDATE_CONFIG = fields({ ...PLACEMENT, execution_order: orderOrNull });
