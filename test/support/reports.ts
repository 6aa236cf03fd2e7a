import { perKind } from "#reconcile/kinds.ts";
import { countChanges, type PlanDocument } from "#reconcile/plan/document.ts";
import type { ManifestReport, RunReport, WorkspaceReport } from "#sync/report/report.ts";
import { MANIFEST_KEY } from "./sync-setup.ts";

export const SERVER = "https://mlflow.example.com";

export function aManifestReport(changes: Partial<ManifestReport> = {}): ManifestReport {
  return { key: MANIFEST_KEY, version_id: "object-version-1", outcome: "applied", ...changes };
}

const NONE = { total: 0, names: [], of_others: 0 };

function aPlanDocument(changes: Partial<PlanDocument> = {}): PlanDocument {
  const planned = changes.changes ?? [{ action: "create", key: "endpoint/chat" }];
  return {
    ...{ version: 1, server: SERVER, owner: "search", workspace: "default", prune: false },
    ...{ checksum: "c0ffee", fingerprint: "f00d" },
    counts: { ...countChanges({ changes: planned }), blocked: changes.blocked?.length ?? 0 },
    owned_before: perKind(() => 0),
    changes: planned,
    blocked: [],
    notices: [],
    out_of_scope: [],
    unmanaged: perKind(() => NONE),
    refusals: [],
    ...changes,
  };
}

export function aWorkspaceReport(changes: Partial<WorkspaceReport> = {}): WorkspaceReport {
  return {
    ...aPlanDocument(changes),
    outcome: "applied",
    outcomes: [{ key: "endpoint/chat", outcome: "applied", id: "id-1", duration_ms: 12 }],
    ...changes,
  };
}

export function aRunReport(changes: Partial<RunReport> = {}): RunReport {
  return {
    version: 1,
    server: SERVER,
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
