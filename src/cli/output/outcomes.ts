import type { GwopsContext } from "#cli/context.ts";
import type { ChangeOutcome } from "#reconcile/apply/apply.ts";
import { outcomeWords } from "#sync/report/outcome-text.ts";
import type { PutBack, RunReport } from "#sync/report/report.ts";
import { print } from "./show.ts";
import type { StyleName } from "./style.ts";

const STYLES: Readonly<Record<ChangeOutcome["outcome"], StyleName>> = {
  applied: "create",
  failed: "error",
  skipped: "warning",
  "not-attempted": "warning",
};

const PUT_BACK: Readonly<Record<PutBack["done"], string>> = {
  "put-back": "is put back as it was then",
  removed: "is removed: it was not there then, and what it made stays as it is",
  left: "is left: somebody put another version meanwhile, which counts",
  failed: "could not be put back, and is held off all the same",
};

/** Which changes failed stands above, and why a plan is refused in the plan itself. */
const SAID = ["apply-failed", "unsafe-plan"];

/** What became of each change, and one line that sums it up. */
export function showReport(context: GwopsContext, report: RunReport): void {
  const { stdout, stderr } = context.process;
  for (const workspace of report.workspaces) {
    const actions = new Map(workspace.changes.map(({ key, action }) => [key, action]));
    for (const outcome of workspace.outcomes) {
      const action = actions.get(outcome.key) ?? "update";
      const { word, rest } = outcomeWords({ action, key: outcome.key }, outcome);
      print(context, stdout, { style: STYLES[outcome.outcome], text: word }, ` ${rest}`);
    }
    if (workspace.error && !SAID.includes(workspace.error.code)) {
      const [first = "", ...others] = workspace.error.message.split("\n");
      print(context, stderr, { style: "error", text: "error:" }, ` ${first}`);
      for (const line of others) print(context, stderr, line);
    }
  }
  showHeld(context, report);
  print(context, stdout, summaryOf(report));
}

function showHeld(context: GwopsContext, { put_back = [], holds = [] }: RunReport): void {
  const { stdout, stderr } = context.process;
  for (const { key, done, message } of put_back) {
    const cause = message === undefined ? "" : `: ${message}`;
    print(context, done === "failed" ? stderr : stdout, `${key} ${PUT_BACK[done]}${cause}`);
  }
  for (const { message } of holds) print(context, stderr, message);
}

/** `3 applied, 1 failed; 12 requests in 0.4 s` */
function summaryOf({ outcome, workspaces, requests, started_at, finished_at }: RunReport): string {
  const outcomes = workspaces.flatMap((workspace) => workspace.outcomes);
  const counts = Object.keys(STYLES).flatMap((name) => {
    const count = outcomes.filter((each) => each.outcome === name).length;
    return count > 0 ? [`${count} ${name}`] : [];
  });
  const seconds = (Date.parse(finished_at) - Date.parse(started_at)) / 1000;
  const requestCount = Object.values(requests).reduce((sum, count) => sum + count, 0);
  const changed = counts.length > 0 ? counts.join(", ") : `${outcome}: nothing was changed`;
  return `${changed}; ${requestCount} requests in ${seconds.toFixed(1)} s`;
}
