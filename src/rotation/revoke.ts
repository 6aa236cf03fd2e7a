import { GatewayOpsError } from "#runtime/errors.ts";
import { type LedgerRecord, remove } from "#runtime/ledger.ts";
import { commitWithMessages, type Message } from "#runtime/message.ts";
import type { ManagedSecret } from "#secrets/managed-secret.ts";
import { requireAllowed } from "#secrets/revoked-version.ts";
import { RotationUnprovenError } from "./errors.ts";
import { fedBy } from "./fed-secrets.ts";
import { movedBackMessage, postponedMessage, revokedMessage } from "./messages.ts";
import { REVOCATIONS, type Revocation } from "./revocation.ts";
import {
  type RotationDependencies,
  requireNoPause,
  rotationOf,
  underRotationLease,
} from "./run-step.ts";
import {
  CURRENT,
  currentVersion,
  PENDING,
  REJECTED,
  type VersionedSecret,
  versionWith,
} from "./versioned-secrets.ts";

/** `waiting`: its time has not come. `dropped`: there is nothing to end. */
export type RevocationOutcome =
  | "revoked"
  | "unused"
  | "waiting"
  | "postponed"
  | "moved-back"
  | "dropped";

/**
 * Ends the credentials that rotations replaced, each as soon as nothing uses it: the new version is
 * AWSCURRENT still, every gateway secret holds it, and gateways have had time to forget the former
 * one. What stands in the way, a pause too, is told once, and looked at again by the schedule. Where
 * the new version cannot be pushed at all, AWSCURRENT moves back instead.
 */
export async function revokeFormer(
  dependencies: RotationDependencies,
): Promise<{ readonly secret: string; readonly outcome: RevocationOutcome }[]> {
  const outcomes: { readonly secret: string; readonly outcome: RevocationOutcome }[] = [];
  for (const record of await dependencies.ledger.list(REVOCATIONS)) {
    if (dependencies.deadline.leftMs() === 0) break;
    const { secret } = record.value;
    outcomes.push({ secret, outcome: await settle(dependencies, record) });
  }
  return outcomes;
}

async function settle(
  dependencies: RotationDependencies,
  { id, value }: LedgerRecord<Revocation>,
): Promise<RevocationOutcome> {
  const { ledger, clock } = dependencies;
  try {
    return await underRotationLease(value.secret_arn, dependencies, (held) => look(held, id));
  } catch (error) {
    if (!(error instanceof GatewayOpsError)) throw error;
    const message = postponedMessage(value, error.message, clock.nowMs());
    await commitWithMessages(ledger, [], [message]);
    return "postponed";
  }
}

async function look(held: RotationDependencies, id: string): Promise<RevocationOutcome> {
  const { secrets, ledger, clock, deadline, graceMs } = held;
  const record = await ledger.read(REVOCATIONS, id);
  if (!record) return "dropped";
  const revocation = record.value;
  const secret = await secrets.describe(revocation.secret_arn, deadline.signal);
  const current = currentVersion(secret);
  const pending = versionWith(secret, PENDING);
  const nowMs = clock.nowMs();
  if (nowMs < revocation.rotated_at_ms + graceMs) return "waiting";
  if (pending !== undefined && pending !== current) {
    throw new RotationUnprovenError(`a rotation of ${secret.name} is not complete`);
  }
  // It did not come to be replaced, or somebody moved the label back.
  if (current === revocation.former_version_id) return done(held, record, "dropped");
  const fed = await fedBy(ledger, revocation.secret_arn);
  const refused = fed.find(({ rejected }) => rejected?.version_id === revocation.version_id);
  if (refused && current === revocation.version_id) {
    return moveBack(held, record, { secret, refused });
  }
  if (nowMs < latestPush(fed, current, secret.name) + graceMs) return "waiting";
  await requireNoPause(held, secret);
  const rotation = rotationOf(held.rotations, secret);
  const context = { rotation, secret, deadline, ledger };
  const revoked = await held.strategies[rotation.strategy].revoke(context, revocation);
  return done(held, record, revoked.outcome, revokedMessage(revocation, revoked, nowMs));
}

/** When the last gateway secret got the current version. Throws while one has another. */
function latestPush(fed: readonly ManagedSecret[], current: string, name: string): number {
  const behind = fed.filter(({ pushed }) => pushed?.version_id !== current);
  if (behind.length > 0) {
    const names = behind.map(({ target }) => `${target.workspace}/${target.name}`).join(", ");
    throw new RotationUnprovenError(
      `the current version of ${name} is not on the gateway yet: ${names}`,
    );
  }
  return Math.max(0, ...fed.map(({ pushed }) => pushed?.at_ms ?? 0));
}

/** The label that stops a push comes first: the version must not be pushed again meanwhile. */
async function moveBack(
  held: RotationDependencies,
  record: LedgerRecord<Revocation>,
  found: { readonly secret: VersionedSecret; readonly refused: ManagedSecret },
): Promise<RevocationOutcome> {
  const { secrets, clock, deadline } = held;
  const { secret, refused } = found;
  const { version_id, former_version_id } = record.value;
  await requireNoPause(held, secret);
  await requireAllowed(held.ledger, { arn: secret.arn, currentVersionId: former_version_id });
  const from = versionWith(secret, REJECTED);
  if (from !== version_id) {
    await secrets.moveLabel(secret.arn, { label: REJECTED, to: version_id, from }, deadline.signal);
  }
  const back = { label: CURRENT, to: former_version_id, from: version_id };
  await secrets.moveLabel(secret.arn, back, deadline.signal);
  const cause = `The version ${version_id} could not be pushed to the gateway secret ${refused.target.name} (${refused.rejected?.code}).`;
  const message = movedBackMessage(record.value, cause, clock.nowMs());
  return done(held, record, "moved-back", message);
}

async function done(
  { ledger }: RotationDependencies,
  record: LedgerRecord<Revocation>,
  outcome: RevocationOutcome,
  message?: Message,
): Promise<RevocationOutcome> {
  await commitWithMessages(ledger, [remove(REVOCATIONS, record)], message ? [message] : []);
  return outcome;
}
