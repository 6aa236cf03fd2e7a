import type { ResourceReader } from "#reconcile/observe/resources.ts";
import { digestOf } from "#reconcile/plan/canonical.ts";
import { identityOf } from "#reconcile/state.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { type LedgerKind, type LedgerRecord, put, remove } from "#runtime/ledger.ts";
import { passOver } from "#runtime/list-of.ts";
import { commitWithMessages } from "#runtime/message.ts";
import { MANAGED_SECRETS, RESTORED_CODE } from "#secrets/managed-secret.ts";
import type { HistoryDependencies } from "#sync/history/snapshot-history.ts";
import {
  CENSUSES,
  type Counted,
  countWorkspace,
  keepCensus,
  snapshotsByWorkspace,
} from "./census.ts";
import { looksRestored } from "./looks-restored.ts";
import { endedMessage, type Found, restoredMessage } from "./restore-messages.ts";

export interface WatchDependencies extends HistoryDependencies {
  gatewayOf(workspace: string, deadline: Deadline): ResourceReader;
  readonly clock: Clock;
  readonly deadline: Deadline;
}

/** That an older copy of the database was found; there until all is as it was applied again. */
interface RestoreRecord {
  readonly as_of_ms: number;
  readonly since_ms: number;
}

/** By workspace. */
const RESTORES: LedgerKind<RestoreRecord> = { name: "restore", version: 1 };

/**
 * Looks whether the gateway's database is an older one, and tells that as one event: one message for
 * all workspaces, and what else follows from it (drift of every owner) is not told beside it. Each
 * secret that has a former value becomes pending, so that the push goes on with it. What is gone is
 * made by nobody unasked. Returns the workspaces that are not yet as they were applied.
 */
export async function watchForRestore(
  dependencies: WatchDependencies,
): Promise<ReadonlySet<string>> {
  const { ledger, clock } = dependencies;
  const records = await restoreRecords(dependencies);
  const found: Found[] = [];
  for (const counted of await countAll(dependencies, records)) {
    const restored = looksRestored(counted.known, counted.actual, clock.nowMs());
    if (!restored) await keepCensus(ledger, counted);
    else {
      const pushed = await pushAgain(dependencies, counted);
      found.push({ workspace: counted.workspace, restored, pushed });
    }
  }
  if (found.length > 0) await tell(dependencies, found);
  return new Set([...records.keys(), ...found.map(({ workspace }) => workspace)]);
}

/** Ends the restore of workspaces in which nothing differs any more from what was applied. */
export async function endRestores(
  dependencies: Pick<WatchDependencies, "ledger" | "clock">,
  workspaces: readonly string[],
): Promise<void> {
  const { ledger, clock } = dependencies;
  for (const workspace of workspaces) {
    const record = await ledger.read(RESTORES, workspace);
    if (!record) continue;
    // Stamps of what needed no write are still those of the older copy: they are counted anew.
    const census = await ledger.read(CENSUSES, workspace);
    const writes = [remove(RESTORES, record), ...(census ? [remove(CENSUSES, census)] : [])];
    const message = endedMessage(workspace, record.value.since_ms, clock.nowMs());
    await commitWithMessages(ledger, writes, [message]);
  }
}

async function restoreRecords({
  ledger,
}: Pick<WatchDependencies, "ledger">): Promise<ReadonlyMap<string, LedgerRecord<RestoreRecord>>> {
  const records = await ledger.list(RESTORES, { onUnreadable: passOver });
  return new Map(records.map((record) => [record.id, record]));
}

/** Workspaces in which something was applied and that are not known to be restored. */
async function countAll(
  dependencies: WatchDependencies,
  known: ReadonlyMap<string, unknown>,
): Promise<Counted[]> {
  const { ledger, deadline, gatewayOf } = dependencies;
  const counted: Counted[] = [];
  for (const [workspace, snapshots] of await snapshotsByWorkspace(dependencies)) {
    if (known.has(workspace) || deadline.leftMs() === 0) continue;
    try {
      const gateway = gatewayOf(workspace, deadline);
      counted.push(await countWorkspace(gateway, ledger, workspace, snapshots));
    } catch (error) {
      // A gateway that cannot be read now is told by whoever needs it.
      if (!(error instanceof GatewayOpsError)) throw error;
    }
  }
  return counted;
}

/** Whose record is written meanwhile is being pushed. */
async function pushAgain(
  { ledger, clock }: WatchDependencies,
  { secrets, actual }: Counted,
): Promise<number> {
  let count = 0;
  for (const record of secrets) {
    const { pushed, pending } = record.value;
    if (!pushed) continue;
    const now = actual.get(identityOf({ kind: "secret", id: pushed.secret_id }));
    if (!now || now.updated_at_ms >= pushed.gateway_updated_at_ms) continue;
    count += 1;
    if (pending) continue;
    const again = { since_ms: clock.nowMs(), cause: RESTORED_CODE };
    await ledger.commit([
      put(MANAGED_SECRETS, record.id, { ...record.value, pending: again }, record),
    ]);
  }
  return count;
}

/** Another run that found the same has told it. */
async function tell({ ledger, clock }: WatchDependencies, found: readonly Found[]): Promise<void> {
  const since_ms = clock.nowMs();
  const writes = found.map(({ workspace, restored }) =>
    put(RESTORES, workspace, { as_of_ms: restored.asOfMs, since_ms }, undefined),
  );
  await commitWithMessages(ledger, writes, [restoredMessage(found, factOf(found), since_ms)]);
}

function factOf(found: readonly Found[]): string {
  const facts = found.map(({ workspace, restored: { movedBack, gone } }) => [
    workspace,
    ...[movedBack, gone].map((stamps) => stamps.map((one) => [one.identity, one.updated_at_ms])),
  ]);
  return digestOf(facts).slice(0, 32);
}
