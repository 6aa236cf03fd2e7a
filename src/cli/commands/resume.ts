import { buildCommand } from "@stricli/core";
import { ledgerOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { PAUSE_FLAGS, type PauseFlags } from "#cli/input/flags.ts";
import { printJson, say } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { describePause, describeScope, type Pause, readPauses } from "#runtime/pause.ts";
import { endPause } from "#runtime/start-pause.ts";
import { describeHold, endHolds, type Hold, readHolds, releaseOf } from "#sync/history/hold.ts";

export const resumeCommand = buildCommand({
  parameters: { flags: PAUSE_FLAGS },
  docs: {
    brief: "End a pause, or what a rollback holds",
    fullDescription: `Ends the pause of exactly what --worker and --owner name; without both, that of everything. The
next look of the schedule goes on with what is pending.

After a rollback an owner stays at what it went back to. With --owner alone, and where no pause is to
be ended, that has an end: the files are applied again as they are.

Examples:
  gwops resume --stack GatewayOps
  gwops resume --stack GatewayOps --worker secrets --owner team-a
  gwops resume --stack GatewayOps --owner team-a     also after a rollback of team-a`,
  },
  func: resume,
});

async function resume(this: GwopsContext, flags: PauseFlags): Promise<void> {
  const { ledger, isShared } = await ledgerOf(this, flags);
  const act = { by: this.user, nowMs: this.clock.nowMs() };
  const ended = await endPause(ledger, flags, act, isShared);
  const left = await readPauses(ledger);
  if (!ended && flags.owner !== undefined && flags.worker === undefined) {
    const released = await endHolds(ledger, flags.owner, act, isShared);
    if (released.length > 0) return showReleased(this, released, left, flags);
  }
  if (!ended) {
    const others = left.map(describePause).join("; ") || "nothing is paused";
    throw new UsageError(`there is no pause of exactly ${describeScope(flags)}: ${others}`);
  }
  if (flags.json) printJson(this, ended);
  say(this, `resumed ${describeScope(ended)}`);
  for (const pause of left) say(this, `still ${describePause(pause)}`);
  // One word ends one thing: whoever ends a pause need not know of a rollback.
  const holds = flags.owner === undefined ? [] : await readHolds(ledger, flags.owner);
  for (const hold of holds) say(this, `still ${describeHold(hold)}: ${releaseOf(hold)}`);
}

function showReleased(
  context: GwopsContext,
  released: readonly Hold[],
  pauses: readonly Pause[],
  { json, owner }: PauseFlags,
): void {
  if (json) printJson(context, released);
  say(context, `resumed ${owner}: its files are applied again as they are`);
  for (const hold of released) say(context, `until now ${describeHold(hold)}`);
  for (const pause of pauses) say(context, `still ${describePause(pause)}`);
}
