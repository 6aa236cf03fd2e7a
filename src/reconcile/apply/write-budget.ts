import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import { keyOfChange, type Plan } from "#reconcile/change.ts";
import { isRecorded } from "#reconcile/kinds.ts";
import {
  type ActualOf,
  type ActualState,
  type BudgetFields,
  type DesiredOf,
  type DesiredState,
  keyOf,
  type ResourceKey,
} from "#reconcile/state.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, type LedgerWrite, put, remove } from "#runtime/ledger.ts";
import { budgetMark } from "#runtime/marks.ts";
import { idOf, ignoreMissing, stated } from "./gateway-writer.ts";
import type { Update, WriteContext } from "./write-context.ts";

export async function writeBudget(
  context: WriteContext,
  desired: DesiredOf<"budget">,
  update: Update<"budget"> | undefined,
): Promise<string> {
  const id = update
    ? await updateExisting(context, desired, update)
    : await createNew(context, desired);
  await writeSettings(context, id, desired);
  return id;
}

async function createNew(
  { gateway, owner, ids }: WriteContext,
  desired: DesiredOf<"budget">,
): Promise<string> {
  const { budget_policy_id } = await gateway.budgets.create({
    ...policyFields(desired.fields, ids),
    created_by: budgetMark(owner, desired.name),
  });
  return budget_policy_id;
}

/**
 * The policy is written only when it changes, as each write makes the server compute every window;
 * when it is adopted, or lost our mark, it gets it, by which its name survives a loss of the ledger.
 */
async function updateExisting(
  { gateway, owner, ids }: WriteContext,
  desired: DesiredOf<"budget">,
  { action, actual: { id }, changed_fields }: Update<"budget">,
): Promise<string> {
  const isPolicyChanged = changed_fields.some((change) => !isRecorded("budget", change));
  const isMarkMissing = action === "adopt" || changed_fields.some(({ path }) => path === "owner");
  if (isPolicyChanged || isMarkMissing) {
    await gateway.budgets.update({
      budget_policy_id: id,
      ...(isPolicyChanged && policyFields(desired.fields, ids)),
      updated_by: budgetMark(owner, desired.name),
    });
  }
  return id;
}

export async function deleteBudget(
  { gateway, ledger }: WriteContext,
  { id, name }: ActualOf<"budget">,
): Promise<void> {
  await gateway.budgets.delete({ budget_policy_id: id }).catch(ignoreMissing);
  const record = await ledger.read(BUDGET_SETTINGS, id);
  if (record) await commit({ ledger }, remove(BUDGET_SETTINGS, record), name);
}

/** After an endpoint was renamed: alerts of the budgets for it are to name it as it is called now. */
export async function renameTarget(
  { ledger, resources }: WriteContext,
  endpoint: { readonly before: string; readonly after: string },
): Promise<void> {
  for (const { kind, id, name, fields } of resources) {
    if (kind !== "budget" || fields.target_scope !== "ENDPOINT") continue;
    if (fields.target_value !== endpoint.before) continue;
    const record = await ledger.read(BUDGET_SETTINGS, id);
    if (!record) continue;
    const settings = { ...record.value, target: endpoint.after };
    await commit({ ledger }, put(BUDGET_SETTINGS, id, settings, record), name);
  }
}

/**
 * Writes the records of budgets that are as declared and have none, as after a loss of the ledger:
 * alerts name a budget and its owner by them.
 */
export async function recordBudgets(
  ledger: Ledger,
  { desired, actual, plan, ids }: Budgets,
): Promise<void> {
  const unrecorded = new Set(
    actual.resources.flatMap(({ kind, id, fields }) =>
      kind === "budget" && fields.labels === undefined ? [id] : [],
    ),
  );
  const changed = new Set(plan.changes.map(keyOfChange));
  for (const resource of desired.resources) {
    const key = keyOf(resource);
    const id = ids.get(key);
    if (resource.kind !== "budget" || id === undefined || changed.has(key)) continue;
    if (unrecorded.has(id)) await writeSettings({ ledger, owner: desired.owner }, id, resource);
  }
}

/** What is declared, and what of it is there and stays as it is. */
interface Budgets {
  readonly desired: Pick<DesiredState, "owner" | "resources">;
  readonly actual: Pick<ActualState, "resources">;
  readonly plan: Pick<Plan, "changes">;
  readonly ids: ReadonlyMap<ResourceKey, string>;
}

async function writeSettings(
  { ledger, owner }: Pick<WriteContext, "ledger" | "owner">,
  id: string,
  { name, fields }: DesiredOf<"budget">,
): Promise<void> {
  const { thresholds, labels, target_scope, target_value } = fields;
  const settings = { name, owner, target: target_value ?? target_scope, thresholds, labels };
  const record = await ledger.read(BUDGET_SETTINGS, id);
  await commit({ ledger }, put(BUDGET_SETTINGS, id, settings, record), name);
}

async function commit(
  { ledger }: Pick<WriteContext, "ledger">,
  write: LedgerWrite,
  name: string,
): Promise<void> {
  if (await ledger.commit([write])) return;
  throw new RecordConflictError(`the settings of budget ${name} were written by another run`);
}

function policyFields(fields: BudgetFields, ids: ReadonlyMap<ResourceKey, string>) {
  const { budget_unit, budget_amount, duration, target_scope, budget_action } = fields;
  const target =
    target_scope === "ENDPOINT"
      ? idOf(ids, `endpoint/${fields.target_value}`)
      : fields.target_value;
  return {
    budget_unit,
    budget_amount,
    duration,
    target_scope,
    budget_action,
    ...stated("target_value", target),
  };
}
