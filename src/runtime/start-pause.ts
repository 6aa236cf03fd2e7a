import { type Ledger, put, remove } from "./ledger.ts";
import { commitWithMessages, type Message } from "./message.ts";
import {
  describePause,
  describeScope,
  PAUSES,
  type Pause,
  type PauseScope,
  pauseId,
} from "./pause.ts";

/**
 * Pauses, and tells it once; `isTold` is false where nobody reads messages. Returns the pause in
 * force, which is the former one if it was paused already.
 */
export async function startPause(ledger: Ledger, pause: Pause, isTold: boolean): Promise<Pause> {
  const record = await ledger.read(PAUSES, pauseId(pause));
  if (record) return record.value;
  const write = put(PAUSES, pauseId(pause), pause, undefined);
  if (await commitWithMessages(ledger, [write], isTold ? [pausedMessage(pause)] : [])) return pause;
  return startPause(ledger, pause, isTold);
}

/** Ends the pause of exactly this scope, and tells it once. Undefined: there is none. */
export async function endPause(
  ledger: Ledger,
  scope: PauseScope,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
  isTold: boolean,
): Promise<Pause | undefined> {
  const record = await ledger.read(PAUSES, pauseId(scope));
  if (!record) return undefined;
  const messages = isTold ? [resumedMessage(record.value, by, nowMs)] : [];
  if (await commitWithMessages(ledger, [remove(PAUSES, record)], messages)) return record.value;
  return endPause(ledger, scope, { by, nowMs }, isTold);
}

function pausedMessage(pause: Pause): Message {
  return {
    ...aboutPause(pause, "paused"),
    severity: "warning",
    timeMs: pause.since_ms,
    subject: `Paused: ${describeScope(pause)}`,
    text:
      `${describePause(pause)}.\nWhat comes meanwhile is noted as pending; nothing is written to the ` +
      "gateway. Reads, plans, drift and alerts go on. gwops resume ends it.",
  };
}

function resumedMessage(pause: Pause, by: string, nowMs: number): Message {
  return {
    ...aboutPause(pause, "resumed"),
    severity: "info",
    timeMs: nowMs,
    subject: `Resumed: ${describeScope(pause)}`,
    text: `Resumed by ${by}. It was ${describePause(pause)}.\nThe schedule goes on with what is pending.`,
  };
}

function aboutPause(pause: Pause, state: "paused" | "resumed") {
  const { worker, owner } = pause;
  return {
    topic: "operations",
    // The same scope may be paused again later.
    id: `${state}:${pauseId(pause)}@${pause.since_ms}`,
    type: `mlflow-gateway-ops.work.${state}`,
    data: { ...pause },
    attributes: { ...(worker ? { worker } : {}), ...(owner ? { owner } : {}) },
  } as const;
}
