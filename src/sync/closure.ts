import type { Clock } from "#runtime/clock.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, type LedgerKind, put, remove } from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import type { ClosedError, Permissions } from "./tenancy.ts";

export interface ClosureDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** That nothing is applied for anybody; there only while it is so, under the id `all`. */
const CLOSURE: LedgerKind<ClosureRecord> = { name: "closure", version: 1 };
const ALL = "all";

interface ClosureRecord {
  readonly reason: string;
  readonly since_ms: number;
}

/**
 * Whether nothing may be applied for anybody. That is told once for all owners, when it begins and
 * when its reason changes; their files wait, and what was known of them stays known.
 */
export async function isClosed(
  { ledger, clock }: ClosureDependencies,
  { closed }: Permissions,
): Promise<boolean> {
  const record = await ledger.read(CLOSURE, ALL);
  if (!closed) {
    if (record) await ledger.commit([remove(CLOSURE, record)]);
    return false;
  }
  if (record?.value.reason === closed.message) return true;
  const nowMs = clock.nowMs();
  const value = { reason: closed.message, since_ms: nowMs };
  const told = [closureMessage(closed, nowMs)];
  if (await commitWithMessages(ledger, [put(CLOSURE, ALL, value, record)], told)) return true;
  throw new RecordConflictError("that nothing is applied was told by another run");
}

function closureMessage({ code, message }: ClosedError, nowMs: number): Message {
  return {
    topic: "operations",
    id: `closure:${code}@${nowMs}`,
    type: `mlflow-gateway-ops.sync.${code}`,
    severity: "critical",
    timeMs: nowMs,
    subject: `Nothing is applied for anybody (${code})`,
    text: `${message}\nThis is told once. What is on the gateway stays as it is.`,
    data: { code, message },
    attributes: { code },
  };
}
