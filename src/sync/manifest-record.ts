import { digestOf } from "#reconcile/plan/canonical.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import {
  type Ledger,
  type LedgerKind,
  type LedgerRecord,
  type LedgerWrite,
  put,
  remove,
} from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import { PAUSED_CODE } from "#runtime/pause.ts";
import { isSuccess, type ManifestReport, type RunOutcome } from "#sync/report/report.ts";

/** What the ledger knows of a manifest file, by its key. */
export interface ManifestRecord {
  readonly attempted_version: string;
  /** Of the permissions under which it was attempted: others may allow other things. */
  readonly policy_version: string;
  readonly status: RunOutcome;
  readonly applied_version?: string | undefined;
  readonly report_key?: string | undefined;
  /** Code of the error that made the attempted version pending. */
  readonly pending_code?: string | undefined;
  /** Digest of what was told of a file that waits for its sources, or for another value. */
  readonly told?: string | undefined;
  /** Versions of AWS secrets with a content that cannot be used, by reference: see `ManifestReport`. */
  readonly unusable_versions?: Readonly<Record<string, string>> | undefined;
  /** Checksums of the plans that were refused: the version waits for somebody's word for them. */
  readonly refused_checksums?: readonly string[] | undefined;
  /** The rollback that held it to what was gone back to: without it, or with another, it is planned anew. */
  readonly hold?: string | undefined;
  /** A version that failed for now may have made changes, and those since were wrong or not let pass. */
  readonly has_untold?: true | undefined;
  /** How often in a row the version was attempted and stayed pending. */
  readonly attempts: number;
  readonly at_ms: number;
}

export const MANIFESTS: LedgerKind<ManifestRecord> = { name: "manifest", version: 1 };

export type ManifestRecords = ReadonlyMap<string, LedgerRecord<ManifestRecord>>;

const UNSETTLED: readonly RunOutcome[] = ["retrying", "pending"];
const MINUTE_MS = 60_000;
const BACKOFF_MINUTES_MAX = 30;
/** Below the 100 writes of a commit, so that the note of the run and a message have room too. */
const RECORDS_PER_COMMIT = 90;

/** Whether nothing is left to do for this version under these permissions and this hold. */
export function isSettled(
  record: ManifestRecord | undefined,
  versionId: string,
  policyVersion: string,
  hold?: string,
): boolean {
  return (
    record !== undefined &&
    record.hold === hold &&
    record.attempted_version === versionId &&
    record.policy_version === policyVersion &&
    !UNSETTLED.includes(record.status)
  );
}

/**
 * Whether a schedule shall try again now: the next one does, and then ever more rarely, so that a
 * long outage stays quiet.
 */
export function isDue(
  record: ManifestRecord | undefined,
  versionId: string,
  policyVersion: string,
  nowMs: number,
): boolean {
  if (record?.attempted_version !== versionId || record.policy_version !== policyVersion)
    return true;
  if (record.status !== "pending") return true;
  const minutes = Math.min(2 ** (record.attempts - 1) - 1, BACKOFF_MINUTES_MAX);
  return nowMs >= record.at_ms + minutes * MINUTE_MS;
}

/**
 * Whether an earlier run failed for now: it may have made changes of which nobody was told. What
 * was paused has made none.
 */
export function isUnsettled(record: ManifestRecord | undefined): boolean {
  if (record === undefined || record.has_untold) return record !== undefined;
  return UNSETTLED.includes(record.status) && record.pending_code !== PAUSED_CODE;
}

/** The manifests of which a run tells something that the ledger does not know. */
export function newsOf(
  manifests: readonly ManifestReport[],
  records: ManifestRecords,
  pendingCode: string | undefined,
): ManifestReport[] {
  return manifests.filter((manifest) => {
    const { key, version_id, outcome } = manifest;
    // Nobody need know: it is delivered again.
    if (outcome === "retrying") return false;
    const known = records.get(key)?.value;
    if (isToldAsHeld(known, outcome)) return false;
    if (known?.attempted_version !== version_id) return true;
    // That other files changed something is no news of this one.
    if (isSuccess(outcome) && isSuccess(known.status)) return false;
    return isNews(manifest, known, pendingCode);
  });
}

/** Whether what became of the same version is other than what was told. */
function isNews(
  manifest: ManifestReport,
  { status, told, pending_code }: ManifestRecord,
  runCode: string | undefined,
): boolean {
  const { outcome } = manifest;
  if (status !== outcome || told !== toldOf(manifest)) return true;
  return outcome === "pending" && pending_code !== pendingCodeOf(manifest, runCode);
}

/** A file that waits for its own sources does not wait for what held up the others. */
function pendingCodeOf({ issues }: ManifestReport, runCode: string | undefined) {
  return issues?.[0]?.rule ?? runCode;
}

/** Undefined where the version of the file says all: what is wrong is in the file itself. */
function toldOf({ outcome, issues, unusable_versions }: ManifestReport): string | undefined {
  if (!issues || (outcome !== "pending" && !unusable_versions)) return undefined;
  return digestOf({ messages: issues.map(({ message }) => message), unusable_versions });
}

/** Every build may put the same again. */
function isToldAsHeld(known: ManifestRecord | undefined, outcome: RunOutcome): boolean {
  return outcome === "held" && known?.status === "held";
}

/**
 * Notes what became of all files of an owner, and forgets those that are gone; `writes` and
 * messages, which follow from it, are committed together with the last of them.
 */
export async function recordManifests(
  ledger: Ledger,
  records: ManifestRecords,
  next: ReadonlyMap<string, ManifestRecord>,
  writes: readonly LedgerWrite[],
  messages: readonly Message[],
): Promise<void> {
  const gone = [...records.values()].filter(({ id }) => !next.has(id));
  const own = [
    ...[...next].map(([key, value]) => put(MANIFESTS, key, value, records.get(key))),
    ...gone.map((record) => remove(MANIFESTS, record)),
  ];
  while (own.length > RECORDS_PER_COMMIT) {
    await commitOrYield(ledger, own.splice(0, RECORDS_PER_COMMIT), []);
  }
  await commitOrYield(ledger, [...own, ...writes], messages);
}

async function commitOrYield(
  ledger: Ledger,
  writes: readonly LedgerWrite[],
  messages: readonly Message[],
): Promise<void> {
  if (writes.length + messages.length === 0) return;
  if (await commitWithMessages(ledger, writes, messages)) return;
  throw new RecordConflictError("the records of the manifests were written by another run");
}

/** The record of a file after a run. */
export function recordOf(
  manifest: ManifestReport,
  known: ManifestRecord | undefined,
  run: {
    readonly policyVersion: string;
    readonly reportKey: string | undefined;
    readonly pendingCode: string | undefined;
    readonly refusedChecksums: readonly string[];
    readonly hold?: string | undefined;
    readonly atMs: number;
  },
): ManifestRecord {
  const { version_id, outcome, unusable_versions } = manifest;
  const isAgain = known?.attempted_version === version_id && known.status === "pending";
  // Somebody was told that it is pending: it stays so until that has an end.
  if (isAgain && outcome === "retrying") return known;
  return {
    attempted_version: version_id,
    policy_version: run.policyVersion,
    status: outcome,
    applied_version: isSuccess(outcome) ? version_id : known?.applied_version,
    report_key: run.reportKey,
    pending_code: outcome === "pending" ? pendingCodeOf(manifest, run.pendingCode) : undefined,
    told: toldOf(manifest),
    unusable_versions,
    refused_checksums: outcome === "refused" ? run.refusedChecksums : undefined,
    hold: run.hold,
    has_untold: isUnsettled(known) && !isSuccess(outcome) ? true : undefined,
    attempts: isAgain ? known.attempts + 1 : 1,
    at_ms: run.atMs,
  };
}
