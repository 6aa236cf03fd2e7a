import type { LeaseDependencies } from "#runtime/lease.ts";
import { type Ledger, put, remove } from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import { patiently } from "./patiently.ts";
import { afterPushes } from "./push.ts";
import {
  describeRevoked,
  REVOKED_VERSIONS,
  type RevokedVersion,
  revokedVersionId,
} from "./revoked-version.ts";

/**
 * Keeps that others may know a version: from then on no push uses it. When it returns, no push that
 * began before is under way either, for these gateway secrets. Returns what is in force, which is
 * the former word if it was revoked already. `isTold` is false where nobody reads messages.
 */
export async function revokeVersion(
  dependencies: LeaseDependencies,
  revoked: RevokedVersion,
  secretIds: readonly string[],
  isTold: boolean,
): Promise<RevokedVersion> {
  const inForce = await recorded(dependencies.ledger, revoked, isTold);
  for (const id of secretIds) {
    await patiently(dependencies, () => afterPushes(dependencies, id));
  }
  return inForce;
}

/** Takes it back: what was revoked by mistake may be pushed again. Undefined: it was not revoked. */
export async function allowVersion(
  ledger: Ledger,
  { source_arn, version_id }: Pick<RevokedVersion, "source_arn" | "version_id">,
  act: Pick<RevokedVersion, "since_ms" | "by" | "reason">,
  isTold: boolean,
): Promise<RevokedVersion | undefined> {
  const id = revokedVersionId(source_arn, version_id);
  const record = await ledger.read(REVOKED_VERSIONS, id);
  if (!record) return undefined;
  const messages = isTold ? [allowedMessage(record.value, act)] : [];
  if (await commitWithMessages(ledger, [remove(REVOKED_VERSIONS, record)], messages)) {
    return record.value;
  }
  return allowVersion(ledger, { source_arn, version_id }, act, isTold);
}

async function recorded(
  ledger: Ledger,
  revoked: RevokedVersion,
  isTold: boolean,
): Promise<RevokedVersion> {
  const id = revokedVersionId(revoked.source_arn, revoked.version_id);
  const record = await ledger.read(REVOKED_VERSIONS, id);
  if (record) return record.value;
  const write = put(REVOKED_VERSIONS, id, revoked, undefined);
  const messages = isTold ? [revokedMessage(revoked)] : [];
  if (await commitWithMessages(ledger, [write], messages)) return revoked;
  return recorded(ledger, revoked, isTold);
}

function revokedMessage(revoked: RevokedVersion): Message {
  return {
    ...about(revoked, "revoked", revoked.since_ms),
    severity: "critical",
    subject: `A version of ${nameOf(revoked)} was revoked`,
    text:
      `${describeRevoked(revoked)}.\nIt is pushed nowhere any more. What holds it goes on with it until ` +
      "a new value is stored: gwops secrets status says which. Then turn the key off at the provider.",
  };
}

function allowedMessage(
  revoked: RevokedVersion,
  { by, since_ms, reason }: Pick<RevokedVersion, "since_ms" | "by" | "reason">,
): Message {
  const why = reason === undefined ? "" : `: ${reason}`;
  return {
    ...about(revoked, "allowed", since_ms),
    severity: "warning",
    subject: `A version of ${nameOf(revoked)} may be used again`,
    text: `${by} took the revocation back${why}.\nUntil then ${describeRevoked(revoked)}.`,
  };
}

function about(revoked: RevokedVersion, deed: "revoked" | "allowed", timeMs: number) {
  const { source_arn, version_id } = revoked;
  return {
    topic: "operations",
    // The same version may be revoked again later.
    id: `secret-version-${deed}:${revokedVersionId(source_arn, version_id)}@${timeMs}`,
    type: `mlflow-gateway-ops.secret.version-${deed}`,
    timeMs,
    data: { ...revoked },
    attributes: { outcome: deed },
  } as const;
}

/** Of an ARN, which is too long for a subject. */
function nameOf({ source_arn }: RevokedVersion): string {
  return source_arn.split(":secret:")[1] ?? source_arn;
}
