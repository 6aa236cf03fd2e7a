import type { Change } from "#reconcile/change.ts";
import type { ActualOf, DesiredOf, Kind } from "#reconcile/state.ts";
import { assert } from "#runtime/assert.ts";
import type { KnownSecret } from "#secrets/known-secret.ts";
import type { SecretTarget } from "#secrets/managed-secret.ts";
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

interface Writer<K extends Kind> {
  /** Without `update` the resource is created. */
  readonly write: (
    context: ChangeContext,
    desired: DesiredOf<K>,
    update: Update<K> | undefined,
  ) => Promise<Written>;
  /**
   * What is not there is done already. `force`: somebody approved that it goes although something
   * uses it (see `guardPlan`); what nobody knew of then stays in the way.
   */
  readonly remove: (context: ChangeContext, actual: ActualOf<K>, force: boolean) => Promise<void>;
}

const WRITERS: { readonly [K in Kind]: Writer<K> } = {
  secret: {
    write: async (context, desired, update) => {
      const target = targetOf(context, desired, update);
      const push = await pushSecret(context.pushing, target, knownBy(update));
      return { id: push.secret_id, push };
    },
    remove: ({ pushing, workspace }, { id, name }, force) =>
      deleteSecret(pushing, { workspace, name, secret_id: id, force }),
  },
  model_definition: {
    write: async (...args) => ({ id: await writeModelDefinition(...args) }),
    remove: ({ gateway }, { id }) =>
      gateway.modelDefinitions.delete({ model_definition_id: id }).catch(ignoreMissing),
  },
  endpoint: {
    write: async (...args) => ({ id: await writeEndpoint(...args) }),
    remove: ({ gateway }, { id }) =>
      gateway.endpoints.delete({ endpoint_id: id }).catch(ignoreMissing),
  },
  budget: {
    write: async (...args) => ({ id: await writeBudget(...args) }),
    remove: deleteBudget,
  },
};

/** All calls of one change, in an order in which being stopped half-way does no harm. */
export async function writeChange(context: ChangeContext, change: Change): Promise<Written> {
  if (change.action === "delete") {
    const { actual, used_by } = change;
    await remove(context, actual.kind, actual, used_by !== undefined);
    return { id: actual.id };
  }
  const { desired } = change;
  return write(context, desired.kind, desired, updateOf(change, desired.kind));
}

function write<K extends Kind>(
  context: ChangeContext,
  kind: K,
  desired: DesiredOf<K>,
  update: Update<K> | undefined,
): Promise<Written> {
  return WRITERS[kind].write(context, desired, update);
}

function remove<K extends Kind>(
  context: ChangeContext,
  kind: K,
  actual: ActualOf<K>,
  force: boolean,
): Promise<void> {
  return WRITERS[kind].remove(context, actual, force);
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

function targetOf(
  { workspace, owner }: ChangeContext,
  { name, fields }: DesiredOf<"secret">,
  update: Update<"secret"> | undefined,
): SecretTarget {
  const {
    provider,
    auth_config,
    value_from,
    as_stored,
    probe = update?.actual.fields.probe,
  } = fields;
  return { workspace, name, owner, provider, auth_config, value_from, as_stored, probe };
}

/** A plan is for what it saw, not for whatever has the name by now. */
function knownBy(update: Update<"secret"> | undefined): KnownSecret | undefined {
  if (!update) return undefined;
  const { id, fields } = update.actual;
  return { secret_id: id, auth_config: fields.auth_config };
}
