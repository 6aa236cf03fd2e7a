import { GUARD_LIMITS_DEFAULT } from "#reconcile/plan/guard.ts";
import { type Deadline, NO_DEADLINE } from "#runtime/deadline.ts";
import { type Drift, type DriftDependencies, detectDrift } from "#sync/drift.ts";
import { MANIFESTS, type ManifestRecord } from "#sync/manifest-record.ts";
import type { PlanSettings } from "#sync/owner/run-owner.ts";
import type { PreviewDependencies } from "#sync/preview/preview.ts";
import type { RunReport, RunTrigger } from "#sync/report/report.ts";
import { type SyncDependencies, syncOwner } from "#sync/sync.ts";
import type { Tenancy } from "#sync/tenancy.ts";
import { messagesIn } from "./builders.ts";
import { FakeBucket } from "./fake-bucket.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeGateway } from "./fake-gateway.ts";
import { FakeSecretSource } from "./fake-secret-source.ts";
import { MemoryLedger } from "./memory-ledger.ts";
import { A_PLACE } from "./places.ts";

const CACHE_TTL_MS = 60_000;
const OWNER = "search";
export const MANIFEST_KEY = "manifests/search/gateway.yaml";
export const POLICY_KEY = "manifests/policy.yaml";

const SETTINGS: PlanSettings = {
  prune: false,
  limits: GUARD_LIMITS_DEFAULT,
  allowLoopbackApiBase: false,
  sources: "aws",
};

/** @default an open tenancy */
type Settings = Partial<PlanSettings> & { readonly tenancy?: Tenancy };

type Dependencies = SyncDependencies & DriftDependencies & PreviewDependencies;

/** How a run comes about, if it is not the first delivery of a manifest that was put. */
export interface RunRequest {
  readonly owner?: string;
  readonly trigger?: RunTrigger;
  readonly isLast?: boolean;
  readonly deadline?: Deadline;
}

export const LAST: RunRequest = { isLast: true };

/** Everything that the use cases need, in memory; `dependencies` wires it together for one run. */
export function syncSetup({ tenancy = "open", ...settings }: Settings = {}) {
  const gateway = new FakeGateway();
  const parts = {
    gateway,
    ledger: new MemoryLedger(),
    source: new FakeSecretSource(),
    bucket: new FakeBucket(),
    clock: new FakeClock(),
  };
  const { ledger, source, bucket, clock } = parts;
  const dependencies = (runId = "run-1"): Dependencies => ({
    gatewayOf: () => gateway,
    trackingOf: () => gateway.tracking,
    invocationsOf: () => gateway.invocations,
    ledger,
    source,
    clock,
    runId,
    deadline: NO_DEADLINE,
    place: A_PLACE,
    secretCacheTtlMs: CACHE_TTL_MS,
    manifests: bucket,
    tenancy,
    reports: bucket,
    snapshots: bucket,
    approvals: bucket,
    previews: bucket,
    requestCounts: () => ({}),
    server: "https://mlflow.example.com",
    planSettings: { ...SETTINGS, ...settings },
  });
  return { ...parts, dependencies };
}

/** Such a setup with what people and schedules do, run after run, from one AWS secret on. */
export function syncRuns(settings: Settings = {}) {
  const parts = syncSetup(settings);
  const { bucket, ledger, source, dependencies } = parts;
  source.put("prod/openai", "value-one");
  let runs = 0;
  const nextRun = () => {
    runs += 1;
    return dependencies(`run-${runs}`);
  };
  const sync = (request: RunRequest = {}): Promise<RunReport | undefined> => {
    const {
      owner = OWNER,
      trigger = { kind: "manifest" },
      isLast = false,
      deadline = NO_DEADLINE,
    } = request;
    return syncOwner({ ...nextRun(), deadline }, owner, { trigger, isLast });
  };
  return {
    ...parts,
    nextRun,
    sync,
    putAndSync: (manifest: unknown, request?: RunRequest, key = MANIFEST_KEY) => {
      bucket.put(key, manifest);
      return sync(request);
    },
    /** As the schedule does for each owner. */
    lookAgain: () => sync({ trigger: { kind: "schedule" }, isLast: true }),
    approve: (checksum: string | undefined) => {
      bucket.approve(checksum ?? "", "Ada");
      return sync({ trigger: { kind: "approval", key: `approvals/${checksum}` } });
    },
    drift: async ({ heal = false } = {}): Promise<Drift | undefined> => {
      const [drift] = await detectDrift(nextRun(), { heal, isLast: false });
      return drift;
    },
    record: async (key = MANIFEST_KEY): Promise<ManifestRecord | undefined> =>
      (await ledger.read(MANIFESTS, key))?.value,
    /** Subjects of all messages, in the order in which they were written. */
    told: async (): Promise<string[]> => {
      const messages = await messagesIn(ledger);
      const order = ledger.written.map((write) => (JSON.parse(write) as { id: string }).id);
      return messages
        .sort((one, other) => order.indexOf(one.id) - order.indexOf(other.id))
        .map(({ subject }) => subject);
    },
  };
}
