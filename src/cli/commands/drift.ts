import { buildCommand } from "@stricli/core";
import { backendOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { accessOf } from "#cli/input/access.ts";
import { REPORT_FLAGS, type ReportFlags } from "#cli/input/flags.ts";
import { isAsDeclared, showPlans } from "#cli/output/plans.ts";
import { counted, printFindings, printJson, say } from "#cli/output/show.ts";
import { UsageError } from "#cli/usage-error.ts";
import { type DriftPlan, driftReport, planDrift } from "#sync/drift.ts";
import { type LastSnapshots, readSnapshots } from "#sync/history/snapshot-history.ts";

export const driftCommand = buildCommand({
  parameters: { flags: REPORT_FLAGS },
  docs: {
    brief: "Show what somebody changed since the last apply",
    fullDescription: `Compares the gateway with what was applied last, and prints the plan that would undo the
difference. Changes nothing; gwops apply undoes it. New values of secrets are not drift.

Exit status: 0 no drift, 2 drift.

Examples:
  gwops drift
  gwops drift --owner team-a --json`,
  },
  func: drift,
});

async function drift(this: GwopsContext, flags: ReportFlags): Promise<void> {
  const { dependencies } = await backendOf(this, flags);
  const access = await accessOf(this, flags);
  const { owner, workspace } = flags;
  const last = await readSnapshots(dependencies, owner);
  const applied = [...last.snapshots.values()].filter((one) =>
    [undefined, one.workspace].includes(workspace),
  );
  showLost(this, last);
  if (applied.length === 0) {
    const where = workspace === undefined ? "" : ` in the workspace "${workspace}"`;
    throw new UsageError(`nothing was applied yet for the owner "${owner}"${where}`);
  }
  const found: DriftPlan[] = [];
  for (const snapshot of applied) found.push(await planDrift(dependencies, snapshot, access));
  showUncompared(this, found);
  const drifted = found.filter(({ plan, rejected }) => rejected.length > 0 || !isAsDeclared(plan));
  const isDrifted = drifted.length > 0;
  if (flags.json) printJson(this, driftReport(dependencies, flags.owner, found));
  else for (const { plan } of drifted) showPlans(this, plan, this.process.stdout);
  this.process.exitCode = isDrifted ? EXIT.pending : EXIT.ok;
  say(this, isDrifted ? "the gateway is not as it was applied" : "no drift");
}

function showLost(context: GwopsContext, { lost }: LastSnapshots): void {
  for (const [workspace, reference] of lost) {
    say(context, `what was applied in ${workspace} is lost (${reference}): apply once more`);
  }
}

/** What is wrong with a file itself, or no longer granted, is no drift, and hides what would be. */
function showUncompared(context: GwopsContext, found: readonly DriftPlan[]): void {
  const invalid = found.flatMap(({ plan: { checked, rejected } }) =>
    checked.invalid.filter(({ name }) => !rejected.has(name)),
  );
  printFindings(context, { invalid, warnings: [] }, context.process.stderr);
  if (invalid.length > 0) say(context, `not compared: ${counted(invalid.length, "file")}`);
  const halfApplied = found.flatMap((drifted) => drifted.halfApplied);
  if (halfApplied.length === 0) return;
  say(context, `not compared, since the last run did not end well: ${halfApplied.join(", ")}`);
}
