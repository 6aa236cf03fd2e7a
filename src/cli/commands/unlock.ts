import { buildCommand } from "@stricli/core";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { onFlag, REPORT_FLAGS, type ReportFlags } from "#cli/input/flags.ts";
import { isAnsweredYes } from "#cli/input/question.ts";
import { counted, printJson, say } from "#cli/output/show.ts";
import { describeLease, heldLeases, type Lease, takeAway } from "#runtime/lease.ts";
import type { LedgerRecord } from "#runtime/ledger.ts";

interface Flags extends ReportFlags {
  readonly yes?: boolean | undefined;
}

export const unlockCommand = buildCommand({
  parameters: {
    flags: { ...REPORT_FLAGS, yes: onFlag("Take the leases away without asking") },
  },
  docs: {
    brief: "Take away what a killed run left held",
    fullDescription: `Says who holds the right to write (person or function, run, process, machine, since when), asks,
and takes it away. Seldom needed: a run that was killed blocks others for at most a minute, and on
the same machine not at all. A run that lives notices within 15 seconds that it lost the right,
begins no further write and ends.

Exit status: 0 taken away or nothing held, 1 left as it is.

Examples:
  gwops unlock
  gwops unlock --stack GatewayOps --yes`,
  },
  func: unlock,
});

async function unlock(this: GwopsContext, flags: Flags): Promise<void> {
  const { ledger } = (await backendOf(this, flags)).dependencies;
  const held = await heldLeases(ledger, this.clock.nowMs());
  for (const { id, value } of held) say(this, describeLease(id, value));
  if (held.length === 0) say(this, "nothing is held");
  else if (!flags.yes && !(await isAnsweredYes(this, counted(held.length, "lease"), "take away"))) {
    say(this, "nothing was changed");
    this.process.exitCode = EXIT.error;
    return;
  }
  for (const { id, value } of held) {
    const isTaken = await takeAway(ledger, this.clock, id, value);
    say(this, isTaken ? `${id} was taken away` : `${id} was given back meanwhile`);
  }
  if (flags.json) printJson(this, held.map(leaseJson));
}

function leaseJson({ id, value: { holder, since_ms } }: LedgerRecord<Lease>) {
  return { lease: id, ...holder, since: new Date(since_ms).toISOString() };
}
