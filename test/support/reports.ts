import type {
  ManifestReport,
  ReportedPlan,
  RunReport,
  WorkspaceReport,
} from "#sync/report/report.ts";
import { MANIFEST_KEY } from "./sync-setup.ts";

export function aManifestReport(changes: Partial<ManifestReport> = {}): ManifestReport {
  return { key: MANIFEST_KEY, version_id: "object-version-1", outcome: "applied", ...changes };
}

export function aReportedPlan(changes: Partial<ReportedPlan> = {}): ReportedPlan {
  return {
    checksum: "c0ffee",
    prune: false,
    changes: [{ action: "create", key: "endpoint/chat" }],
    notices: [],
    out_of_scope: [],
    ...changes,
  };
}

export function aWorkspaceReport(changes: Partial<WorkspaceReport> = {}): WorkspaceReport {
  return {
    workspace: "default",
    outcome: "applied",
    plan: aReportedPlan(),
    refusals: [],
    outcomes: [{ key: "endpoint/chat", outcome: "applied", id: "id-1", duration_ms: 12 }],
    ...changes,
  };
}

export function aRunReport(changes: Partial<RunReport> = {}): RunReport {
  return {
    version: 1,
    run_id: "run-1",
    owner: "search",
    trigger: { kind: "manifest", key: MANIFEST_KEY, by: "111122223333" },
    outcome: "applied",
    started_at: "2026-11-23T12:00:00.000Z",
    finished_at: "2026-11-23T12:00:01.500Z",
    timings_ms: { plan: 500, apply: 1000 },
    manifests: [aManifestReport()],
    deleted_manifests: [],
    workspaces: [aWorkspaceReport()],
    requests: { listSecrets: 2 },
    ...changes,
  };
}
