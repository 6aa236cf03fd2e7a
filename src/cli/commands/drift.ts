import { buildCommand } from "@stricli/core";
import { backendOf, ledgerOf } from "#cli/connection/session.ts";
import type { GwopsContext } from "#cli/context.ts";
import { EXIT } from "#cli/exit-codes.ts";
import { accessOf } from "#cli/input/access.ts";
import {
  type AskedOf,
  OWNER_DEFAULT,
  OWNER_FLAG,
  REPORT_FLAGS,
  type ReportFlags,
} from "#cli/input/flags.ts";
import { isAsDeclared, plansOf, showHolds, showPlans } from "#cli/output/plans.ts";
import { counted, printFindings, say } from "#cli/output/show.ts";
import { type Worked, workByOwner } from "#cli/owners.ts";
import { UsageError } from "#cli/usage-error.ts";
import { readHolds } from "#sync/history/hold.ts";
import { SNAPSHOTS } from "#sync/history/snapshot.ts";
import { type LastSnapshots, readSnapshots, splitId } from "#sync/history/snapshot-history.ts";
import { type DriftPlan, driftReport, planDrift } from "#sync/plan-drift.ts";

const OWNER_BRIEF = "Only what this owner applied [default: what every owner did]";

type Flags = AskedOf<ReportFlags>;

export const driftCommand = buildCommand({
  parameters: { flags: { ...REPORT_FLAGS, owner: { ...OWNER_FLAG, brief: OWNER_BRIEF } } },
  docs: {
    brief: "Show what somebody changed since the last apply",
    fullDescription: `Compares the gateway with what was applied last, and prints the plan that would undo the
difference. Changes nothing; gwops apply undoes it. New values of secrets are not drift. Without
--owner every owner of the ledger is looked at.

Exit status: 0 no drift, 2 drift.

Examples:
  gwops drift
  gwops drift --owner team-a --json`,
  },
  func: drift,
});

async function drift(this: GwopsContext, asked: Flags): Promise<void> {
  const owners = asked.owner === undefined ? await appliedOwners(this, asked) : [asked.owner];
  const parts = owners.map((owner) => ({ flags: { ...asked, owner } }));
  const isList = asked.owner === undefined && owners.some((owner) => owner !== OWNER_DEFAULT);
  await workByOwner(this, { parts, isList }, asked, ({ flags }) => driftOf(this, flags));
}

/** Of whom the ledger knows something; `default` where it knows nothing. */
async function appliedOwners(context: GwopsContext, asked: Flags): Promise<string[]> {
  const { ledger } = await ledgerOf(context, asked);
  const ids = (await ledger.list(SNAPSHOTS)).map(({ id }) => splitId(id));
  const owners = ids.flatMap(([workspace, owner]) =>
    [undefined, workspace].includes(asked.workspace) ? owner : [],
  );
  return owners.length > 0 ? [...new Set(owners)].sort() : [OWNER_DEFAULT];
}

async function driftOf(context: GwopsContext, flags: ReportFlags): Promise<Worked> {
  const { dependencies } = await backendOf(context, flags);
  const access = await accessOf(context, flags);
  const { owner, workspace } = flags;
  const last = await readSnapshots(dependencies, owner);
  const applied = [...last.snapshots.values()].filter((one) =>
    [undefined, one.workspace].includes(workspace),
  );
  showLost(context, last);
  if (applied.length === 0 && last.lost.size > 0) return { status: EXIT.error };
  if (applied.length === 0) {
    const where = workspace === undefined ? "" : ` in the workspace "${workspace}"`;
    throw new UsageError(`nothing was applied yet for the owner "${owner}"${where}`);
  }
  const found: DriftPlan[] = [];
  for (const snapshot of applied) found.push(await planDrift(dependencies, snapshot, access));
  const holds = await readHolds(dependencies.ledger, owner);
  showHolds(context, holds);
  showUncompared(context, found);
  const drifted = found.filter(({ plan, rejected }) => rejected.length > 0 || !isAsDeclared(plan));
  const isDrifted = drifted.length > 0;
  if (!flags.json)
    for (const { plan } of drifted) showPlans(context, plansOf(plan), context.process.stdout);
  const whose = owner === OWNER_DEFAULT ? "" : `${owner}: `;
  say(context, `${whose}${isDrifted ? "the gateway is not as it was applied" : "no drift"}`);
  return {
    status: isDrifted ? EXIT.pending : EXIT.ok,
    report: driftReport(dependencies, owner, found, holds),
  };
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
