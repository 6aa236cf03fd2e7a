import { GatewayOpsError, RecordConflictError } from "#runtime/errors.ts";
import { type LedgerRecord, put } from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import { PAUSED_CODE, type Pause, PausedError, pauseOf, readPauses } from "#runtime/pause.ts";
import { MANAGED_SECRETS, type ManagedSecret, managedSecretId } from "./managed-secret.ts";
import { sourceId } from "./mapping.ts";
import { type PushDependencies, type PushResult, pushRecordedSecret } from "./push.ts";

/** What became of one gateway secret. */
export type PushOutcome =
  | PushResult
  | { readonly name: string; readonly outcome: Failure; readonly cause: GatewayOpsError };

/** `rejected`: its source must change. `pending`: the schedule goes on with it. */
type Failure = "rejected" | "pending";

/** Which secrets to look at: those fed by an AWS secret, or those whose push is pending. */
export type PushTrigger =
  | { readonly sourceArn: string; readonly versionId: string }
  | { readonly look: "pending" };

/**
 * Pushes every gateway secret that the trigger concerns; one that fails does not stop the others.
 * A failure that may pass is thrown, after all were tried, so that the trigger is delivered again:
 * what is already pushed stops early then. At the last delivery it is recorded as pending instead,
 * and what is paused is so at once.
 */
export async function pushChanged(
  dependencies: PushDependencies,
  trigger: PushTrigger,
  delivery: { readonly isLast: boolean },
): Promise<PushOutcome[]> {
  const pauses = await readPauses(dependencies.ledger);
  const outcomes: (PushOutcome | undefined)[] = [];
  const retryable: GatewayOpsError[] = [];
  for (const record of await concerned(dependencies, trigger)) {
    const pause = pauseOf(pauses, "secrets", record.value.target.owner);
    try {
      outcomes.push(await pushOrPutOff(dependencies, record, pause));
    } catch (error) {
      if (!(error instanceof GatewayOpsError)) throw error;
      if (error.disposition === "retry" && !delivery.isLast) retryable.push(error);
      else outcomes.push(await recordFailure(dependencies, record.id, trigger, error));
    }
  }
  const [failure] = retryable;
  if (failure) throw failure;
  return outcomes.filter((outcome) => outcome !== undefined);
}

function pushOrPutOff(
  dependencies: PushDependencies,
  record: LedgerRecord<ManagedSecret>,
  pause: Pause | undefined,
): Promise<PushOutcome | undefined> {
  if (pause) return putOff(dependencies, record, pause);
  const announce = (result: PushResult) => pushedMessage(record.value, result);
  return pushRecordedSecret(dependencies, record.id, announce);
}

async function concerned(
  { ledger }: PushDependencies,
  trigger: PushTrigger,
): Promise<LedgerRecord<ManagedSecret>[]> {
  const records = await ledger.list(MANAGED_SECRETS);
  return records.filter(({ value }) =>
    "look" in trigger ? value.pending : value.source_arn === trigger.sourceArn,
  );
}

/** The look of the schedule goes on with it once it is resumed; messages are sent for the pause alone. */
async function putOff(
  { ledger, clock }: PushDependencies,
  record: LedgerRecord<ManagedSecret>,
  pause: Pause,
): Promise<PushOutcome> {
  const { name } = record.value.target;
  const outcome = { name, outcome: "pending", cause: new PausedError(pause) } as const;
  if (record.value.pending) return outcome;
  const value = { ...record.value, pending: { since_ms: clock.nowMs(), cause: PAUSED_CODE } };
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
  const { pending: known, ...rest } = record.value;
  const before = known?.cause === PAUSED_CODE ? undefined : known;
  const pending = before ?? { since_ms: clock.nowMs(), cause: cause.code };
  const value = outcome === "pending" ? { ...rest, pending } : rest;
  const occasion = "look" in trigger ? `pending-${pending.since_ms}` : trigger.versionId;
  const message = failedMessage(value, outcome, occasion, cause, clock.nowMs());
  const isTold = outcome === "pending" && before !== undefined;
  const write = put(MANAGED_SECRETS, id, value, record);
  if (await commitWithMessages(ledger, [write], isTold ? [] : [message])) {
    return { name, outcome, cause };
  }
  throw new RecordConflictError(`the record of secret ${name} was written by another run`);
}

function pushedMessage({ target, source_arn }: ManagedSecret, result: PushResult): Message {
  const effectiveBy = new Date(result.effective_by_ms).toISOString();
  const from = result.previous_version_id ?? "unknown";
  return {
    topic: "operations",
    id: `secret-pushed:${managedSecretId(target.workspace, target.name)}@${result.version_id}@${result.pushed_at_ms}`,
    type: "mlflow-gateway-ops.secret.pushed",
    severity: "info",
    timeMs: result.pushed_at_ms,
    subject: `Gateway secret ${target.name} was updated`,
    text: `The gateway secret ${target.name} holds version ${result.version_id} (before: ${from}) of ${target.value_from && sourceId(target.value_from)}.\nEvery gateway process uses it by ${effectiveBy} at the latest.`,
    data: { ...result, workspace: target.workspace, owner: target.owner, source_arn },
    attributes: { owner: target.owner, outcome: result.outcome, secret: target.name },
  };
}

function failedMessage(
  { target, source_arn }: ManagedSecret,
  outcome: Failure,
  occasion: string,
  error: GatewayOpsError,
  nowMs: number,
): Message {
  const { name, workspace, owner } = target;
  const next =
    outcome === "pending"
      ? "It is tried again on a schedule; the gateway goes on with the former value."
      : "The gateway goes on with the former value until this is corrected.";
  return {
    topic: "operations",
    // The same event delivered twice is the same message.
    id: `secret-push-${outcome}:${managedSecretId(workspace, name)}@${occasion}`,
    type: `mlflow-gateway-ops.secret.push-${outcome}`,
    severity: outcome === "pending" ? "warning" : "critical",
    timeMs: nowMs,
    subject: `Gateway secret ${name} could not be updated (${error.code})`,
    text: `${error.message}\n${next}`,
    data: { name, workspace, owner, source_arn, outcome, code: error.code },
    attributes: { owner, outcome, secret: name, code: error.code },
  };
}
