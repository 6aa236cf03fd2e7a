import { GatewayClient } from "#gateway/client.ts";
import { InvocationClient } from "#gateway/invocations.ts";
import { TrackingClient } from "#gateway/tracking.ts";
import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { systemClock } from "#runtime/clock.ts";
import { NO_DEADLINE } from "#runtime/deadline.ts";
import { RequestCount } from "#runtime/request-count.ts";
import { pushChanged } from "#secrets/push-changed.ts";
import { type DriftDependencies, detectDrift } from "#sync/drift.ts";
import type { RunReport } from "#sync/report/report.ts";
import { type SyncDependencies, syncOwner } from "#sync/sync.ts";
import type { MlflowServer } from "../../scripts/local/mlflow-server.ts";
import { FakeBucket } from "./fake-bucket.ts";
import { arnOf, FakeSecretSource } from "./fake-secret-source.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { A_PLACE } from "./places.ts";

/**
 * Syncs as the worker does, with prune, on a real server and a memory of its own; every plan that a
 * guard refuses is approved.
 */
export function realSync({ trackingUri, admin }: MlflowServer, owner: string) {
  const requests = new RequestCount();
  const options = { trackingUri, ...(admin ? { auth: admin } : {}), onRequest: requests.add };
  const gateway = new GatewayClient(options);
  const tracking = new TrackingClient(options);
  const invocations = new InvocationClient(options);
  const bucket = new FakeBucket();
  const source = new FakeSecretSource();
  const dependencies: Omit<SyncDependencies & DriftDependencies, "runId"> = {
    gatewayOf: () => gateway,
    trackingOf: () => tracking,
    invocationsOf: () => invocations,
    ledger: new MemoryLedger(),
    source,
    clock: systemClock,
    deadline: NO_DEADLINE,
    place: A_PLACE,
    secretCacheTtlMs: 10_000,
    manifests: bucket,
    tenancy: "open",
    reports: bucket,
    snapshots: bucket,
    approvals: { approver: async () => "the test" },
    requestCounts: requests.counts,
    server: trackingUri,
    planSettings: {
      prune: true,
      limits: GUARD_LIMITS_DEFAULT,
      allowLoopbackApiBase: false,
      sources: "aws",
    },
  };
  let runs = 0;
  const nextRun = () => {
    runs += 1;
    return { ...dependencies, runId: `run-${runs}` };
  };
  return {
    gateway,
    source,
    bucket,
    sync: (manifest: unknown): Promise<RunReport | undefined> => {
      bucket.put(`manifests/${owner}/gateway.yaml`, manifest);
      return syncOwner(nextRun(), owner, { trigger: { kind: "manifest" }, isLast: true });
    },
    /** A new value in Secrets Manager, and its event. */
    change: (name: string, value: string) => {
      const versionId = source.put(name, value);
      return pushChanged(nextRun(), { sourceArn: arnOf(name), versionId }, { isLast: true });
    },
    drift: async () => (await detectDrift(nextRun(), { heal: false, isLast: true }))[0],
  };
}
