import type { BudgetPolicy, BudgetWindow } from "#gateway/types.ts";
import { GatewayOpsError, RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, type LedgerKind, type LedgerRecord, put } from "#runtime/ledger.ts";
import { passOver } from "#runtime/list-of.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import { alertMessage } from "./alert.ts";
import { evaluate, type MonitorState, THRESHOLDS_DEFAULT } from "./evaluate.ts";
import { BUDGET_SETTINGS } from "./settings.ts";
import { currentSpend } from "./window.ts";

/** The part of the gateway client that monitoring needs. */
export interface BudgetGateway {
  readonly budgets: {
    list(): Promise<readonly BudgetPolicy[]>;
    listWindows(): Promise<readonly BudgetWindow[]>;
  };
}

export interface MonitorDependencies {
  readonly ledger: Ledger;
  readonly gateway: BudgetGateway;
}

export interface PollResult {
  readonly policies: number;
  /** Policies without a running window: their spend is unknown, not zero. */
  readonly policiesWithoutWindow: number;
  readonly messages: readonly Message[];
}

interface MonitorRecord {
  readonly windows: MonitorState;
  /** Set while the gateway cannot be read: one message when it begins, one when it ends. */
  readonly unreadableSinceMs?: number | undefined;
}

const MONITOR: LedgerKind<MonitorRecord> = { name: "monitor-state", version: 1 };
const MONITOR_ID = "gateway";
/** A transaction holds the state and this many messages; what does not fit is told by the next poll. */
const MESSAGES_PER_POLL_MAX = 20;

/**
 * One poll of the budgets:
 *
 * 1. read policies and windows from the gateway, settings and state from the ledger
 * 2. evaluate what is new
 * 3. commit the new state and its messages together, so that each is decided once
 *
 * A gateway that cannot be read is told once when it begins and once when it ends.
 */
export async function pollBudgets(
  dependencies: MonitorDependencies,
  nowMs: number,
): Promise<PollResult> {
  const { ledger, gateway } = dependencies;
  const record = await ledger.read(MONITOR, MONITOR_ID);
  const readings = await read(gateway);
  if (readings instanceof GatewayOpsError) {
    await tellUnreadable(ledger, record, readings, nowMs);
    throw readings;
  }
  const settingsById = new Map(
    (await ledger.list(BUDGET_SETTINGS, { onUnreadable: passOver })).map(
      ({ id, value }) => [id, value] as const,
    ),
  );
  const spends = currentSpend(readings.policies, readings.windows, nowMs);
  const thresholdsOf = (id: string) => settingsById.get(id)?.thresholds ?? THRESHOLDS_DEFAULT;
  const existing = new Set(readings.policies.map(({ budget_policy_id }) => budget_policy_id));
  const remembered = Object.entries(record?.value.windows ?? {});
  const before = Object.fromEntries(remembered.filter(([id]) => existing.has(id)));
  const { alerts, state } = evaluate(spends, thresholdsOf, before, MESSAGES_PER_POLL_MAX);

  const messages = alerts.map((alert) =>
    alertMessage(alert, settingsById.get(alert.policy.budget_policy_id), nowMs),
  );
  const since = record?.value.unreadableSinceMs;
  if (since !== undefined) messages.push(readableMessage(since, nowMs));
  const result = {
    policies: readings.policies.length,
    policiesWithoutWindow: readings.policies.length - spends.length,
    messages,
  };
  const isNew = messages.length > 0 || JSON.stringify(state) !== JSON.stringify(before);
  if (isNew) await commit(ledger, record, { windows: state }, messages);
  return result;
}

async function read(
  gateway: BudgetGateway,
): Promise<
  { policies: readonly BudgetPolicy[]; windows: readonly BudgetWindow[] } | GatewayOpsError
> {
  try {
    const [policies, windows] = await Promise.all([
      gateway.budgets.list(),
      gateway.budgets.listWindows(),
    ]);
    return { policies, windows };
  } catch (error) {
    if (error instanceof GatewayOpsError) return error;
    throw error;
  }
}

async function tellUnreadable(
  ledger: Ledger,
  record: LedgerRecord<MonitorRecord> | undefined,
  error: GatewayOpsError,
  nowMs: number,
): Promise<void> {
  if (record?.value.unreadableSinceMs !== undefined) return;
  const windows = record?.value.windows ?? {};
  await commit(ledger, record, { windows, unreadableSinceMs: nowMs }, [
    {
      topic: "operations",
      id: `budgets-unreadable@${nowMs}`,
      type: "mlflow-gateway-ops.gateway.unreadable",
      severity: "critical",
      timeMs: nowMs,
      subject: `Budgets cannot be watched (${error.code})`,
      text: `${error.message}\nNo budget alert can be sent until the gateway can be read again; another message will say so.`,
      data: { code: error.code, message: error.message },
      attributes: { code: error.code },
    },
  ]);
}

function readableMessage(sinceMs: number, nowMs: number): Message {
  const minutes = Math.round((nowMs - sinceMs) / 60_000);
  return {
    topic: "operations",
    id: `budgets-readable@${sinceMs}`,
    type: "mlflow-gateway-ops.gateway.readable",
    severity: "info",
    timeMs: nowMs,
    subject: "Budgets are watched again",
    text: `The gateway can be read again, after about ${minutes} minutes. Thresholds crossed meanwhile are told now.`,
    data: { since: new Date(sinceMs).toISOString() },
    attributes: {},
  };
}

async function commit(
  ledger: Ledger,
  record: LedgerRecord<MonitorRecord> | undefined,
  value: MonitorRecord,
  messages: readonly Message[],
): Promise<void> {
  const state = put(MONITOR, MONITOR_ID, value, record);
  if (await commitWithMessages(ledger, [state], messages)) return;
  throw new RecordConflictError("the budgets were evaluated by another poll at the same time");
}
