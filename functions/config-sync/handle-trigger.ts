import { GatewayOpsError } from "#runtime/errors.ts";
import { type Pause, pauseOf, readPauses } from "#runtime/pause.ts";
import { type Drift, detectDrift } from "#sync/drift.ts";
import { ownersOf } from "#sync/manifest-source.ts";
import { type ApprovalSource, ownerAwaiting } from "#sync/owner/approval.ts";
import type { Delivery } from "#sync/owner/file-outcome.ts";
import { type PreviewDependencies, previewPlan } from "#sync/preview/preview.ts";
import type { Preview } from "#sync/preview/preview-result.ts";
import type { RunReport } from "#sync/report/report.ts";
import { type SyncDependencies, type SyncRequest, syncOwner, withSyncLease } from "#sync/sync.ts";
import type { Put, Trigger } from "./trigger.ts";

export interface HandleDependencies extends SyncDependencies, PreviewDependencies {
  /** Whether drift is undone, and not only told. */
  readonly selfHeal: boolean;
}

/** What was done about a message. */
export interface Handled {
  readonly reports: readonly RunReport[];
  readonly drifts: readonly Drift[];
  readonly preview?: Preview | undefined;
}

const NOTHING: Handled = { reports: [], drifts: [] };

/**
 * Does what a message asks for, as far as nothing of it is paused. One owner that fails for now does
 * not stop the others.
 */
export async function handleTrigger(
  dependencies: HandleDependencies,
  trigger: Trigger,
  delivery: Delivery,
): Promise<Handled> {
  const { manifests, ledger, approvals, selfHeal } = dependencies;
  const pauses = await readPauses(ledger);
  switch (trigger.look) {
    case "owner": {
      const request = { trigger: { kind: "manifest", ...trigger.put }, ...delivery } as const;
      return syncOwners(dependencies, [trigger.owner], request, pauses);
    }
    case "policy": {
      const request = { trigger: { kind: "policy", ...trigger.put }, ...delivery } as const;
      return syncOwners(dependencies, await ownersOf(manifests), request, pauses);
    }
    case "pending": {
      // The schedule comes again by itself: what fails now is pending, as it was.
      const request = { trigger: { kind: "schedule" }, isLast: true } as const;
      return syncOwners(dependencies, await ownersOf(manifests), request, pauses);
    }
    case "approval": {
      const owner = await ownerAwaiting(ledger, trigger.checksum);
      if (owner === undefined) return NOTHING;
      const approved = { ...dependencies, approvals: witnessed(approvals, trigger.put) };
      const request = { trigger: { kind: "approval", ...trigger.put }, ...delivery } as const;
      const { reports } = await syncOwners(approved, [owner], request, pauses);
      // What was refused may have been the healing of drift.
      const drifts = selfHeal ? await drift(approved, delivery, pauses) : [];
      return { reports, drifts };
    }
    case "drift":
      return { reports: [], drifts: await drift(dependencies, delivery, pauses) };
    case "preview":
      return { ...NOTHING, preview: await previewPlan(dependencies, trigger.put.key, delivery) };
    case "nothing":
      return NOTHING;
  }
}

/** What the object says of its author is their own word; the event adds what AWS knows. */
function witnessed(approvals: ApprovalSource, { by }: Put): ApprovalSource {
  return {
    approver: async (checksum) => {
      const approver = await approvals.approver(checksum);
      return approver === undefined || by === undefined ? approver : `${approver} (AWS: ${by})`;
    },
  };
}

function drift(
  dependencies: HandleDependencies,
  delivery: Delivery,
  pauses: readonly Pause[],
): Promise<Drift[]> {
  const request = { ...delivery, heal: dependencies.selfHeal, pauses };
  return withSyncLease(dependencies, (held) => detectDrift(held, request));
}

async function syncOwners(
  dependencies: HandleDependencies,
  owners: readonly string[],
  request: SyncRequest,
  pauses: readonly Pause[],
): Promise<Handled> {
  const reports: RunReport[] = [];
  const failures: GatewayOpsError[] = [];
  for (const [index, owner] of owners.entries()) {
    // The schedule goes on with those that are left.
    if (index > 0 && dependencies.deadline.leftMs() === 0) break;
    // A report is named by its run: one invocation may make several.
    const own = { ...dependencies, runId: `${dependencies.runId}-${owner}` };
    try {
      const pause = pauseOf(pauses, "config", owner);
      const report = await syncOwner(own, owner, { ...request, pause });
      if (report) reports.push(report);
    } catch (error) {
      if (!(error instanceof GatewayOpsError)) throw error;
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure) throw failure;
  return { reports, drifts: [] };
}
