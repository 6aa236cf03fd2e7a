import { UsageError } from "#cli/usage-error.ts";
import { madeByRuns } from "#reconcile/plan/recognise.ts";
import { type ActualResource, type Identity, identityOf, keyOf } from "#reconcile/state.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import { type LedgerKind, put } from "#runtime/ledger.ts";
import { inParts } from "#runtime/parts.ts";
import { intendedByOwner } from "#sync/history/intents.ts";
import { type HistoryDependencies, readOthers } from "#sync/history/snapshot-history.ts";
import type { WorkspacePlan } from "#sync/owner/plan-owner.ts";

/** What another ledger has marked before this one was declared to be the only one. */
interface TakenOver {
  readonly identities: readonly Identity[];
}

/** By `<workspace>/<part>`. */
const TAKEN_OVER: LedgerKind<TakenOver> = { name: "taken-over", version: 1 };

const SHOWN_MAX = 5;

/**
 * Refuses to write to a gateway on which somebody with another ledger manages resources too: each
 * would undo what the other does. Known is what any owner's runs with this ledger left, by id, or
 * set out to create. With `takeOver` this ledger is declared to be the only one.
 */
export async function refuseForeignMarks(
  memory: HistoryDependencies,
  { plan: { owner, workspace }, actual, known }: WorkspacePlan,
  { takeOver }: { readonly takeOver?: boolean | undefined },
): Promise<void> {
  const strange = actual.resources.filter(
    (resource) => (resource.owner ?? resource.made_by) && !known.owned.has(identityOf(resource)),
  );
  if (strange.length === 0) return;
  const others = await readOthers(memory, owner, workspace);
  const made = madeByRuns(strange, await intendedByOwner(memory.ledger, workspace));
  const taken = await takenOver(memory, workspace);
  const foreign = strange.filter((resource) => {
    const identity = identityOf(resource);
    const isKnown = others.has(identity) || made.has(identity);
    return !isKnown && !taken.identities.has(identity);
  });
  if (foreign.length === 0) return;
  if (!takeOver) throw new UsageError(foreignSentence(foreign));
  for (const [index, identities] of inParts(foreign.map(identityOf)).entries()) {
    const id = `${workspace}/${taken.parts + index}`;
    if (await memory.ledger.commit([put(TAKEN_OVER, id, { identities }, undefined)])) continue;
    throw new RecordConflictError("the ledger was written by another run");
  }
}

async function takenOver({ ledger }: HistoryDependencies, workspace: string) {
  const records = await ledger.list(TAKEN_OVER);
  const own = records.filter(({ id }) => id.startsWith(`${workspace}/`));
  return {
    parts: own.length,
    identities: new Set(own.flatMap(({ value }) => value.identities)),
  };
}

function foreignSentence(resources: readonly ActualResource[]): string {
  const shown = resources.slice(0, SHOWN_MAX).map(keyOf).join(", ");
  const more = resources.length > SHOWN_MAX ? ` and ${resources.length - SHOWN_MAX} more` : "";
  return (
    `the gateway holds resources that carry the marks of Gateway Ops and that this ledger does not ` +
    `know: ${shown}${more}. Somebody else manages them, or a former ledger was lost, and nothing was ` +
    "written. Use the ledger of the deployed stack with --stack NAME, or say with --take-over that " +
    "this ledger is the only one"
  );
}
