import { buildCommand } from "@stricli/core";
import { ledgerOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { PAUSE_FLAGS, type PauseFlags } from "#cli/input/flags.ts";
import { printJson, say } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { describePause, describeScope, readPauses } from "#runtime/pause.ts";
import { endPause } from "#runtime/start-pause.ts";

export const resumeCommand = buildCommand({
  parameters: { flags: PAUSE_FLAGS },
  docs: {
    brief: "End a pause",
    fullDescription: `Ends the pause of exactly what --worker and --owner name; without both, that of everything. The
next look of the schedule goes on with what is pending.

Examples:
  gwops resume --stack GatewayOps
  gwops resume --stack GatewayOps --worker secrets --owner team-a`,
  },
  func: resume,
});

async function resume(this: GwopsContext, flags: PauseFlags): Promise<void> {
  const { ledger, isShared } = await ledgerOf(this, flags);
  const act = { by: this.user, nowMs: this.clock.nowMs() };
  const ended = await endPause(ledger, flags, act, isShared);
  const left = await readPauses(ledger);
  if (!ended) {
    const others = left.map(describePause).join("; ") || "nothing is paused";
    throw new UsageError(`there is no pause of exactly ${describeScope(flags)}: ${others}`);
  }
  if (flags.json) printJson(this, ended);
  say(this, `resumed ${describeScope(ended)}`);
  for (const pause of left) say(this, `still ${describePause(pause)}`);
}
