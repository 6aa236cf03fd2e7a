import { describeHold, type Hold, releaseOf } from "#sync/history/hold.ts";
import type { ReportedHold } from "#sync/report/report.ts";

/** What reports say of holds; nothing where there are none. */
export function reportedHolds(
  holds: readonly Hold[],
  isOver: (hold: Hold) => boolean = () => false,
): { readonly holds?: readonly ReportedHold[] } {
  return holds.length === 0 ? {} : { holds: holds.map((hold) => reportedHold(hold, isOver(hold))) };
}

function reportedHold(hold: Hold, isOver: boolean): ReportedHold {
  const { workspace, run_id, since, by, to } = hold;
  return {
    workspace,
    run_id,
    since,
    by,
    to,
    message: isOver
      ? `${describeHold(hold)}: that is over, as its files declare something else`
      : `${describeHold(hold)}: ${releaseOf(hold)}`,
    ...(isOver ? { is_over: true } : {}),
  };
}
