import { GatewayOpsError, RecordConflictError } from "#runtime/errors.ts";
import { type LedgerRecord, put } from "#runtime/ledger.ts";
import { mapLimited } from "#runtime/limit.ts";
import { commitWithMessages } from "#runtime/message.ts";
import { PAUSED_CODE, type Pause, PausedError, pauseOf, readPauses } from "#runtime/pause.ts";
import {
  isManagedSecret,
  MANAGED_SECRETS,
  type ManagedSecret,
  RESTORED_CODE,
} from "./managed-secret.ts";
import { type PushDependencies, type PushResult, pushRecordedSecret } from "./push.ts";
import {
  type Failure,
  failedMessage,
  pushedMessage,
  type Unreadable,
  unreadableMessage,
} from "./push-messages.ts";

const NOT_REACHED_CODE = "not-reached";

/** The time was over before something was begun. */
class NotReachedError extends GatewayOpsError {
  override readonly name = "NotReachedError";
  readonly code = NOT_REACHED_CODE;
  readonly disposition = "retry";
}

const RECORDS_IN_FLIGHT = 8;

/** What became of one gateway secret. */
export type PushOutcome =
  | PushResult
  | { readonly name: string; readonly outcome: Failure; readonly cause: GatewayOpsError };

/** Which secrets to look at: those fed by an AWS secret, or those whose push is pending. */
export type PushTrigger =
  | { readonly sourceArn: string; readonly versionId: string }
  | { readonly look: "pending" };

/**
 * Pushes every gateway secret that the trigger concerns; one that fails does not stop the others,
 * nor does a record that cannot be read. A failure that may pass is thrown, after all were tried, so
 * that the trigger is delivered again: what is already pushed stops early then. At the last delivery
 * it is recorded as pending instead, and what is paused is so at once. What the time did not suffice
 * for has not failed: it is left for the next delivery, and after the last one for the schedule.
 */
export async function pushChanged(
  dependencies: PushDependencies,
  trigger: PushTrigger,
  delivery: { readonly isLast: boolean },
): Promise<PushOutcome[]> {
  const pauses = await readPauses(dependencies.ledger);
  const outcomes: (PushOutcome | undefined)[] = [];
  const retryable: GatewayOpsError[] = [];
  const records = await concerned(dependencies, trigger);
  let reached = 0;
  for (const record of records) {
    if (dependencies.deadline.leftMs() === 0) break;
    reached += 1;
    const pause = pauseOf(pauses, "secrets", record.value.target.owner);
    try {
      outcomes.push(await settle(dependencies, record, pause, { trigger, ...delivery }));
    } catch (error) {
      if (!(error instanceof GatewayOpsError)) throw error;
      retryable.push(error);
    }
  }
  const [failure] = retryable;
  if (failure) throw failure;
  const left = records.slice(reached);
  if (left.length > 0) outcomes.push(...(await leave(dependencies, left, delivery)));
  return outcomes.filter((outcome) => outcome !== undefined);
}

/** Pushes one secret, or records why not. Throws what may pass when the trigger comes again. */
async function settle(
  dependencies: PushDependencies,
  record: LedgerRecord<ManagedSecret>,
  pause: Pause | undefined,
  { trigger, isLast }: { readonly trigger: PushTrigger; readonly isLast: boolean },
): Promise<PushOutcome | undefined> {
  try {
    return await pushOrPutOff(dependencies, record, pause);
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    if (error.disposition === "retry" && !isLast) throw error;
    return recordFailure(dependencies, record.id, trigger, error);
  }
}

/** The time was over before it was their turn. */
async function leave(
  dependencies: PushDependencies,
  records: readonly LedgerRecord<ManagedSecret>[],
  { isLast }: { readonly isLast: boolean },
): Promise<PushOutcome[]> {
  const cause = new NotReachedError(
    `the time was over before ${records.length} secrets were reached: they are next`,
  );
  if (!isLast) throw cause;
  return mapLimited(records, RECORDS_IN_FLIGHT, (record) => putOff(dependencies, record, cause));
}

function pushOrPutOff(
  dependencies: PushDependencies,
  record: LedgerRecord<ManagedSecret>,
  pause: Pause | undefined,
): Promise<PushOutcome | undefined> {
  if (pause) return putOff(dependencies, record, new PausedError(pause));
  const announce = (result: PushResult) => pushedMessage(record.value, result);
  return pushRecordedSecret(dependencies, record.id, { announce });
}

/** In the order in which they are pushed. */
async function concerned(
  { ledger, clock }: PushDependencies,
  trigger: PushTrigger,
): Promise<LedgerRecord<ManagedSecret>[]> {
  const unreadable: Unreadable[] = [];
  const listed = await ledger.list(MANAGED_SECRETS, {
    onUnreadable: (id, { message }) => unreadable.push({ id, reason: message }),
  });
  const records = listed.filter((record) => {
    if (isManagedSecret(record.value)) return true;
    unreadable.push({ id: record.id, reason: "it is no record of a gateway secret" });
    return false;
  });
  if (unreadable.length > 0) {
    // False is what another run that told it leaves behind.
    await commitWithMessages(ledger, [], [unreadableMessage(unreadable, clock.nowMs())]);
  }
  return records
    .filter(({ value }) =>
      "look" in trigger ? value.pending : value.source_arn === trigger.sourceArn,
    )
    .sort((one, other) => turnOf(one.value, trigger) - turnOf(other.value, trigger));
}

/** What failed before may take all the time again, and what is done already gains nothing by it. */
function turnOf({ pushed, pending }: ManagedSecret, trigger: PushTrigger): number {
  if ("versionId" in trigger && pushed?.version_id === trigger.versionId) return 2;
  return pending && !isWaiting(pending) ? 1 : 0;
}

/** The look of the schedule goes on with it; nobody is told that it waits. */
async function putOff(
  { ledger, clock }: PushDependencies,
  record: LedgerRecord<ManagedSecret>,
  cause: GatewayOpsError,
): Promise<PushOutcome> {
  const { name } = record.value.target;
  const outcome = { name, outcome: "pending", cause } as const;
  if (record.value.pending) return outcome;
  const value = { ...record.value, pending: { since_ms: clock.nowMs(), cause: cause.code } };
  if (await ledger.commit([put(MANAGED_SECRETS, record.id, value, record)])) return outcome;
  throw new RecordConflictError(`the record of secret ${name} was written by another run`);
}

/** Keeps the failure in the ledger and tells it once; of a secret that was deleted meanwhile, nothing. */
async function recordFailure(
  { ledger, clock }: PushDependencies,
  id: string,
  trigger: PushTrigger,
  cause: GatewayOpsError,
): Promise<PushOutcome | undefined> {
  const outcome: Failure = cause.disposition === "retry" ? "pending" : "rejected";
  const record = await ledger.read(MANAGED_SECRETS, id);
  if (!record) return undefined;
  const { name } = record.value.target;
  const { pending: known, rejected: _, ...rest } = record.value;
  const before = known && isWaiting(known) ? undefined : known;
  const pending = before ?? { since_ms: clock.nowMs(), cause: cause.code };
  const rejected = {
    ...("versionId" in trigger ? { version_id: trigger.versionId } : {}),
    at_ms: clock.nowMs(),
    code: cause.code,
    reason: cause.message,
  };
  const value = { ...rest, ...(outcome === "pending" ? { pending } : { rejected }) };
  const occasion = "look" in trigger ? `pending-${pending.since_ms}` : trigger.versionId;
  const message = failedMessage(value, outcome, occasion, cause, clock.nowMs());
  const isTold = outcome === "pending" && before !== undefined;
  const write = put(MANAGED_SECRETS, id, value, record);
  if (await commitWithMessages(ledger, [write], isTold ? [] : [message])) {
    return { name, outcome, cause };
  }
  throw new RecordConflictError(`the record of secret ${name} was written by another run`);
}

/** Whether it was not tried yet: it has not failed. */
function isWaiting({ cause }: NonNullable<ManagedSecret["pending"]>): boolean {
  return [PAUSED_CODE, NOT_REACHED_CODE, RESTORED_CODE].includes(cause);
}
