import { buildCommand } from "@stricli/core";
import { ledgerOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { onFlag, PAUSE_FLAGS, type PauseFlags } from "#cli/input/flags.ts";
import { parseReason } from "#cli/input/reason.ts";
import { print, printJson, say } from "#cli/output/show.ts";
import { describePause, type Pause, readPauses } from "#runtime/pause.ts";
import { startPause } from "#runtime/start-pause.ts";

interface Flags extends PauseFlags {
  readonly reason?: string | undefined;
  readonly list?: boolean | undefined;
}

export const pauseCommand = buildCommand({
  parameters: {
    flags: {
      ...PAUSE_FLAGS,
      reason: {
        kind: "parsed",
        parse: parseReason,
        brief: "Why, for whoever meets the pause",
        placeholder: "text",
        optional: true,
      },
      list: onFlag("Print what is paused, since when, by whom and why, and pause nothing"),
    },
  },
  docs: {
    brief: "Let nothing be written to the gateway until gwops resume",
    fullDescription: `Workers note what comes meanwhile as pending and write nothing to the gateway; reads, previews,
drift and alerts go on. Work that is under way ends first. Without --worker and --owner everything is
paused. Of a ledger of this machine it holds for gwops apply and rollback.

Examples:
  gwops pause --stack GatewayOps --reason "database maintenance"
  gwops pause --stack GatewayOps --worker secrets --owner team-a
  gwops pause --stack GatewayOps --list`,
  },
  func: pause,
});

async function pause(this: GwopsContext, flags: Flags): Promise<void> {
  const { ledger, isShared } = await ledgerOf(this, flags);
  if (flags.list) return showPauses(this, await readPauses(ledger), flags);
  const { worker, owner, reason } = flags;
  const wanted: Pause = { worker, owner, since_ms: this.clock.nowMs(), by: this.user, reason };
  const inForce = await startPause(ledger, wanted, isShared);
  if (flags.json) printJson(this, inForce);
  say(this, describePause(inForce));
}

function showPauses(context: GwopsContext, pauses: readonly Pause[], { json }: Flags): void {
  if (json) printJson(context, pauses);
  else for (const one of pauses) print(context, context.process.stdout, describePause(one));
  if (pauses.length === 0) say(context, "nothing is paused");
}
