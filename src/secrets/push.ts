import type { UpdateSecret } from "#gateway/requests.ts";
import type { Secret } from "#gateway/types.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { type LeaseDependencies, withLease } from "#runtime/lease.ts";
import { put, remove } from "#runtime/ledger.ts";
import { ledgerId } from "#runtime/ledger-limits.ts";
import { ownerMark } from "#runtime/marks.ts";
import type { Message } from "#runtime/message.ts";
import type { Redacted } from "#runtime/redacted.ts";
import { describeFor } from "./describe-for.ts";
import { ignoreMissing } from "./ignore-missing.ts";
import { type KnownSecret, type Meant, meantBy, requireMeant } from "./known-secret.ts";
import {
  isCurrent,
  isUntouched,
  MANAGED_SECRETS,
  type ManagedSecret,
  managedSecretId,
  type SecretTarget,
} from "./managed-secret.ts";
import type { ProbeGateway } from "./probe/probe-gateway.ts";
import type { ProbeResult } from "./probe/probe-result.ts";
import { type TrialDependencies, tryValue } from "./probe/try-value.ts";
import { commitOrYield, forgetFailure, rememberTarget } from "./push-record.ts";
import { requireAllowed } from "./revoked-version.ts";
import type { SecretDescription, SecretSource } from "./source.ts";
import { mapSecretValue } from "./value/map-value.ts";
import { type SecretReference, sourceId } from "./value/reference.ts";

/** The part of the gateway client that pushing needs. */
export interface SecretGateway extends ProbeGateway {
  readonly secrets: ProbeGateway["secrets"] & {
    update(secret: UpdateSecret): Promise<Secret>;
  };
}

export interface PushDependencies extends LeaseDependencies, TrialDependencies {
  readonly source: SecretSource;
  /** The gateway as one workspace sees it. */
  gatewayOf(workspace: string, deadline: Deadline): SecretGateway;
  /** How long gateway processes may go on using a cached value (at most 300 s). */
  readonly secretCacheTtlMs: number;
}

export interface PushResult {
  readonly name: string;
  readonly secret_id: string;
  readonly outcome: "created" | "updated" | "unchanged";
  /** Undefined for a secret without a value. */
  readonly version_id?: string | undefined;
  /** Undefined too when somebody else wrote the secret since: what it held then is not known. */
  readonly previous_version_id?: string | undefined;
  readonly pushed_at_ms: number;
  /** From then on no gateway process uses the former value any more. */
  readonly effective_by_ms: number;
  /** What is to be told of the value, such as names of keys in it that are not sent. */
  readonly note?: string | undefined;
  /** Of a value that was tried before; never one that was refused. */
  readonly probe?: ProbeResult | undefined;
}

/** The value was changed again during each of several writes; the next delivery finds the newest. */
class UnsteadySourceError extends GatewayOpsError {
  override readonly name = "UnsteadySourceError";
  readonly code = "source-unsteady";
  readonly disposition = "retry";
}

/** What is declared without a value has one on the gateway. */
class SecretValueLeftError extends GatewayOpsError {
  override readonly name = "SecretValueLeftError";
  readonly code = "secret-value-left";
  readonly disposition = "reject";
}

/** Each round means that the value was changed again during the write before. */
const ROUNDS_MAX = 5;

/**
 * Brings a gateway secret to the AWSCURRENT version of its source. The only writer of gateway
 * secrets: events, config sync and retries all come through here.
 *
 * 1. take the lease of the gateway secret
 * 2. read which version is AWSCURRENT, stop if it was revoked, and record the target so that events
 *    find it
 * 3. stop if the gateway has another secret than the one that is `known`, or with other settings
 * 4. stop if the gateway holds that version, untouched since
 * 5. fetch, map, try the value if the target says so, write value and settings together, record
 * 6. read AWSCURRENT again; if it moved meanwhile, go on with the new one
 *
 * A secret without a source has settings only: they alone are written then. Settings that the target
 * does not state stay as they are known. `known` is undefined for one that is to be created.
 */
export async function pushSecret(
  dependencies: PushDependencies,
  target: SecretTarget,
  known: KnownSecret | undefined,
): Promise<PushResult> {
  const id = managedSecretId(target.workspace, target.name);
  const whole = { ...target, auth_config: target.auth_config ?? known?.auth_config };
  const meant: Meant = { known, disposition: "retry" };
  return withSecretLease(dependencies, id, (held) => pushNewest(held, whole, meant));
}

/**
 * As {@link pushSecret}, for a secret as its manifest declared it last: read under the lease too,
 * because a manifest may be just declaring it anew. It only ever updates what config sync wrote.
 * Undefined when the secret was deleted meanwhile.
 */
export async function pushRecordedSecret(
  dependencies: PushDependencies,
  id: string,
  options: RecordedPush,
): Promise<PushResult | undefined> {
  return withSecretLease(dependencies, id, async (held) => {
    const record = await held.ledger.read(MANAGED_SECRETS, id);
    if (!record) return undefined;
    return pushNewest(held, record.value.target, meantBy(record.value), options);
  });
}

/** Ends when no push of the secret is under way that began before. Throws `LeaseHeldError`. */
export async function afterPushes(dependencies: LeaseDependencies, id: string): Promise<void> {
  await withSecretLease(dependencies, id, async () => undefined);
}

interface SecretToDelete {
  readonly workspace: string;
  readonly name: string;
  readonly secret_id: string;
  /** Whether it goes although model definitions use it. @default false */
  readonly force?: boolean;
}

/** Deletes a gateway secret and forgets its source; one that is not there is done already. */
export async function deleteSecret(
  dependencies: PushDependencies,
  { workspace, name, secret_id, force = false }: SecretToDelete,
): Promise<void> {
  const id = managedSecretId(workspace, name);
  await withSecretLease(dependencies, id, async ({ ledger, deadline, gatewayOf }) => {
    const { secrets } = gatewayOf(workspace, deadline);
    await secrets.delete({ secret_id, force }).catch(ignoreMissing);
    const record = await ledger.read(MANAGED_SECRETS, id);
    if (record) await commitOrYield(ledger, remove(MANAGED_SECRETS, record));
  });
}

type Announce = (result: PushResult) => Message;

interface RecordedPush {
  /** Makes the message that is sent along with the record of a push. @default none is sent */
  readonly announce?: Announce | undefined;
  /** Writes also what seems to be there: nobody can see whether the gateway can still read it. */
  readonly isAnew?: boolean | undefined;
}

function withSecretLease<D extends LeaseDependencies, R>(
  dependencies: D,
  id: string,
  work: (held: D) => Promise<R>,
): Promise<R> {
  return withLease(ledgerId(`secret/${id}`), dependencies, work);
}

async function pushNewest(
  dependencies: PushDependencies,
  target: SecretTarget,
  meant: Meant,
  options: RecordedPush = {},
): Promise<PushResult> {
  const { owner, value_from, name, auth_config } = target;
  if (!value_from) return pushVersion(dependencies, target, meant, undefined, options);
  const { source, deadline } = dependencies;
  let { known } = meant;
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const current = await describeFor(owner, dependencies, sourceId(value_from), deadline.signal);
    const found = { reference: value_from, current };
    const result = await pushVersion(dependencies, target, { ...meant, known }, found, options);
    const after = await source.describe(current.arn, deadline.signal);
    if (after.currentVersionId === current.currentVersionId) return result;
    known = { secret_id: result.secret_id, auth_config };
  }
  throw new UnsteadySourceError(`the source of secret ${name} changes faster than it is pushed`);
}

interface FoundSource {
  readonly reference: SecretReference;
  readonly current: SecretDescription;
}

async function pushVersion(
  dependencies: PushDependencies,
  target: SecretTarget,
  meant: Meant,
  found: FoundSource | undefined,
  { announce, isAnew = false }: RecordedPush,
): Promise<PushResult> {
  const { ledger, clock, secretCacheTtlMs, deadline } = dependencies;
  const gateway = dependencies.gatewayOf(target.workspace, deadline);
  const current = found?.current;
  const record = await rememberTarget(ledger, target, current?.arn);
  const actual = (await gateway.secrets.list()).find(
    ({ secret_name }) => secret_name === target.name,
  );
  requireMeant(target, actual, meant);
  const { pushed } = record.value;
  const isLeft = pushed && actual && isUntouched(pushed, actual);
  const result = (outcome: PushResult["outcome"], secret_id: string, pushedAtMs: number) => ({
    name: target.name,
    secret_id,
    outcome,
    version_id: current?.currentVersionId,
    previous_version_id: isLeft ? pushed.version_id : undefined,
    pushed_at_ms: pushedAtMs,
    effective_by_ms: pushedAtMs + secretCacheTtlMs,
  });
  if (!isAnew && pushed && actual && isCurrent(pushed, current, actual, target)) {
    await forgetFailure(ledger, record);
    return result("unchanged", actual.secret_id, pushed.at_ms);
  }

  const mapped = found && (await fetchValue(dependencies, target, found));
  const probe = mapped && (await tryValue(dependencies, target, mapped.value));
  // Somebody may have revoked it while it was fetched.
  if (current) await requireAllowed(ledger, current);
  const written = await write(gateway, target, actual, mapped?.value);
  const done = {
    ...result(actual ? "updated" : "created", written.secret_id, clock.nowMs()),
    ...(mapped?.note === undefined ? {} : { note: mapped.note }),
    ...(probe && { probe }),
  };
  const managed: ManagedSecret = {
    target,
    source_arn: current?.arn,
    pushed: {
      value_from: target.value_from,
      version_id: current?.currentVersionId,
      at_ms: done.pushed_at_ms,
      secret_id: written.secret_id,
      auth_config: target.auth_config,
      gateway_updated_at_ms: written.last_updated_at,
    },
  };
  await commitOrYield(
    ledger,
    put(MANAGED_SECRETS, record.id, managed, record),
    announce ? [announce(done)] : [],
  );
  return done;
}

async function fetchValue(
  { source, deadline }: PushDependencies,
  target: SecretTarget,
  { reference, current }: FoundSource,
) {
  const { arn, currentVersionId } = current;
  const stored = await source.fetch(arn, currentVersionId, deadline.signal);
  return mapSecretValue(stored, reference, target);
}

async function write(
  gateway: SecretGateway,
  target: SecretTarget,
  actual: Secret | undefined,
  secret_value: Readonly<Record<string, Redacted<string>>> | undefined,
): Promise<Secret> {
  const mark = ownerMark(target.owner);
  // An auth_config always travels with the value: a new api_base must never meet the old key, and
  // the new key no api_base that was set a moment ago.
  const { auth_config = {} } = target;
  const settings = Object.keys(auth_config).length > 0 ? { auth_config } : {};
  if (actual) {
    const { secret_id } = actual;
    if (!secret_value) refuseValueLeft(actual);
    const value = secret_value && { secret_value };
    return gateway.secrets.update({ secret_id, ...value, ...settings, updated_by: mark });
  }
  const { name, provider } = target;
  return gateway.secrets.create({
    secret_name: name,
    secret_value: secret_value ?? {},
    provider,
    ...settings,
    created_by: mark,
  });
}

/** New settings, such as another address, must never meet a key that was stored for the former. */
function refuseValueLeft({ secret_name, masked_values }: Secret): void {
  if (Object.keys(masked_values).length === 0) return;
  throw new SecretValueLeftError(
    `the gateway secret ${secret_name} holds a value, and MLflow cannot take it away: give it a value_from, or declare it under a new name`,
  );
}
