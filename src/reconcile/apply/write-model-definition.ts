import { type ActualOf, type DesiredOf, serverNameOf } from "#reconcile/state.ts";
import { assert } from "#runtime/assert.ts";
import { ownerMark } from "#runtime/marks.ts";
import { idOf, stated } from "./gateway-writer.ts";
import type { Update, WriteContext } from "./write-context.ts";

/** An update renames it too, in place: endpoints refer to the id. */
export function writeModelDefinition(
  context: WriteContext,
  desired: DesiredOf<"model_definition">,
  update: Update<"model_definition"> | undefined,
): Promise<string> {
  return update ? updateExisting(context, desired, update.actual) : createNew(context, desired);
}

async function createNew(
  { gateway, owner, ids }: WriteContext,
  { name, fields }: DesiredOf<"model_definition">,
): Promise<string> {
  const { secret, provider, model_name } = fields;
  assert(secret !== undefined, `model definition ${name} cannot be made without a secret`);
  const { model_definition_id } = await gateway.modelDefinitions.create({
    name,
    secret_id: idOf(ids, `secret/${secret}`),
    provider,
    model_name,
    created_by: ownerMark(owner),
  });
  return model_definition_id;
}

async function updateExisting(
  { gateway, owner, ids }: WriteContext,
  { name, fields }: DesiredOf<"model_definition">,
  actual: ActualOf<"model_definition">,
): Promise<string> {
  const { secret, provider, model_name } = fields;
  await gateway.modelDefinitions.update({
    model_definition_id: actual.id,
    ...(name !== serverNameOf(actual) && { name }),
    ...stated("secret_id", secret === undefined ? undefined : idOf(ids, `secret/${secret}`)),
    provider,
    model_name,
    updated_by: ownerMark(owner),
  });
  return actual.id;
}
