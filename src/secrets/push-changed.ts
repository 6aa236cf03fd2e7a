import { GatewayOpsError } from "#runtime/errors.ts";
import { type LedgerRecord, put } from "#runtime/ledger.ts";
import { type Message, outboxWrite } from "#runtime/message.ts";
import {
  MANAGED_SECRETS,
  type ManagedSecret,
  type PushDependencies,
  type PushResult,
  pushSecret,
} from "./push.ts";

/** What became of one gateway secret. */
export type PushOutcome =
  | PushResult
  | { readonly name: string; readonly outcome: "rejected"; readonly cause: GatewayOpsError };

/** Which secrets to look at: those fed by an AWS secret, or those whose push is pending. */
export type PushTrigger =
  | { readonly sourceArn: string; readonly versionId: string }
  | { readonly lookAgain: true };

/**
 * Pushes every gateway secret that the trigger concerns; one that must be rejected does not stop
 * the others and is reported by a message. Throws the first failure that may pass, after all were
 * tried: what is already pushed stops early when the trigger is delivered again.
 */
export async function pushChanged(
  dependencies: PushDependencies,
  trigger: PushTrigger,
): Promise<PushOutcome[]> {
  const outcomes: PushOutcome[] = [];
  const retryable: GatewayOpsError[] = [];
  for (const record of await concerned(dependencies, trigger)) {
    const announce = (result: PushResult) => pushedMessage(record.value, result);
    try {
      outcomes.push(await pushSecret(dependencies, record.value.target, announce));
    } catch (error) {
      if (!(error instanceof GatewayOpsError)) throw error;
      if (error.disposition === "retry") retryable.push(error);
      else outcomes.push(await reject(dependencies, record, trigger, error));
    }
  }
  const [failure] = retryable;
  if (failure) throw failure;
  return outcomes;
}

/**
 * Records that deliveries are used up: the secrets stay known as pending, one message says so, and
 * the schedule goes on with them.
 */
export async function recordPending(
  dependencies: PushDependencies,
  trigger: PushTrigger,
  error: GatewayOpsError,
): Promise<void> {
  const { ledger, clock } = dependencies;
  for (const record of await concerned(dependencies, trigger)) {
    if (record.value.pending) continue;
    const pending = { since_ms: clock.nowMs(), cause: error.code };
    await ledger.commit([
      put(MANAGED_SECRETS, record.id, { ...record.value, pending }, record),
      outboxWrite(failedMessage(record.value, trigger, error, "pending", pending.since_ms)),
    ]);
  }
}

async function concerned(
  { ledger }: PushDependencies,
  trigger: PushTrigger,
): Promise<LedgerRecord<ManagedSecret>[]> {
  const records = await ledger.list(MANAGED_SECRETS);
  return records.filter(({ value }) =>
    "lookAgain" in trigger ? value.pending : value.source_arn === trigger.sourceArn,
  );
}

async function reject(
  { ledger, clock }: PushDependencies,
  record: LedgerRecord<ManagedSecret>,
  trigger: PushTrigger,
  cause: GatewayOpsError,
): Promise<PushOutcome> {
  const current = await ledger.read(MANAGED_SECRETS, record.id);
  const { pending: _, ...rest } = current?.value ?? record.value;
  await ledger.commit([
    put(MANAGED_SECRETS, record.id, rest, current),
    outboxWrite(failedMessage(record.value, trigger, cause, "rejected", clock.nowMs())),
  ]);
  return { name: record.id, outcome: "rejected", cause };
}

function pushedMessage({ target, source_arn }: ManagedSecret, result: PushResult): Message {
  const effectiveBy = new Date(result.effective_by_ms).toISOString();
  const from = result.previous_version_id ?? "unknown";
  return {
    topic: "operations",
    id: `secret-pushed:${target.name}@${result.version_id}@${result.pushed_at_ms}`,
    type: "mlflow-gateway-ops.secret.pushed",
    severity: "info",
    timeMs: result.pushed_at_ms,
    subject: `Gateway secret ${target.name} was updated`,
    text: `The gateway secret ${target.name} holds version ${result.version_id} (before: ${from}) of ${target.value_from.secrets_manager}.\nEvery gateway process uses it by ${effectiveBy} at the latest.`,
    data: { ...result, owner: target.owner, source_arn },
    attributes: { owner: target.owner, outcome: result.outcome, secret: target.name },
  };
}

function failedMessage(
  { target, source_arn, pending }: ManagedSecret,
  trigger: PushTrigger,
  error: GatewayOpsError,
  outcome: "rejected" | "pending",
  nowMs: number,
): Message {
  const occasion = "lookAgain" in trigger ? `pending-${pending?.since_ms}` : trigger.versionId;
  const next =
    outcome === "pending"
      ? "It is tried again on a schedule; the gateway goes on with the former value."
      : "The gateway goes on with the former value until this is corrected.";
  return {
    topic: "operations",
    // The same event delivered twice is the same message.
    id: `secret-push-${outcome}:${target.name}@${occasion}`,
    type: `mlflow-gateway-ops.secret.push-${outcome}`,
    severity: outcome === "pending" ? "warning" : "critical",
    timeMs: nowMs,
    subject: `Gateway secret ${target.name} could not be updated (${error.code})`,
    text: `${error.message}\n${next}`,
    data: { name: target.name, owner: target.owner, source_arn, outcome, code: error.code },
    attributes: { owner: target.owner, outcome, secret: target.name, code: error.code },
  };
}
