import type { Logger } from "@aws-lambda-powertools/logger";
import { type Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { RunReport } from "#sync/report/report.ts";
import type { Handled } from "./handle-trigger.ts";
import type { Trigger } from "./trigger.ts";

/** Logs what was done, and counts it: at most ten metrics, none by owner or resource. */
export function measure(
  logger: Logger,
  metrics: Metrics,
  trigger: Trigger,
  { reports, drifts, preview }: Handled,
): void {
  logger.info("message handled", { trigger });
  const told = [...reports, ...drifts.flatMap(({ report }) => report ?? [])];
  for (const report of told) {
    const { run_id, owner, outcome, requests, timings_ms, error } = report;
    logger.info("run ended", { run_id, owner, outcome, requests, timings_ms, error });
    count(metrics, report);
  }
  for (const { owner, workspace, error } of drifts) {
    if (error) logger.warn("drift not known", { owner, workspace, ...error });
  }
  if (preview) logger.info("plan previewed", { source: preview.source, outcome: preview.outcome });
  if (trigger.look === "drift") {
    const resources = drifts.reduce((sum, drift) => sum + drift.resources, 0);
    metrics.addMetric("DriftedResources", MetricUnit.Count, resources);
  }
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
}

function count(
  metrics: Metrics,
  { outcome, workspaces, started_at, finished_at }: RunReport,
): void {
  const outcomes = workspaces.flatMap((workspace) => workspace.outcomes);
  const number = (wanted: string) => outcomes.filter((one) => one.outcome === wanted).length;
  const durationMs = Date.parse(finished_at) - Date.parse(started_at);
  metrics.addMetric("ChangesApplied", MetricUnit.Count, number("applied"));
  metrics.addMetric("ChangesFailed", MetricUnit.Count, number("failed"));
  metrics.addMetric("RunsRefused", MetricUnit.Count, outcome === "refused" ? 1 : 0);
  metrics.addMetric("RunsRejected", MetricUnit.Count, outcome === "rejected" ? 1 : 0);
  metrics.addMetric("RunsPending", MetricUnit.Count, outcome === "pending" ? 1 : 0);
  metrics.addMetric("RunDuration", MetricUnit.Milliseconds, durationMs);
}
