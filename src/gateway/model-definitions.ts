import type { Caller } from "./caller.ts";
import { checkRequest, fields, text } from "./checks.ts";
import { verifyEcho } from "./echo.ts";
import { defined, type JsonObject, Reader } from "./read.ts";
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
    return await this.#write("createModelDefinition", request);
  }

  /** Replaces the fields given; the others stay. */
  async update(request: UpdateModelDefinition): Promise<ModelDefinition> {
    checkRequest("updateModelDefinition", request, UPDATE_MODEL_DEFINITION);
    return await this.#write("updateModelDefinition", request);
  }

  /** All model definitions that the user may see; MLflow leaves out others silently. */
  async list(
    filter: { readonly provider?: string; readonly secret_id?: string } = {},
  ): Promise<ModelDefinition[]> {
    checkRequest("listModelDefinitions", filter, LIST_MODEL_DEFINITIONS);
    const answer = await this.#caller.call("listModelDefinitions", { query: filter });
    return new Reader("listModelDefinitions", answer).list(
      "model_definitions",
      readModelDefinition,
    );
  }

  async #write(
    operation: "createModelDefinition" | "updateModelDefinition",
    request: CreateModelDefinition | UpdateModelDefinition,
  ): Promise<ModelDefinition> {
    const answer = await this.#caller.call(operation, { body: { ...request } });
    const definition = new Reader(operation, answer).object(
      "model_definition",
      readModelDefinition,
    );
    verifyEcho(operation, { ...request }, answer.model_definition as JsonObject);
    return definition;
  }
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

const CREATE_MODEL_DEFINITION = fields({ required: FIELDS, optional: { created_by: text() } });

const UPDATE_MODEL_DEFINITION = fields({
  required: { model_definition_id: text() },
  optional: { ...FIELDS, updated_by: text() },
});

const LIST_MODEL_DEFINITIONS = fields({ optional: { provider: text(), secret_id: text() } });
