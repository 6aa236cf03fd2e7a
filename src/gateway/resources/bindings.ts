import { fields, oneOf, text } from "#gateway/call/checks.ts";
import { create } from "#gateway/call/creation.ts";
import { OperationGroup } from "#gateway/call/operation-group.ts";
import * as read from "#gateway/call/read.ts";
import type { BindingIdentity, CreateBinding } from "#gateway/requests.ts";
import { type Binding, RESOURCE_TYPES, type ResourceType } from "#gateway/types.ts";

/** Which resources of MLflow use which endpoints; so far only scorers do. */
export class BindingOperations extends OperationGroup {
  /** A second one of the same three fields is refused (`gateway-already-exists`). */
  async create(request: CreateBinding): Promise<Binding> {
    return await create(this.caller, {
      operation: "createBinding",
      check: CREATE_BINDING,
      kind: BINDING,
      fields: request,
      find: (options) => {
        const { created_by: _, ...identity } = request;
        return this.rows("listBindings", identity, BINDING, options);
      },
    });
  }

  /** Throws with `gateway-not-found` when there is no such binding. */
  delete(request: BindingIdentity): Promise<void> {
    return this.ask("deleteBinding", request, BINDING_IDENTITY);
  }

  /** Bindings that fit all given fields; an unknown endpoint has none. For administrators only. */
  list(filter: Partial<BindingIdentity> = {}): Promise<Binding[]> {
    return this.ask("listBindings", filter, LIST_BINDINGS, read.many(BINDING));
  }
}

const BINDING: read.Kind<Binding> = {
  one: "binding",
  many: "bindings",
  read: read.object({
    endpoint_id: read.text,
    resource_type: read.text<ResourceType>,
    resource_id: read.text,
    display_name: read.textIfAny,
    ...read.STAMPS,
  }),
};

const IDENTITY = {
  endpoint_id: text,
  // The server answers 500 with a web page to any other.
  resource_type: oneOf(RESOURCE_TYPES),
  resource_id: text,
};

const BINDING_IDENTITY = fields(IDENTITY);
const CREATE_BINDING = fields(IDENTITY, { created_by: text });
const LIST_BINDINGS = fields({}, IDENTITY);
