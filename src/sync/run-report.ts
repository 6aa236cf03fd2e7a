import { PLAN_VERSION } from "#reconcile/plan/document.ts";
import type { OwnerResult } from "./owner/run-owner.ts";
import { gravest, type ManifestReport, type RunOutcome, type RunReport } from "./report/report.ts";
import type { JournalDependencies, Run } from "./run-journal.ts";

interface ReportDependencies extends Pick<JournalDependencies, "clock" | "requestCounts"> {
  /** Address of the server. */
  readonly server: string;
}

/** The report of a run; `news` are the files of which it tells something that was not known. */
export function buildReport(
  { clock, requestCounts, server }: ReportDependencies,
  run: Run,
  result: OwnerResult,
  news: readonly ManifestReport[],
): RunReport {
  const { manifests, deletedManifests, workspaces, holds, putBack, error, timingsMs } = result;
  return {
    version: PLAN_VERSION,
    server,
    run_id: run.id,
    owner: run.owner,
    trigger: run.trigger,
    outcome: runOutcome(result, news),
    started_at: new Date(run.startedMs).toISOString(),
    finished_at: new Date(clock.nowMs()).toISOString(),
    timings_ms: timingsMs,
    manifests,
    deleted_manifests: deletedManifests,
    workspaces,
    ...(holds ? { holds } : {}),
    ...(putBack ? { put_back: putBack } : {}),
    requests: since(run.requestsBefore, requestCounts()),
    ...(error && workspaces.length === 0
      ? { error: { code: error.code, message: error.message } }
      : {}),
  };
}

/** A file that failed in an earlier run, and was told of, does not make this one a failure. */
function runOutcome(
  { manifests, workspaces }: OwnerResult,
  news: readonly ManifestReport[],
): RunOutcome {
  const planned = workspaces.length > 0 ? workspaces : manifests;
  const hasApplied =
    // A file of which an earlier run made the changes, and did not tell them, is applied too.
    manifests.some(({ outcome }) => outcome === "applied") ||
    workspaces.some(({ outcomes }) => outcomes.some(({ outcome }) => outcome === "applied"));
  return gravest([
    ...(news.length > 0 ? news : planned).map(({ outcome }) => outcome),
    ...(hasApplied ? (["applied"] as const) : []),
  ]);
}

function since(
  before: Readonly<Record<string, number>>,
  now: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now)
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
