import { type Pause, PausedError } from "#runtime/pause.ts";
import type { RunDependencies } from "./end-run.ts";
import {
  isUnsettled,
  type ManifestRecord,
  type ManifestRecords,
  recordManifests,
} from "./manifest-record.ts";
import type { OwnerFile } from "./owner-file.ts";
import type { RunReport, RunTrigger } from "./report/report.ts";
import { startedRun } from "./run-journal.ts";
import { buildReport } from "./run-report.ts";

interface PausedWork {
  readonly owner: string;
  readonly pause: Pause;
  readonly trigger: RunTrigger;
  /** Files with work left to do. */
  readonly files: readonly OwnerFile[];
  readonly records: ManifestRecords;
  readonly policyVersion: string;
}

/**
 * Notes as pending what is to be done once somebody resumes the work, so that the next look of the
 * schedule does it. A report says so for each new version; messages are sent for the pause alone.
 */
export async function putOff(
  dependencies: RunDependencies,
  { owner, pause, trigger, files, records, policyVersion }: PausedWork,
): Promise<RunReport | undefined> {
  const fresh = files.filter(({ name, version_id }) => {
    const known = records.get(name)?.value;
    return known?.status !== "pending" || known.attempted_version !== version_id;
  });
  if (fresh.length === 0) return undefined;
  const error = new PausedError(pause);
  const manifests = fresh.map(
    ({ name, version_id }) => ({ key: name, version_id, outcome: "pending" }) as const,
  );
  const run = startedRun(dependencies, owner, trigger);
  const result = { manifests, deletedManifests: [], workspaces: [], timingsMs: {}, error };
  const report = buildReport(dependencies, run, result, manifests);
  // As of any run: whoever lost the lease has nothing to tell.
  await dependencies.ledger.commit([]);
  const report_key = await dependencies.reports.writeReport(report);
  const next = new Map(
    fresh.map(({ name, version_id }): [string, ManifestRecord] => {
      const known = records.get(name)?.value;
      return [
        name,
        {
          attempted_version: version_id,
          policy_version: policyVersion,
          status: "pending",
          applied_version: known?.applied_version,
          report_key,
          // A former version may be applied in part, which is another thing than to wait.
          pending_code: isUnsettled(known) ? known?.pending_code : error.code,
          attempts: 1,
          at_ms: dependencies.clock.nowMs(),
        },
      ];
    }),
  );
  const before = new Map([...records].filter(([name]) => next.has(name)));
  await recordManifests(dependencies.ledger, before, next, [], []);
  return report;
}
