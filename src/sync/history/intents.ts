import type { IntendedByOwner } from "#reconcile/plan/recognise.ts";
import type { ResourceKey } from "#reconcile/state.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, type LedgerKind, type LedgerRecord, put, remove } from "#runtime/ledger.ts";
import { listOf, passOver } from "#runtime/list-of.ts";
import { inParts } from "#runtime/parts.ts";
import { historyId, splitId } from "./snapshot-history.ts";

/**
 * What a run is about to create, noted before it does: what of it is there when the run is killed
 * is known as the owner's. Removed when a snapshot says what became of it.
 */
interface Intent {
  readonly run_id: string;
  readonly keys: readonly ResourceKey[];
  /** The run came to its end, and does not know whether these were created. */
  readonly is_over: boolean;
}

/** By `<workspace>/<owner>/<part>`: one record would not hold all that a manifest can declare. */
const INTENTS: LedgerKind<Intent> = { name: "intent", version: 1 };

export interface IntentDependencies {
  readonly ledger: Ledger;
  readonly runId: string;
}

/** What is known of runs that did not come to an end, or not to a good one. */
export interface Intended {
  readonly keys: ReadonlySet<ResourceKey>;
  /** A run was killed, or is under way: what it changed besides is not known. */
  readonly isOpen: boolean;
}

export async function readIntents(
  ledger: Ledger,
  owner: string,
  workspace: string,
): Promise<Intended> {
  const values = (await recordsOf(ledger, owner, workspace)).map(({ value }) => value);
  return {
    keys: new Set(values.flatMap(({ keys }) => keys)),
    isOpen: values.some(({ is_over }) => !is_over),
  };
}

/** What the runs of all owners set out to create in a workspace, by owner. */
export async function intendedByOwner(ledger: Ledger, workspace: string): Promise<IntendedByOwner> {
  const intended = new Map<string, Set<ResourceKey>>();
  for (const { id, value } of await ledger.list(INTENTS, { onUnreadable: passOver })) {
    const [inWorkspace, place] = splitId(id);
    const [owner] = splitId(place);
    if (inWorkspace !== workspace) continue;
    intended.set(owner, new Set([...(intended.get(owner) ?? []), ...value.keys]));
  }
  return intended;
}

interface Place {
  readonly owner: string;
  readonly workspace: string;
}

/** Notes what a run is about to create. Only a run that holds the lease may do this. */
export function noteIntents(
  dependencies: IntentDependencies,
  place: Place,
  keys: readonly ResourceKey[],
): Promise<void> {
  return replaceIntents(dependencies, place, keys, false);
}

/** Forgets what was noted, but for what a run cannot tell the end of. */
export function endIntents(
  dependencies: IntentDependencies,
  place: Place,
  doubtful: readonly ResourceKey[],
): Promise<void> {
  return replaceIntents(dependencies, place, doubtful, true);
}

async function replaceIntents(
  { ledger, runId }: IntentDependencies,
  { owner, workspace }: Place,
  keys: readonly ResourceKey[],
  isOver: boolean,
): Promise<void> {
  const before = await recordsOf(ledger, owner, workspace);
  const known = new Map(before.map((record) => [record.id, record]));
  const writes = new Map(before.map((record) => [record.id, remove(INTENTS, record)]));
  const parts = isOver && keys.length === 0 ? [] : inParts(keys);
  for (const [index, part] of parts.entries()) {
    const id = `${historyId(owner, workspace)}/${index}`;
    const value: Intent = { run_id: runId, keys: part, is_over: isOver };
    writes.set(id, put(INTENTS, id, value, known.get(id)));
  }
  // One after the other: all together can be more than a commit takes.
  for (const write of writes.values()) {
    if (await ledger.commit([write])) continue;
    throw new RecordConflictError(`what is to be created for ${owner} was noted by another run`);
  }
}

async function recordsOf(
  ledger: Ledger,
  owner: string,
  workspace: string,
): Promise<LedgerRecord<Intent>[]> {
  const prefix = `${historyId(owner, workspace)}/`;
  return listOf(ledger, INTENTS, (id) => id.startsWith(prefix));
}
