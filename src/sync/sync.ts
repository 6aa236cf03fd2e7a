import { type LeaseDependencies, withLease } from "#runtime/lease.ts";
import { listOf } from "#runtime/list-of.ts";
import type { Pause } from "#runtime/pause.ts";
import { describeFor } from "#secrets/describe-for.ts";
import { SecretSourceError } from "#secrets/source.ts";
import { holdsByFile, readHolds } from "#sync/history/hold.ts";
import { approvedSince } from "#sync/owner/approval.ts";
import type { Delivery } from "#sync/owner/file-outcome.ts";
import { type RunOwnerDependencies, runOwner } from "#sync/owner/run-owner.ts";
import type { RunReport, RunTrigger } from "#sync/report/report.ts";
import { isClosed } from "./closure.ts";
import { endRun, type RunDependencies } from "./end-run.ts";
import { isDue, isSettled, MANIFESTS, type ManifestRecords } from "./manifest-record.ts";
import { ownerOfKey, readFiles } from "./manifest-source.ts";
import type { OwnerFile } from "./owner-file.ts";
import { putOff } from "./put-off.ts";
import { beginRun } from "./run-journal.ts";
import { readPermissions, type TenancyDependencies } from "./tenancy.ts";

export interface SyncDependencies
  extends RunOwnerDependencies,
    RunDependencies,
    TenancyDependencies {}

export interface SyncRequest extends Delivery {
  readonly trigger: RunTrigger;
  /** Why nothing may be written to the gateway for this owner now. */
  readonly pause?: Pause | undefined;
}

const LEASE = "sync";

/**
 * Brings the gateway to what the newest versions of an owner's manifests declare:
 *
 * 1. read who may do what, and the manifests; stop if nobody may do anything, or all are settled
 * 2. plan all, and apply workspace by workspace (see `runOwner`)
 * 3. keep a report, the ledger's records and, when something changed or failed, one message
 *
 * Returns the report, or undefined when there was nothing to do, or nothing may be done. A failure
 * that may pass is reported and thrown, so that the event is delivered again; at the last delivery
 * it is recorded as pending instead. What is paused is recorded as pending at once.
 */
export async function syncOwner(
  dependencies: SyncDependencies,
  owner: string,
  request: SyncRequest,
): Promise<RunReport | undefined> {
  return withSyncLease(dependencies, async (held) => {
    const permissions = await readPermissions(dependencies);
    if (await isClosed(dependencies, permissions)) return undefined;
    const files = await readFiles(dependencies.manifests, owner);
    const records = await readRecords(dependencies, owner);
    const holds = holdsByFile(await readHolds(dependencies.ledger, owner));
    const heldBy = new Map([...holds].map(([name, { run_id }]) => [name, run_id]));
    const known = {
      records,
      approved: await approvedAmong(dependencies, records, request),
      renewed: await renewedAmong(held, owner, records, request),
      heldBy,
      policyVersion: permissions.version,
      nowMs: dependencies.clock.nowMs(),
    };
    const left = files.filter((file) => isLeft(file, known, request));
    if (request.pause) {
      const { trigger, pause } = request;
      return putOff(held, { ...known, owner, pause, trigger, files: left });
    }
    if (left.length === 0 && !hasDeleted(files, records)) return undefined;
    const run = await beginRun(held, owner, request.trigger);
    const access = permissions.accessOf(owner);
    const result = await runOwner(held, { owner, files, access }, request);
    // Whoever lost the lease has nothing to tell: the next run may have ended since.
    await held.ledger.commit([]);
    const ended = { ...result, heldBy: result.heldBy ?? heldBy };
    const report = await endRun(held, run, records, permissions.version, ended);
    const isRetrying = report.manifests.some(({ outcome }) => outcome === "retrying");
    if (isRetrying && result.error?.disposition === "retry") throw result.error;
    return report;
  });
}

/** One gateway has one writer at a time, whatever made it write. */
export function withSyncLease<D extends LeaseDependencies, R>(
  dependencies: D,
  work: (held: D) => Promise<R>,
): Promise<R> {
  return withLease(LEASE, dependencies, work);
}

/** What the ledger knows of an owner's files, also of those that were deleted since. */
async function readRecords({ ledger }: SyncDependencies, owner: string): Promise<ManifestRecords> {
  const records = await listOf(ledger, MANIFESTS, (id) => ownerOfKey(id) === owner);
  return new Map(records.map((record) => [record.id, record]));
}

/** What a deleted file stood in the way of may be applied now. */
function hasDeleted(files: readonly OwnerFile[], records: ManifestRecords): boolean {
  const there = new Set(files.map(({ name }) => name));
  return [...records.keys()].some((key) => !there.has(key));
}

/** The schedule alone has no event that names what somebody approved. */
async function approvedAmong(
  dependencies: SyncDependencies,
  records: ManifestRecords,
  { trigger }: SyncRequest,
): Promise<ReadonlySet<string>> {
  if (trigger.kind !== "schedule") return new Set();
  const refused = [...records.values()].flatMap(({ value }) => value.refused_checksums ?? []);
  return approvedSince(dependencies, new Set(refused));
}

/**
 * Keys of the files that were rejected for the content of an AWS secret which has another version by
 * now. One that cannot be asked is looked at again by the next schedule.
 */
async function renewedAmong(
  dependencies: SyncDependencies,
  owner: string,
  records: ManifestRecords,
  { trigger }: SyncRequest,
): Promise<ReadonlySet<string>> {
  if (trigger.kind !== "schedule") return new Set();
  const renewed = new Set<string>();
  for (const { id, value } of records.values()) {
    for (const [reference, version] of Object.entries(value.unusable_versions ?? {})) {
      const asked = describeFor(owner, dependencies, reference, dependencies.deadline.signal);
      const current = await asked.catch(ignoreUnreadable);
      if (current && current.currentVersionId !== version) renewed.add(id);
    }
  }
  return renewed;
}

function ignoreUnreadable(error: unknown): undefined {
  if (!(error instanceof SecretSourceError)) throw error;
}

interface Known {
  readonly records: ManifestRecords;
  /** Keys of files whose values may be right by now. */
  readonly renewed: ReadonlySet<string>;
  /** Checksums of plans that were refused and are approved by now. */
  readonly approved: ReadonlySet<string>;
  /** The rollback that holds a file to what was gone back to, by name. */
  readonly heldBy: ReadonlyMap<string, string>;
  readonly policyVersion: string;
  readonly nowMs: number;
}

/** Whether a file has work left to do. */
function isLeft(
  { name, version_id }: OwnerFile,
  { records, approved, renewed, heldBy, policyVersion, nowMs }: Known,
  { trigger }: SyncRequest,
): boolean {
  const record = records.get(name)?.value;
  if (trigger.kind === "approval" && record?.status === "refused") return true;
  if (record?.refused_checksums?.some((checksum) => approved.has(checksum))) return true;
  if (renewed.has(name)) return true;
  if (isSettled(record, version_id, policyVersion, heldBy.get(name))) return false;
  return trigger.kind !== "schedule" || isDue(record, version_id, policyVersion, nowMs);
}
