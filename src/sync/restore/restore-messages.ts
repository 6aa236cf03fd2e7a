import { TRAITS } from "#reconcile/kinds.ts";
import { KINDS, kindIn, WORKSPACE_DEFAULT } from "#reconcile/state.ts";
import type { Message } from "#runtime/message.ts";
import { visibleLines } from "#runtime/visible.ts";
import type { KnownStamp, Restored } from "./looks-restored.ts";

/** A workspace that is found to be an older one, and why. */
export interface Found {
  readonly workspace: string;
  readonly restored: Restored;
  /** Secrets of which the newer value is pushed again. */
  readonly pushed: number;
}

const SHOWN_MAX = 20;

/** One for the whole gateway; `fact` tells one restore from another. */
export function restoredMessage(found: readonly Found[], fact: string, nowMs: number): Message {
  const asOfMs = Math.max(...found.map(({ restored }) => restored.asOfMs));
  const older = found.flatMap(({ restored }) => restored.movedBack);
  const gone = found.flatMap(({ restored }) => restored.gone);
  const pushed = found.reduce((sum, one) => sum + one.pushed, 0);
  const asOf = asOfMs > 0 ? ` as of about ${new Date(asOfMs).toISOString()}` : "";
  const counts = [
    ...(older.length > 0 ? [`${countsOf(older)} as they were before their last write`] : []),
    ...(gone.length > 0 ? [`${countsOf(gone)} that were written later and are gone`] : []),
  ].join(", and ");
  return {
    topic: "operations",
    id: `gateway-restored:${fact}`,
    type: "mlflow-gateway-ops.gateway.restored",
    severity: "critical",
    timeMs: nowMs,
    subject: "The gateway's database seems to be an older one",
    text: visibleLines([
      `The gateway's database seems to be an older one${asOf}: there are ${counts}.`,
      ...found.flatMap(linesOf),
      `The values of ${pushed} secrets are pushed again by themselves. Nothing else is written or deleted.`,
      "What is gone is made again when its manifests are put again, or by gwops apply --stack NAME; what had been deleted since may be there again, and plans name it.",
      "Until all is as it was applied no drift of these workspaces is told or undone.",
    ]),
    data: {
      as_of: asOfMs > 0 ? new Date(asOfMs).toISOString() : undefined,
      workspaces: found.map(({ workspace, restored, pushed: secrets }) => ({
        workspace,
        older: restored.movedBack.slice(0, SHOWN_MAX).map(({ key }) => key),
        older_count: restored.movedBack.length,
        gone: restored.gone.slice(0, SHOWN_MAX).map(({ key }) => key),
        gone_count: restored.gone.length,
        secrets_pushed: secrets,
      })),
    },
    attributes: { outcome: "restored", older: older.length, gone: gone.length },
  };
}

/** That the gateway is again as it was applied. */
export function endedMessage(workspace: string, sinceMs: number, nowMs: number): Message {
  return {
    topic: "operations",
    id: `gateway-reapplied:${workspace}@${sinceMs}`,
    type: "mlflow-gateway-ops.gateway.reapplied",
    severity: "info",
    timeMs: nowMs,
    subject: "The gateway is again as it was applied",
    text: visibleLines([
      `Workspace ${workspace} is again as it was applied, after its database had become an older one. Drift is told again.`,
    ]),
    data: { workspace, since: new Date(sinceMs).toISOString() },
    attributes: { outcome: "reapplied" },
  };
}

/** `2 secrets, 1 endpoint` */
function countsOf(stamps: readonly KnownStamp[]): string {
  return KINDS.flatMap((kind) => {
    const count = stamps.filter(({ identity }) => kindIn(identity) === kind).length;
    const { noun, nouns } = TRAITS[kind];
    return count === 0 ? [] : [`${count} ${count === 1 ? noun : nouns}`];
  }).join(", ");
}

function linesOf({ workspace, restored: { movedBack, gone } }: Found): string[] {
  const lines = [
    ...movedBack.map(({ key }) => `  ${key} is an older one`),
    ...gone.map(({ key }) => `  ${key} is gone`),
  ];
  const more = lines.length - SHOWN_MAX;
  return [
    ...(workspace === WORKSPACE_DEFAULT ? [] : [`Workspace ${workspace}:`]),
    ...lines.slice(0, SHOWN_MAX),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
