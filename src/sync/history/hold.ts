import { RecordConflictError } from "#runtime/errors.ts";
import { firstOf } from "#runtime/first-of.ts";
import { type Ledger, type LedgerKind, type LedgerRecord, put, remove } from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import { historyId, splitId } from "./snapshot-history.ts";

/** That an owner stays at what it went back to. */
export interface Hold {
  readonly owner: string;
  readonly workspace: string;
  /** The run that went back. */
  readonly run_id: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly by: string;
  readonly to: HeldState;
  /** What was rolled back; of other files nothing is held off. */
  readonly files: readonly HeldFile[];
}

/** The state that is held. */
interface HeldState {
  readonly run_id: string;
  readonly applied_at: string;
}

interface HeldFile {
  readonly name: string;
  /** Digests of what it declared when it was rolled back: none of that is applied. */
  readonly not: readonly string[];
}

/** By `<workspace>/<owner>`; there only while it lasts. */
export const HOLDS: LedgerKind<Hold> = { name: "hold", version: 1 };

/** What holds for an owner, in all workspaces. */
export async function readHolds(ledger: Ledger, owner: string): Promise<readonly Hold[]> {
  return (await recordsOf(ledger, owner)).map(({ value }) => value);
}

export async function readHold(
  ledger: Ledger,
  owner: string,
  workspace: string,
): Promise<Hold | undefined> {
  return (await ledger.read(HOLDS, historyId(owner, workspace)))?.value;
}

/** The run that went back, by the name of each file of which something is held off. */
export function holdsByFile(holds: readonly Hold[]): ReadonlyMap<string, Hold> {
  return new Map(holds.flatMap((hold) => hold.files.map(({ name }) => [name, hold] as const)));
}

/** Digests of what a file declared when it was rolled back. */
export function heldOff({ files }: Pick<Hold, "files">, name: string): readonly string[] {
  return files.find((file) => file.name === name)?.not ?? [];
}

/**
 * Begins a hold, in the place of a former one, and tells it once; `isTold` is false where nobody
 * reads messages. Where nothing is held off there is none. Only a run that holds the lease may do this.
 */
export async function beginHold(ledger: Ledger, hold: Hold, isTold: boolean): Promise<void> {
  const { owner, workspace, files } = hold;
  const id = historyId(owner, workspace);
  const record = await ledger.read(HOLDS, id);
  const gone = record ? [remove(HOLDS, record)] : [];
  const isAny = files.length > 0;
  const writes = isAny ? [put(HOLDS, id, hold, record)] : gone;
  const messages = isAny && isTold ? [heldMessage(hold)] : [];
  if (await commitWithMessages(ledger, writes, messages)) return;
  throw new RecordConflictError(`that ${owner} went back was noted by another run`);
}

/** These files declare something else now, and that is applied: nothing of them is held off. */
export async function releaseFiles(
  ledger: Ledger,
  { owner, workspace, run_id }: Hold,
  names: ReadonlySet<string>,
): Promise<void> {
  const record = await ledger.read(HOLDS, historyId(owner, workspace));
  // Somebody resumed the owner meanwhile.
  if (record?.value.run_id !== run_id) return;
  const files = record.value.files.filter(({ name }) => !names.has(name));
  const write =
    files.length === 0
      ? remove(HOLDS, record)
      : put(HOLDS, record.id, { ...record.value, files }, record);
  if (await ledger.commit([write])) return;
  return releaseFiles(ledger, record.value, names);
}

/** Ends all that holds for an owner, and tells it once. */
export async function endHolds(
  ledger: Ledger,
  owner: string,
  act: { readonly by: string; readonly nowMs: number },
  isTold: boolean,
): Promise<readonly Hold[]> {
  const ended: Hold[] = [];
  for (const record of await recordsOf(ledger, owner)) {
    const messages = isTold ? [releasedMessage(record.value, act)] : [];
    // Another one was faster: what is in force by now is ended by the next word.
    if (await commitWithMessages(ledger, [remove(HOLDS, record)], messages))
      ended.push(record.value);
  }
  return ended;
}

/** Without the files that declare something else by now, as long as others are held. */
export function stillHeld(hold: Hold, changed: ReadonlySet<string>): Hold {
  const files = hold.files.filter(({ name }) => !changed.has(name));
  return files.length > 0 ? { ...hold, files } : hold;
}

/** One sentence: what, in which files, since when, by whom. */
export function describeHold(hold: Hold): string {
  const { owner, workspace, to, since, by } = hold;
  return `${owner} went back in ${firstOf(hold.files.map(({ name }) => name))} to what run ${to.run_id} of ${to.applied_at} applied in ${workspace}, and stays there, since ${since} by ${by}`;
}

/** How to go on, for whoever meets it. */
export function releaseOf({ owner }: Pick<Hold, "owner">): string {
  return `what was rolled back is not applied again until its file declares something else, or somebody says gwops resume --owner ${owner}`;
}

async function recordsOf(ledger: Ledger, owner: string): Promise<LedgerRecord<Hold>[]> {
  return (await ledger.list(HOLDS)).filter(({ id }) => splitId(id)[1] === owner);
}

function heldMessage(hold: Hold): Message {
  return {
    ...aboutHold(hold, "held"),
    severity: "warning",
    timeMs: Date.parse(hold.since),
    subject: `Rolled back: ${hold.owner}`,
    text: `${describeHold(hold)}.\n${sentence(releaseOf(hold))}`,
  };
}

function releasedMessage(
  hold: Hold,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): Message {
  return {
    ...aboutHold(hold, "released"),
    severity: "info",
    timeMs: nowMs,
    subject: `Resumed: ${hold.owner}`,
    text: `Resumed by ${by}. Until then ${describeHold(hold)}.\nThe schedule applies what these files declare now.`,
  };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function aboutHold(hold: Hold, state: "held" | "released") {
  const { owner, workspace, run_id, since, by, to } = hold;
  return {
    topic: "operations",
    // One may go back to the same again.
    id: `${state}:${historyId(owner, workspace)}@${since}`,
    type: `mlflow-gateway-ops.owner.${state}`,
    data: {
      owner,
      workspace,
      run_id,
      since,
      by,
      to,
    },
    attributes: { owner },
  } as const;
}
