import { parseManifest } from "#manifest/parse.ts";
import { toDesired } from "#manifest/to-desired.ts";
import type { SyncDependencies } from "#reconcile/sync.ts";
import { FakeBucket } from "./fake-bucket.ts";
import { FakeClock } from "./fake-clock.ts";
import { type CoreGateway, FakeGateway } from "./fake-gateway.ts";
import { FakeSecretSource } from "./fake-secret-source.ts";
import { MemoryLedger } from "./memory-ledger.ts";

export const CACHE_TTL_MS = 60_000;
export const MANIFEST_KEY = "manifests/search/gateway.yaml";

/** Everything a sync needs, in memory; `dependencies` wires it together for one run. */
export function syncSetup() {
  return syncSetupOf(new FakeGateway());
}

/** The same around any gateway. */
export function syncSetupOf<G extends CoreGateway>(gateway: G) {
  const parts = {
    gateway,
    ledger: new MemoryLedger(),
    source: new FakeSecretSource(),
    bucket: new FakeBucket(),
    clock: new FakeClock(),
  };
  const { ledger, source, bucket, clock } = parts;
  const dependencies = (runId = "run-1"): SyncDependencies => ({
    gateway,
    ledger,
    source,
    clock,
    runId,
    secretCacheTtlMs: CACHE_TTL_MS,
    manifests: bucket,
    reports: bucket,
    parse: parseManifest,
    toDesired,
  });
  return { ...parts, dependencies };
}
