import type { Secret } from "#gateway/types.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Deadline } from "#runtime/deadline.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { Ledger, LedgerRecord } from "#runtime/ledger.ts";
import { mapLimited } from "#runtime/limit.ts";
import { type Pause, readPauses } from "#runtime/pause.ts";
import { type FedEndpoint, fedEndpoints, type Models } from "./fed-endpoints.ts";
import { isManagedSecret, MANAGED_SECRETS, type ManagedSecret } from "./managed-secret.ts";
import { REVOKED_VERSIONS, type RevokedVersion, revokedVersionId } from "./revoked-version.ts";
import type { SecretDescription, SecretSource } from "./source.ts";
import { judge, type SecretState } from "./status-reasons.ts";
import { sourceId } from "./value/reference.ts";

/** The part of the gateway client that a look needs. */
interface StatusGateway {
  readonly secrets: { list(): Promise<readonly Secret[]> };
  readonly modelDefinitions: { list(): Promise<Models["modelDefinitions"]> };
  readonly endpoints: { list(): Promise<Models["endpoints"]> };
}

export interface StatusDependencies {
  readonly ledger: Ledger;
  readonly source: SecretSource;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly secretCacheTtlMs: number;
  gatewayOf(workspace: string, deadline: Deadline): StatusGateway;
}

/** What is not named is not limited. */
export interface SecretFilter {
  readonly names?: readonly string[] | undefined;
  readonly owner?: string | undefined;
  readonly workspace?: string | undefined;
  /** Only what this source feeds. */
  readonly source_arn?: string | undefined;
}

/** A gateway secret, beside what feeds it. Holds no value. */
export interface SecretStatus {
  /** By which the ledger knows it. */
  readonly id: string;
  readonly workspace: string;
  readonly name: string;
  readonly owner: string;
  readonly state: SecretState;
  /** Sentences, the gravest first. */
  readonly reasons: readonly string[];
  /** On the gateway; undefined when it is gone. */
  readonly secret_id?: string | undefined;
  /** As the manifest names it; undefined for settings without a value. */
  readonly source?: string | undefined;
  readonly source_arn?: string | undefined;
  /** Undefined too when it could not be found out. */
  readonly current_version_id?: string | undefined;
  readonly pushed_version_id?: string | undefined;
  readonly pushed_at_ms?: number | undefined;
  readonly effective_by_ms?: number | undefined;
  readonly endpoints: readonly FedEndpoint[];
}

export interface SecretStatuses {
  readonly secrets: readonly SecretStatus[];
  /** Records that this release does not understand, in sentences. */
  readonly unreadable: readonly string[];
}

/** Of a source, or why there is none. */
type Described = SecretDescription | GatewayOpsError;

/** What was read at once for all secrets. */
interface Surroundings {
  readonly described: ReadonlyMap<string, Described>;
  readonly revoked: ReadonlyMap<string, RevokedVersion>;
  readonly pauses: readonly Pause[];
  readonly nowMs: number;
}

const DESCRIBES_IN_FLIGHT = 4;

/**
 * Compares each gateway secret of the ledger with its source and with the gateway. Writes nothing
 * and reads no value of AWS: one DescribeSecret for each AWS secret, three lists for each workspace.
 * A source that cannot be described is a state of its secrets, and stops no other.
 */
export async function secretStatuses(
  dependencies: StatusDependencies,
  filter: SecretFilter = {},
): Promise<SecretStatuses> {
  const { ledger, clock } = dependencies;
  const { records, unreadable } = await managedSecrets(ledger, filter);
  const revoked = (await ledger.list(REVOKED_VERSIONS)).map(
    ({ id, value }) => [id, value] as const,
  );
  const surroundings: Surroundings = {
    described: await describeAll(dependencies, records),
    revoked: new Map(revoked),
    pauses: await readPauses(ledger),
    nowMs: clock.nowMs(),
  };
  const byWorkspace = groupBy(
    records,
    ({ value }) => value.target.workspace,
    (record) => record,
  );
  const secrets: SecretStatus[] = [];
  for (const [workspace, group] of byWorkspace) {
    const view = await viewOf(dependencies, workspace);
    secrets.push(...group.map((record) => statusOf(dependencies, record, view, surroundings)));
  }
  return { secrets, unreadable };
}

/** In order of workspace and name. */
async function managedSecrets(
  ledger: Ledger,
  { names, owner, workspace, source_arn }: SecretFilter,
) {
  const unreadable: string[] = [];
  const listed = await ledger.list(MANAGED_SECRETS, {
    onUnreadable: (id, { message }) => unreadable.push(`${id}: ${message}`),
  });
  const records = listed.filter(({ id, value }) => {
    if (!isManagedSecret(value)) {
      unreadable.push(`${id}: it is no record of a gateway secret`);
      return false;
    }
    const { target } = value;
    return (
      (names === undefined || names.includes(target.name)) &&
      [undefined, target.owner].includes(owner) &&
      [undefined, target.workspace].includes(workspace) &&
      [undefined, value.source_arn].includes(source_arn)
    );
  });
  return { records, unreadable };
}

async function describeAll(
  { source, deadline }: StatusDependencies,
  records: readonly LedgerRecord<ManagedSecret>[],
): Promise<Map<string, Described>> {
  const ids = new Set(
    records.flatMap(({ value: { target } }) =>
      target.value_from ? sourceId(target.value_from) : [],
    ),
  );
  const described = new Map<string, Described>();
  await mapLimited([...ids], DESCRIBES_IN_FLIGHT, async (id) => {
    described.set(id, await source.describe(id, deadline.signal).catch(expected));
  });
  return described;
}

function expected(error: unknown): GatewayOpsError {
  if (error instanceof GatewayOpsError) return error;
  throw error;
}

interface View extends Models {
  readonly secrets: readonly Secret[];
}

async function viewOf(
  { gatewayOf, deadline }: StatusDependencies,
  workspace: string,
): Promise<View> {
  const gateway = gatewayOf(workspace, deadline);
  const [secrets, modelDefinitions, endpoints] = await Promise.all([
    gateway.secrets.list(),
    gateway.modelDefinitions.list(),
    gateway.endpoints.list(),
  ]);
  return { secrets, modelDefinitions, endpoints };
}

function statusOf(
  { secretCacheTtlMs }: StatusDependencies,
  { id, value }: LedgerRecord<ManagedSecret>,
  view: View,
  surroundings: Surroundings,
): SecretStatus {
  const { target, pushed, source_arn } = value;
  const { workspace, name, owner, value_from } = target;
  const actual = view.secrets.find(({ secret_name }) => secret_name === name);
  const source = value_from && sourceId(value_from);
  const found = source === undefined ? undefined : surroundings.described.get(source);
  const description = found instanceof GatewayOpsError ? undefined : found;
  const pushedArn = source_arn ?? description?.arn;
  const { state, reasons } = judge({
    ...{ value, actual, found, nowMs: surroundings.nowMs, pauses: surroundings.pauses },
    heldRevoked: revokedOf(surroundings, pushedArn, pushed?.version_id),
    currentRevoked: revokedOf(surroundings, description?.arn, description?.currentVersionId),
  });
  return {
    ...{ id, workspace, name, owner, state, reasons, source },
    secret_id: actual?.secret_id,
    source_arn: description?.arn ?? source_arn,
    current_version_id: description?.currentVersionId,
    pushed_version_id: pushed?.version_id,
    pushed_at_ms: pushed?.at_ms,
    effective_by_ms: pushed && pushed.at_ms + secretCacheTtlMs,
    endpoints: actual ? fedEndpoints(view, new Set([actual.secret_id])) : [],
  };
}

function revokedOf(
  { revoked }: Surroundings,
  arn: string | undefined,
  versionId: string | undefined,
): RevokedVersion | undefined {
  if (arn === undefined || versionId === undefined) return undefined;
  return revoked.get(revokedVersionId(arn, versionId));
}
