import { fields, text, textOf } from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import * as read from "#gateway/call/read.ts";
import type { CreateModelDefinition, UpdateModelDefinition } from "#gateway/requests.ts";
import type { ModelDefinition } from "#gateway/types.ts";

/** A model of a provider together with the secret that pays for it. */
export class ModelDefinitionOperations extends OperationGroup {
  /** The name is unique per workspace (`gateway-already-exists`). */
  async create(request: CreateModelDefinition): Promise<ModelDefinition> {
    return await create(this.caller, {
      operation: "createModelDefinition",
      check: CREATE,
      kind: MODEL_DEFINITION,
      fields: request,
      find: (options) => this.rows("listModelDefinitions", {}, MODEL_DEFINITION, options),
      identity: ["name"],
    });
  }

  /** Throws with `gateway-not-found` when there is no such model definition. */
  get(request: { readonly model_definition_id: string }): Promise<ModelDefinition> {
    return this.ask("getModelDefinition", request, ID, read.one(MODEL_DEFINITION));
  }

  /** Replaces the fields given; the others stay. */
  update(request: UpdateModelDefinition): Promise<ModelDefinition> {
    return this.write("updateModelDefinition", request, UPDATE, MODEL_DEFINITION);
  }

  /**
   * One that an endpoint uses is refused (`gateway-refused`, 500 INVALID_STATE): detach it first.
   */
  delete(request: { readonly model_definition_id: string }): Promise<void> {
    return this.ask("deleteModelDefinition", request, ID);
  }

  /** All model definitions that the user may see; MLflow leaves out others silently. */
  list(
    filter: { readonly provider?: string; readonly secret_id?: string } = {},
  ): Promise<ModelDefinition[]> {
    return this.ask("listModelDefinitions", filter, FILTER, read.many(MODEL_DEFINITION));
  }
}

export const MODEL_DEFINITION: read.Kind<ModelDefinition> = {
  one: "model_definition",
  many: "model_definitions",
  read: read.object({
    model_definition_id: read.text,
    name: read.text,
    secret_id: read.textIfAny,
    secret_name: read.textIfAny,
    provider: read.text,
    model_name: read.text,
    ...read.STAMPS,
  }),
};

const FIELDS = {
  name: text,
  secret_id: text,
  provider: textOf({ max: 64 }),
  model_name: textOf({ max: 256 }),
};

const IDENTITY = { model_definition_id: text };
const ID = fields(IDENTITY);
const CREATE = fields(FIELDS, { created_by: text });
const UPDATE = fields(IDENTITY, { ...FIELDS, updated_by: text });
const FILTER = fields({}, { provider: text, secret_id: text });
