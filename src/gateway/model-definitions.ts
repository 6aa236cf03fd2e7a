import type { Caller } from "./caller.ts";
import { rawList } from "./read.ts";
import { Resource } from "./resource.ts";
import * as read from "./shape.ts";
import type { CreateModelDefinition, ModelDefinition, UpdateModelDefinition } from "./types.ts";

/** A model of a provider together with the secret that pays for it. */
export class ModelDefinitionOperations {
  readonly #caller: Caller;
  readonly #definitions: Resource<ModelDefinition>;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#definitions = new Resource(caller, {
      one: "model_definition",
      many: "model_definitions",
      read: readModelDefinition,
    });
  }

  /** The name is unique per workspace (`gateway-already-exists`). */
  async create(request: CreateModelDefinition): Promise<ModelDefinition> {
    return await this.#definitions.create("createModelDefinition", request, {
      isUnique: true,
      find: async (options) => {
        const all = await this.#caller.call("listModelDefinitions", {}, options);
        return rawList(all, "model_definitions").filter(({ name }) => name === request.name);
      },
    });
  }

  /** Throws with `gateway-not-found` when there is no such model definition. */
  async get(request: { readonly model_definition_id: string }): Promise<ModelDefinition> {
    return await this.#definitions.get("getModelDefinition", request);
  }

  /** Replaces the fields given; the others stay. */
  async update(request: UpdateModelDefinition): Promise<ModelDefinition> {
    return await this.#definitions.update("updateModelDefinition", request);
  }

  /**
   * One that an endpoint uses is refused (`gateway-refused`, 500 INVALID_STATE): detach it first.
   */
  async delete(request: { readonly model_definition_id: string }): Promise<void> {
    await this.#definitions.act("deleteModelDefinition", request);
  }

  /** All model definitions that the user may see; MLflow leaves out others silently. */
  async list(
    filter: { readonly provider?: string; readonly secret_id?: string } = {},
  ): Promise<ModelDefinition[]> {
    return await this.#definitions.list("listModelDefinitions", filter);
  }
}

export const readModelDefinition = read.shape({
  model_definition_id: read.text,
  name: read.text,
  secret_id: read.textIfAny,
  secret_name: read.textIfAny,
  provider: read.text,
  model_name: read.text,
  ...read.STAMPS,
});
