import { RecordConflictError } from "#runtime/errors.ts";
import { type Ledger, type LedgerRecord, type LedgerWrite, put } from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import {
  isManagedSecret,
  MANAGED_SECRETS,
  type ManagedSecret,
  managedSecretId,
  type SecretTarget,
} from "./managed-secret.ts";

/** Written before the value is read: an event of a later change must find the target. */
export async function rememberTarget(
  ledger: Ledger,
  target: SecretTarget,
  source_arn: string | undefined,
): Promise<LedgerRecord<ManagedSecret>> {
  const id = managedSecretId(target.workspace, target.name);
  const record = await ledger.read(MANAGED_SECRETS, id);
  // What is no record of a secret is replaced by one.
  const known = record && isManagedSecret(record.value) ? record.value : undefined;
  const isSame =
    known?.source_arn === source_arn && JSON.stringify(known?.target) === JSON.stringify(target);
  if (record && isSame) return record;
  const value: ManagedSecret = { ...known, target, source_arn };
  await commitOrYield(ledger, put(MANAGED_SECRETS, id, value, record));
  return { id, value, revision: (record?.revision ?? 0) + 1 };
}

/** The gateway holds what it should: what failed before is over. */
export async function forgetFailure(
  ledger: Ledger,
  record: LedgerRecord<ManagedSecret>,
): Promise<void> {
  const { pending, rejected, ...rest } = record.value;
  if (pending || rejected)
    await commitOrYield(ledger, put(MANAGED_SECRETS, record.id, rest, record));
}

export async function commitOrYield(
  ledger: Ledger,
  write: LedgerWrite,
  messages: readonly Message[] = [],
): Promise<void> {
  if (await commitWithMessages(ledger, [write], messages)) return;
  throw new RecordConflictError("the record of the secret was written by another run");
}
