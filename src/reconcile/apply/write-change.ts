import type { Change } from "#reconcile/change.ts";
import type { ActualOf, ActualResource, DesiredOf, Kind } from "#reconcile/state.ts";
import { assert } from "#runtime/assert.ts";
import { deleteSecret, type PushDependencies, type PushResult, pushSecret } from "#secrets/push.ts";
import { ignoreMissing } from "./gateway-writer.ts";
import { deleteBudget, writeBudget } from "./write-budget.ts";
import type { Update, WriteContext } from "./write-context.ts";
import { writeEndpoint } from "./write-endpoint.ts";
import { writeModelDefinition } from "./write-model-definition.ts";

export interface ChangeContext extends WriteContext {
  readonly workspace: string;
  /** All secrets go through the one writer of secrets. */
  readonly pushing: PushDependencies;
}

interface Written {
  /** On the gateway. */
  readonly id: string;
  /** Of a secret. */
  readonly push?: PushResult;
}

/** All calls of one change, in an order in which being stopped half-way does no harm. */
export async function writeChange(context: ChangeContext, change: Change): Promise<Written> {
  if (change.action === "delete") {
    await deleteResource(context, change.actual);
    return { id: change.actual.id };
  }
  const { desired } = change;
  switch (desired.kind) {
    case "secret": {
      const push = await pushSecret(context.pushing, targetOf(context, desired));
      return { id: push.secret_id, push };
    }
    case "model_definition":
      return {
        id: await writeModelDefinition(context, desired, updateOf(change, "model_definition")),
      };
    case "endpoint":
      return { id: await writeEndpoint(context, desired, updateOf(change, "endpoint")) };
    case "budget":
      return { id: await writeBudget(context, desired, updateOf(change, "budget")) };
  }
}

/** What is not there is done already. */
async function deleteResource(context: ChangeContext, actual: ActualResource): Promise<void> {
  const { gateway, pushing, workspace } = context;
  const { id, name } = actual;
  switch (actual.kind) {
    case "secret":
      return deleteSecret(pushing, { workspace, name, secret_id: id });
    case "model_definition":
      return gateway.modelDefinitions.delete({ model_definition_id: id }).catch(ignoreMissing);
    case "endpoint":
      return gateway.endpoints.delete({ endpoint_id: id }).catch(ignoreMissing);
    case "budget":
      return deleteBudget(context, actual);
  }
}

/** Undefined for a create. */
function updateOf<K extends Kind>(
  change: Exclude<Change, { action: "delete" }>,
  kind: K,
): Update<K> | undefined {
  if (change.action === "create") return undefined;
  const { action, actual, changed_fields } = change;
  assert(actual.kind === kind, `a change of a ${kind} is matched with another kind`);
  return { action, actual: actual as ActualOf<K>, changed_fields };
}

function targetOf({ workspace, owner }: ChangeContext, { name, fields }: DesiredOf<"secret">) {
  const { provider, auth_config, value_from } = fields;
  return { workspace, name, owner, provider, auth_config, value_from };
}
