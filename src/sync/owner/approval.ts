import type { Clock } from "#runtime/clock.ts";
import { RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, type LedgerKind, put } from "#runtime/ledger.ts";
import type { Approval } from "#sync/report/report.ts";

/** Where people leave their word for a plan: `approvals/<checksum>` in the bucket, or a flag. */
export interface ApprovalSource {
  /** Who approved the plan of this checksum; undefined when nobody did. */
  approver(checksum: string): Promise<string | undefined>;
}

export interface ApprovalDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly approvals: ApprovalSource;
  readonly runId: string;
}

interface ApprovalRecord {
  /** Whose plan it is. */
  readonly owner: string;
  readonly used_by_run?: string | undefined;
}

/** By checksum. */
const APPROVALS: LedgerKind<ApprovalRecord> = { name: "approval", version: 1 };

/** A plan that nobody approved within this time has long been replaced by another. */
const KEPT_MS = 90 * 24 * 60 * 60 * 1000;

/** Remembers whose plan was refused, so that an approval of it finds its owner. */
export async function awaitApproval(
  { ledger, clock }: ApprovalDependencies,
  owner: string,
  checksum: string,
): Promise<void> {
  const record = await ledger.read(APPROVALS, checksum);
  if (record) return;
  const expiresAtMs = clock.nowMs() + KEPT_MS;
  // Another run that was faster has written the same.
  await ledger.commit([put(APPROVALS, checksum, { owner }, undefined, { expiresAtMs })]);
}

/** The owner whose plan of this checksum was refused. */
export async function ownerAwaiting(ledger: Ledger, checksum: string): Promise<string | undefined> {
  return (await ledger.read(APPROVALS, checksum))?.value.owner;
}

/**
 * Of the plans that were refused those that somebody approved since. The event of an approval is
 * only a wake: it is lost where another run held the lease for long, say.
 */
export async function approvedSince(
  dependencies: Pick<ApprovalDependencies, "ledger" | "approvals">,
  checksums: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const approved = new Set<string>();
  for (const checksum of checksums) {
    if (await findApproval(dependencies, checksum)) approved.add(checksum);
  }
  return approved;
}

/** Somebody's word for the plan, unless it was used. */
export async function findApproval(
  { ledger, approvals }: Pick<ApprovalDependencies, "ledger" | "approvals">,
  checksum: string,
): Promise<Approval | undefined> {
  const record = await ledger.read(APPROVALS, checksum);
  if (record?.value.used_by_run !== undefined) return undefined;
  const by = await approvals.approver(checksum);
  return by === undefined ? undefined : { checksum, by };
}

/**
 * An approval works once: afterwards the same plan is refused again, since somebody undid what was
 * approved. Never forgotten, because the word itself stays in the bucket.
 */
export async function useUpApproval(
  { ledger, runId }: ApprovalDependencies,
  owner: string,
  { checksum }: Approval,
): Promise<void> {
  const record = await ledger.read(APPROVALS, checksum);
  const used = put(APPROVALS, checksum, { owner, used_by_run: runId }, record);
  if (await ledger.commit([used])) return;
  throw new RecordConflictError(`the approval ${checksum} was just used by another run`);
}
