import type { Caller } from "./caller.ts";
import { checkRequest, fields, text } from "./checks.ts";
import { create } from "./creation.ts";
import { verifyEcho } from "./echo.ts";
import { defined, type JsonObject, Reader, rawList } from "./read.ts";
import type { CreateModelDefinition, ModelDefinition, UpdateModelDefinition } from "./types.ts";

/** A model of a provider together with the secret that pays for it. */
export class ModelDefinitionOperations {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The name is unique per workspace (`gateway-already-exists`). */
  async create(request: CreateModelDefinition): Promise<ModelDefinition> {
    checkRequest("createModelDefinition", request, CREATE_MODEL_DEFINITION);
    const answer = await create(this.#caller, {
      operation: "createModelDefinition",
      entity: "model_definition",
      fields: request,
      isUnique: true,
      find: async (options) => {
        const all = await this.#caller.call("listModelDefinitions", {}, options);
        return rawList(all, "model_definitions").filter(({ name }) => name === request.name);
      },
    });
    return readWritten("createModelDefinition", request, answer);
  }

  /** Throws with `gateway-not-found` when there is no such model definition. */
  async get(request: { readonly model_definition_id: string }): Promise<ModelDefinition> {
    checkRequest("getModelDefinition", request, MODEL_DEFINITION_ID);
    const answer = await this.#caller.call("getModelDefinition", request);
    return new Reader("getModelDefinition", answer).object("model_definition", readModelDefinition);
  }

  /** Replaces the fields given; the others stay. */
  async update(request: UpdateModelDefinition): Promise<ModelDefinition> {
    checkRequest("updateModelDefinition", request, UPDATE_MODEL_DEFINITION);
    const answer = await this.#caller.call("updateModelDefinition", request);
    return readWritten("updateModelDefinition", request, answer);
  }

  /**
   * One that an endpoint uses is refused (`gateway-refused`, 500 INVALID_STATE): detach it first.
   */
  async delete(request: { readonly model_definition_id: string }): Promise<void> {
    checkRequest("deleteModelDefinition", request, MODEL_DEFINITION_ID);
    await this.#caller.call("deleteModelDefinition", request);
  }

  /** All model definitions that the user may see; MLflow leaves out others silently. */
  async list(
    filter: { readonly provider?: string; readonly secret_id?: string } = {},
  ): Promise<ModelDefinition[]> {
    checkRequest("listModelDefinitions", filter, LIST_MODEL_DEFINITIONS);
    const answer = await this.#caller.call("listModelDefinitions", filter);
    return new Reader("listModelDefinitions", answer).list(
      "model_definitions",
      readModelDefinition,
    );
  }
}

function readWritten(operation: string, sent: object, answer: JsonObject): ModelDefinition {
  const definition = new Reader(operation, answer).object("model_definition", readModelDefinition);
  verifyEcho(operation, { ...sent }, answer.model_definition as JsonObject);
  return definition;
}

export function readModelDefinition(reader: Reader): ModelDefinition {
  return defined({
    model_definition_id: reader.text("model_definition_id"),
    name: reader.text("name"),
    secret_id: reader.optionalText("secret_id"),
    secret_name: reader.optionalText("secret_name"),
    provider: reader.text("provider"),
    model_name: reader.text("model_name"),
    created_at: reader.number("created_at"),
    last_updated_at: reader.number("last_updated_at"),
    created_by: reader.optionalText("created_by"),
    last_updated_by: reader.optionalText("last_updated_by"),
  });
}

const FIELDS = {
  name: text(),
  secret_id: text(),
  provider: text({ max: 64 }),
  model_name: text({ max: 256 }),
};

const MODEL_DEFINITION_ID = fields({ required: { model_definition_id: text() } });

const CREATE_MODEL_DEFINITION = fields({ required: FIELDS, optional: { created_by: text() } });

const UPDATE_MODEL_DEFINITION = fields({
  required: { model_definition_id: text() },
  optional: { ...FIELDS, updated_by: text() },
});

const LIST_MODEL_DEFINITIONS = fields({ optional: { provider: text(), secret_id: text() } });
