import type { PlanReport } from "#sync/report/report.ts";

/** What a file under `plans/` would change if it lay under `manifests/`. Holds no secret value. */
export interface Preview extends PlanReport {
  readonly source: { readonly key: string; readonly version_id: string };
}
