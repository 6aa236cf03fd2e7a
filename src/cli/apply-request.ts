import { refuseForeignMarks } from "#cli/connection/foreign-marks.ts";
import type { WriteFlags } from "#cli/input/flags.ts";
import { GRACE_MS } from "#cli/input/interrupt.ts";
import { confirmed } from "#cli/input/question.ts";
import { showReport } from "#cli/output/outcomes.ts";
import { plansOf, showPlans } from "#cli/output/plans.ts";
import { progressOf } from "#cli/output/progress.ts";
import { say } from "#cli/output/show.ts";
import { endedBy, untilStopped } from "#runtime/deadline.ts";
import { PausedError, pauseOf, readPauses } from "#runtime/pause.ts";
import { type GoingBack, goBack } from "#sync/go-back.ts";
import { type OwnerPlan, type PlanRequest, planOwner } from "#sync/owner/plan-owner.ts";
import { applyOwner, type OwnerResult } from "#sync/owner/run-owner.ts";
import type { RunReport } from "#sync/report/report.ts";
import { startedRun } from "#sync/run-journal.ts";
import { buildReport } from "#sync/run-report.ts";
import { checkSaved, type SavedPlan, savedPlan } from "#sync/saved-plan.ts";
import { withSyncLease } from "#sync/sync.ts";
import type { Backend } from "./backend.ts";
import type { GwopsContext } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { UsageError } from "./usage-error.ts";

const STOPPING = "stopping: changes that are under way end first, no further one is begun";

export interface AppliedRequest {
  readonly status: ExitCode;
  /** Undefined when nobody wanted it. */
  readonly report?: RunReport;
}

/** What is to be applied besides files. */
interface ApplyAsked {
  /** Exactly this plan, or nothing. */
  readonly saved?: SavedPlan | undefined;
  /** An earlier state, which is gone back to and held. */
  readonly state?: GoingBack["state"] | undefined;
}

/**
 * Plans a request, has it confirmed, and carries out exactly what was confirmed:
 *
 * 1. without `--yes`: plan, show, ask
 * 2. take the lease: a gateway has one writer at a time
 * 3. plan, again if somebody was asked; a plan that differs from the expected one is stale
 * 4. stop if others manage the gateway
 * 5. apply, read back, keep what was applied, report
 */
export async function applyRequest(
  context: GwopsContext,
  backend: Backend,
  asked: PlanRequest,
  flags: WriteFlags,
  { saved, state }: ApplyAsked = {},
): Promise<AppliedRequest> {
  const { clock } = context;
  const request = { ...asked, takesOver: flags.takeOver, triesValues: true };
  let expected = saved;
  checkTakeOver(request);
  await checkNotPaused(backend, request);
  if (!flags.yes) {
    const planned = await planOwner(backend.dependencies, request);
    if (expected) checkSaved(expected, planned);
    showPlans(context, plansOf(planned), context.process.stderr);
    if (!(await isWanted(context, planned, flags))) return { status: EXIT.error };
    expected = savedPlan(backend.dependencies, request, planned);
  }
  const stop = context.onInterrupt();
  stop.addEventListener("abort", () => say(context, STOPPING));
  const dependencies = { ...backend.dependencies, deadline: untilStopped(stop, GRACE_MS) };
  const report = await withSyncLease(dependencies, async (held) => {
    // Somebody may have thought for long.
    await checkNotPaused(backend, request);
    const run = startedRun(dependencies, request.owner, { kind: "command", by: context.user });
    // Nothing is written yet: here it stops at once.
    const deadline = endedBy(held.deadline, stop);
    const planned = await planOwner({ ...held, deadline }, request);
    if (expected) checkSaved(expected, planned);
    if (flags.yes) showPlans(context, plansOf(planned), context.process.stderr);
    if (!backend.isShared) {
      for (const plan of planned.workspaces) await refuseForeignMarks(held, plan, flags);
    }
    const plannedMs = clock.nowMs();
    const work = { ...held, manifests: backend.manifests };
    const result = await applied(context, work, request, planned, state);
    const timingsMs = { plan: plannedMs - run.startedMs, apply: clock.nowMs() - plannedMs };
    return buildReport(dependencies, run, { ...result, timingsMs }, result.manifests);
  });
  if (!flags.json) showReport(context, report);
  return { status: reportExitCode(report), report };
}

/** What is taken over is known after the run: before, nobody can say what of it may be deleted. */
function checkTakeOver({ takesOver = false, prune }: PlanRequest): void {
  if (!takesOver || !prune) return;
  throw new UsageError(
    "--take-over and --prune do not go together: take over first, look at what is managed then, and prune with the next run",
  );
}

/** Throws {@link PausedError} while somebody wants nothing to be written for the owner. */
async function checkNotPaused({ dependencies }: Backend, { owner }: PlanRequest): Promise<void> {
  const pause = pauseOf(await readPauses(dependencies.ledger), "config", owner);
  if (pause) throw new PausedError(pause);
}

/** Whether a person wants what may be applied; where nothing may, there is nothing to ask. */
async function isWanted(
  context: GwopsContext,
  { workspaces }: OwnerPlan,
  { approve }: WriteFlags,
): Promise<boolean> {
  const passing = workspaces.filter(
    ({ plan, trips }) => trips.length === 0 || approve.includes(plan.checksum),
  );
  const changes = passing.flatMap(({ plan }) => plan.changes);
  if (changes.length === 0 || (await confirmed(context, changes))) return true;
  say(context, "nothing was changed");
  return false;
}

async function applied(
  context: GwopsContext,
  dependencies: Backend["dependencies"] & Pick<Backend, "manifests">,
  request: PlanRequest,
  planned: OwnerPlan,
  state: ApplyAsked["state"],
): Promise<OwnerResult> {
  const progress = progressOf(context);
  const { onOutcome } = progress;
  try {
    if (state) {
      const going = { state, by: context.user, request, planned };
      return await goBack(dependencies, going, { onOutcome });
    }
    return await applyOwner(dependencies, planned, request.files, { isLast: true }, { onOutcome });
  } finally {
    progress.end();
  }
}

function reportExitCode({ outcome, manifests, workspaces, put_back = [] }: RunReport): ExitCode {
  const outcomes = workspaces.map((workspace) => workspace.outcome);
  if (put_back.some(({ done }) => done === "failed")) return EXIT.error;
  if (outcomes.some((each) => each === "failed" || each === "pending")) return EXIT.error;
  if (manifests.some(({ issues }) => issues !== undefined)) return EXIT.invalid;
  if (outcomes.includes("refused")) return EXIT.refused;
  if (manifests.some((manifest) => manifest.outcome === "held")) return EXIT.refused;
  return outcome === "applied" || outcome === "unchanged" ? EXIT.ok : EXIT.error;
}
