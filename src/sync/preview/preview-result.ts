import type { Plan } from "#reconcile/change.ts";
import type { GuardTrip } from "#reconcile/plan/guard.ts";
import type { ManifestReport, ReportedError } from "#sync/report/report.ts";

/** What a file under `plans/` would change if it lay under `manifests/`. Holds no secret value. */
export interface Preview {
  readonly version: 1;
  readonly source: { readonly key: string; readonly version_id: string };
  readonly owner: string;
  readonly outcome: "planned" | "invalid" | "failed";
  readonly manifests: readonly ManifestReport[];
  readonly plans: readonly { readonly plan: Plan; readonly refusals: readonly GuardTrip[] }[];
  readonly error?: ReportedError;
}
