import { ManifestError } from "#manifest/errors.ts";
import type { Locate, Manifest, ManifestFinding, ParseManifest } from "#manifest/types.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { withLease } from "#runtime/lease.ts";
import { type LedgerRecord, remove } from "#runtime/ledger.ts";
import { describeFor, SecretSourceError } from "#secrets/source.ts";
import { type ApplyDependencies, applyPlan } from "./apply.ts";
import { type GatewayReader, observe } from "./observe.ts";
import { type Plan, planChanges } from "./plan.ts";
import type { RunFacts, RunFindings, RunOutcome, RunReport } from "./report.ts";
import {
  isSettled,
  MANIFESTS,
  type ManifestRecord,
  markRunning,
  type RecordDependencies,
  settle,
} from "./run-record.ts";
import { type DesiredState, keyOf } from "./state.ts";

/** The newest version of a manifest file. */
export interface ManifestFile {
  readonly text: string;
  readonly versionId: string;
}

export interface ManifestSource {
  /** Undefined when the file was deleted. */
  readNewest(key: string): Promise<ManifestFile | undefined>;
}

export interface SyncDependencies extends ApplyDependencies, RecordDependencies {
  readonly gateway: GatewayReader & ApplyDependencies["gateway"];
  readonly manifests: ManifestSource;
  readonly parse: ParseManifest;
  readonly toDesired: (
    owner: string,
    manifest: Manifest,
    versions: ReadonlyMap<string, string>,
  ) => DesiredState;
}

/** What was written is not what is read back. */
class VerificationError extends GatewayOpsError {
  override readonly name = "VerificationError";
  readonly code = "not-as-written";
  readonly disposition = "retry";
}

/** Longer than the worker's time limit, so that a running worker never loses it. */
const LEASE_MS = 6 * 60 * 1000;
const WITHOUT_OWNER = {
  rule: "owner",
  path: [],
  line: 1,
  column: 1,
  message: "must lie in a folder named after its owner, such as manifests/default/gateway.yaml",
};

/**
 * Brings the gateway to what the newest version of a manifest declares:
 *
 * 1. read the newest version; stop if it is already settled
 * 2. parse it, and look up the source of every secret before anything is written
 * 3. observe the gateway and plan
 * 4. apply the plan, observe again: the second plan must be empty
 * 5. keep a report, the ledger's record and, when something changed or failed, one message
 *
 * Returns the report, or undefined when there was nothing to do. A failure that may pass is
 * reported and thrown, so that the event is delivered again; at the last delivery it is recorded
 * as pending instead.
 */
export async function syncManifest(
  dependencies: SyncDependencies,
  key: string,
  delivery: { readonly isLast: boolean },
): Promise<RunReport | undefined> {
  // What the S3 console calls a folder is an empty object of this name.
  if (key.endsWith("/")) return undefined;
  const { ledger, clock, runId, manifests } = dependencies;
  const lease = { ledger, clock, holder: runId, durationMs: LEASE_MS };
  return withLease("sync", lease, async () => {
    const file = await manifests.readNewest(key);
    const record = await ledger.read(MANIFESTS, key);
    if (!file) {
      // What a deleted manifest declared stays on the gateway; there is only nothing left to do.
      if (record) await ledger.commit([remove(MANIFESTS, record)]);
      return undefined;
    }
    if (record && isSettled(record.value, file.versionId)) return undefined;
    return syncFile(dependencies, key, file, record, delivery);
  });
}

/** Goes on with every manifest whose deliveries were used up. */
export async function syncPending(dependencies: SyncDependencies): Promise<RunReport[]> {
  const records = await dependencies.ledger.list(MANIFESTS);
  const reports: RunReport[] = [];
  for (const { id, value } of records) {
    if (isSettled(value, value.attempted_version)) continue;
    const report = await syncManifest(dependencies, id, { isLast: true });
    if (report) reports.push(report);
  }
  return reports;
}

/** `manifests/<owner>/...`: the folder is the owner. */
function ownerOfKey(key: string): string | undefined {
  const [, owner, ...rest] = key.split("/");
  return rest.length > 0 ? owner : undefined;
}

async function syncFile(
  dependencies: SyncDependencies,
  key: string,
  file: ManifestFile,
  record: LedgerRecord<ManifestRecord> | undefined,
  delivery: { readonly isLast: boolean },
): Promise<RunReport> {
  const facts: RunFacts = {
    run_id: dependencies.runId,
    owner: ownerOfKey(key) ?? "",
    manifest: { key, version_id: file.versionId },
    startedMs: dependencies.clock.nowMs(),
  };
  const running = await markRunning(dependencies, key, file.versionId, record);
  const findings: { -readonly [K in keyof RunFindings]: RunFindings[K] } = {};
  try {
    await run(dependencies, facts, file, findings);
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    const outcome = failureOutcome(error, findings, delivery);
    const report = await settle(dependencies, running, facts, outcome, { ...findings, error });
    if (outcome === "retrying") throw error;
    return report;
  }
  // An earlier attempt at this version may have made the changes and ended before it could say so.
  const isContinued = record?.value.attempted_version === file.versionId;
  const hasChanged = isContinued || findings.plan?.changes.length !== 0;
  return settle(dependencies, running, facts, hasChanged ? "applied" : "unchanged", findings);
}

async function run(
  dependencies: SyncDependencies,
  { owner, manifest }: RunFacts,
  file: ManifestFile,
  findings: { plan?: Plan | undefined; outcomes?: RunFindings["outcomes"] },
): Promise<void> {
  const { gateway, ledger, parse, toDesired } = dependencies;
  if (owner === "") throw new ManifestError(manifest.key, [WITHOUT_OWNER]);
  const parsed = await parse(file.text);
  if (!parsed.isValid) throw new ManifestError(manifest.key, parsed.issues);
  const versions = await sourceVersions(dependencies, owner, manifest.key, parsed);
  const desired = toDesired(owner, parsed.manifest, versions);

  const actual = await observe(gateway, ledger, desired);
  findings.plan = planChanges(desired, actual);
  if (findings.plan.changes.length === 0) return;

  findings.outcomes = await applyPlan(dependencies, findings.plan, actual);
  const again = planChanges(desired, await observe(gateway, ledger, desired));
  if (again.changes.length === 0) return;
  const keys = again.changes.map(({ desired }) => keyOf(desired)).join(", ");
  throw new VerificationError(`read back after the apply, these are not as declared: ${keys}`);
}

/** Looks up every source before the first write: one that is missing must not leave half a manifest. */
async function sourceVersions(
  { source }: SyncDependencies,
  owner: string,
  key: string,
  { manifest, locate }: { manifest: Manifest; locate: Locate },
): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  const findings: ManifestFinding[] = [];
  for (const [index, { name, value_from }] of (manifest.secrets ?? []).entries()) {
    try {
      const description = await describeFor(owner, source, value_from.secrets_manager);
      versions.set(name, description.currentVersionId);
    } catch (error) {
      if (!(error instanceof SecretSourceError)) throw error;
      findings.push({
        rule: error.code,
        path: ["secrets", index, "value_from", "secrets_manager"],
        message: `cannot be used: ${error.message}`,
      });
    }
  }
  if (findings.length > 0) throw new ManifestError(key, await locate(findings));
  return versions;
}

function failureOutcome(
  error: GatewayOpsError,
  { plan }: RunFindings,
  delivery: { readonly isLast: boolean },
): RunOutcome {
  if (error.disposition === "retry") return delivery.isLast ? "pending" : "retrying";
  return plan ? "failed" : "rejected";
}
