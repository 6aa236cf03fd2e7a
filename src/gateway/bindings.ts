import type { Caller } from "./caller.ts";
import { rawList } from "./read.ts";
import { Resource } from "./resource.ts";
import * as read from "./shape.ts";
import type { Binding, BindingIdentity, CreateBinding, ResourceType } from "./types.ts";

/** Which resources of MLflow use which endpoints; so far only scorers do. */
export class BindingOperations {
  readonly #caller: Caller;
  readonly #bindings: Resource<Binding>;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.#bindings = new Resource(caller, { one: "binding", many: "bindings", read: readBinding });
  }

  /** A second one of the same three fields is refused (`gateway-already-exists`). */
  async create(request: CreateBinding): Promise<Binding> {
    const { endpoint_id, resource_type, resource_id } = request;
    return await this.#bindings.create("createBinding", request, {
      isUnique: true,
      find: async (options) => {
        const identity = { endpoint_id, resource_type, resource_id };
        return rawList(await this.#caller.call("listBindings", identity, options), "bindings");
      },
    });
  }

  /** Throws with `gateway-not-found` when there is no such binding. */
  async delete(request: BindingIdentity): Promise<void> {
    await this.#bindings.act("deleteBinding", request);
  }

  /** Bindings that fit all given fields; an unknown endpoint has none. For administrators only. */
  async list(filter: Partial<BindingIdentity> = {}): Promise<Binding[]> {
    return await this.#bindings.list("listBindings", filter);
  }
}

const readBinding = read.shape({
  endpoint_id: read.text,
  resource_type: read.text<ResourceType>,
  resource_id: read.text,
  display_name: read.textIfAny,
  ...read.STAMPS,
});
