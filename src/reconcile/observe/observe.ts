import { BUDGET_SETTINGS } from "#budgets/settings.ts";
import type { Binding, CurrentUser, Endpoint } from "#gateway/types.ts";
import {
  type ActualState,
  type DesiredOf,
  type DesiredState,
  identityOf,
  type KnownState,
} from "#reconcile/state.ts";
import { GatewayOpsError } from "#runtime/errors.ts";
import { groupBy } from "#runtime/group-by.ts";
import type { Ledger } from "#runtime/ledger.ts";
import { passOver } from "#runtime/list-of.ts";
import { isManagedSecret, MANAGED_SECRETS, managedSecretId } from "#secrets/managed-secret.ts";
import {
  type ExperimentNames,
  type ExperimentSource,
  experimentsById,
  experimentsByName,
  NO_EXPERIMENTS,
  type TrackingReader,
} from "./experiments.ts";
import {
  fromGuardrail,
  type GuardrailReader,
  listGuardrails,
  NO_GUARDRAILS,
  type RawGuardrails,
  scorersToUse,
} from "./guardrails.ts";
import { listResources, type ResourceReader, resourcesIn } from "./resources.ts";
import { withUnlisted } from "./unlisted.ts";

/** The part of the gateway client that observing needs. */
export interface GatewayReader extends ResourceReader, GuardrailReader {
  readonly bindings: { list(): Promise<readonly Binding[]> };
  readonly server: {
    currentUser(): Promise<CurrentUser | undefined>;
    version(): Promise<string>;
  };
}

/** The login may read the gateway but not write all of it, or not see all of it. */
class NotAdminError extends GatewayOpsError {
  override readonly name = "NotAdminError";
  readonly code = "gateway-login-not-admin";
  readonly disposition = "retry";
}

/** The lists of a gateway, on their way. */
export type Reading = ReturnType<typeof readLists>;

/**
 * Begins to read a gateway before it is known what is wanted of it: the server's answer takes
 * longest of all. A failure is thrown when the reading is observed, and lost when it never is.
 */
export function beginReading(gateway: GatewayReader, ledger: Ledger, workspace: string): Reading {
  const reading = readLists(gateway, ledger, workspace);
  reading.catch(() => undefined);
  return reading;
}

/**
 * Reads what the desired state needs to know, in six requests for a gateway of any size: who is
 * logged in, and five lists. On top come one for each resource that earlier runs left and no list
 * shows, one for each experiment that it names or gives the id of
 * and the ledger does not know, one and one for each endpoint that declares guardrails if any does, and one for the
 * scorers of each experiment of which a guardrail must be made.
 */
export async function observe(
  gateway: GatewayReader,
  tracking: TrackingReader,
  ledger: Ledger,
  { desired, known, trustsExperiments: isTrusted = false }: Wanted,
  reading: Reading = readLists(gateway, ledger, desired.workspace),
): Promise<ActualState> {
  const read = await reading;
  const lists = { ...read, resources: await withUnlisted(gateway, read.resources, known) };
  const endpoints = desired.resources.filter((resource) => resource.kind === "endpoint");
  const wanted = endpoints.flatMap(({ fields }) => fields.guardrails ?? []);
  const source = { tracking, ledger, workspace: desired.workspace, isTrusted };
  const [raw, named] = await Promise.all([
    guardrailsOf(gateway, declaring(lists.resources.endpoint, endpoints, known)),
    experimentsNamedBy(source, endpoints),
  ]);
  const ids = experimentIdsOf(endpoints, raw);
  const experiments = ids.length === 0 ? named : both(named, await experimentsById(source, ids));
  const state = stateOf(lists, raw, experiments);
  const scorers = await scorersToUse(tracking, wanted, state.guardrails, experiments.ids);
  return { ...state, scorers };
}

/** Reads everything, for an export: on top of the lists one request and more for each endpoint. */
export async function observeAll(
  gateway: GatewayReader,
  tracking: TrackingReader,
  ledger: Ledger,
  workspace: string,
): Promise<ActualState> {
  const lists = await readLists(gateway, ledger, workspace);
  const raw = await listGuardrails(gateway, lists.resources.endpoint).catch(whenUnsupported);
  const ids = [
    ...lists.resources.endpoint.map(({ experiment_id }) => experiment_id),
    ...raw.objects.map(({ scorer }) => scorer.experiment_id),
  ].filter((id) => id !== undefined);
  const source = { tracking, ledger, workspace, isTrusted: false };
  return stateOf(lists, raw, await experimentsById(source, ids));
}

type Lists = Awaited<ReturnType<typeof readLists>>;

/**
 * Asks who is logged in beside reading: to a user who is not an admin MLflow shows a filtered
 * gateway with status 200, and everything would seem to be missing.
 */
async function readLists(gateway: GatewayReader, ledger: Ledger, workspace: string) {
  const reading = Promise.all([
    listResources(gateway),
    gateway.bindings.list(),
    managedSecrets(ledger),
    // Of a record that cannot be read nothing is known, as if it had been lost.
    ledger.list(BUDGET_SETTINGS, { onUnreadable: passOver }),
  ]);
  // A list that is denied is explained by the login, if that is why.
  reading.catch(() => undefined);
  requireAdmin(await gateway.server.currentUser());
  const [resources, bindings, managed, settings] = await reading;
  return {
    resources,
    bindings: groupBy(bindings, ({ endpoint_id }) => endpoint_id),
    managedOf: (name: string) => managed.get(managedSecretId(workspace, name)),
    settings: new Map(settings.map(({ id, value }) => [id, value])),
  };
}

/**
 * What is recorded, by id of the record. Of one that cannot be read nothing is known, as if it had
 * been lost: the push of that secret fails then, and no plan of anybody else.
 */
async function managedSecrets(ledger: Ledger) {
  const records = await ledger.list(MANAGED_SECRETS, { onUnreadable: () => undefined });
  return new Map(
    records.flatMap(({ id, value }) => (isManagedSecret(value) ? [[id, value] as const] : [])),
  );
}

function requireAdmin(user: CurrentUser | undefined): void {
  if (!user || user.is_admin) return;
  throw new NotAdminError(
    `the gateway login "${user.username}" is not an admin: MLflow hides from it what it may not see, so nothing is planned`,
  );
}

function stateOf(lists: Lists, raw: RawGuardrails, experiments: ExperimentNames): ActualState {
  const names = {
    endpoints: new Map(
      lists.resources.endpoint.map(({ endpoint_id, name }) => [endpoint_id, name]),
    ),
    experiments: experiments.names,
  };
  return {
    resources: resourcesIn(lists.resources, { ...lists, placements: raw.placements, names }),
    experiments: experiments.ids,
    deletedExperiments: experiments.deleted,
    missingExperiments: experiments.missing,
    guardrails: raw.objects.map((guardrail) => fromGuardrail(guardrail, names)),
    scorers: new Map(),
  };
}

/** What is to be observed, and under what names what is there was left. */
export interface Wanted {
  readonly desired: DesiredState;
  readonly known: Pick<KnownState, "owned">;
  /** Whether experiments that the ledger knows are not asked for again. @default false */
  readonly trustsExperiments?: boolean | undefined;
}

/** The endpoints of which the manifest states guardrails, by what name they ever go. */
function declaring(
  existing: readonly Endpoint[],
  desired: readonly DesiredOf<"endpoint">[],
  { owned }: Wanted["known"],
): readonly Endpoint[] | undefined {
  const stating = desired.filter(({ fields }) => fields.guardrails !== undefined);
  if (stating.length === 0) return undefined;
  const names = new Set(stating.flatMap(({ name, previous_name }) => [name, previous_name]));
  return existing.filter(
    ({ name, endpoint_id: id }) =>
      names.has(owned.get(identityOf({ kind: "endpoint", id })) ?? name) || names.has(name),
  );
}

async function guardrailsOf(
  gateway: GatewayReader,
  endpoints: readonly Endpoint[] | undefined,
): Promise<RawGuardrails> {
  return endpoints ? listGuardrails(gateway, endpoints) : NO_GUARDRAILS;
}

/** Of experiments that are meant without being named: by id, or as those of guardrails that exist. */
function experimentIdsOf(
  desired: readonly DesiredOf<"endpoint">[],
  { objects }: RawGuardrails,
): string[] {
  const existing = desired.flatMap(({ fields: { guardrails = [] } }) =>
    guardrails.flatMap(({ name, scorer }) => (scorer ? [] : name)),
  );
  const names = new Set(existing);
  return [
    ...desired.map(({ fields }) => fields.experiment_id),
    ...objects.map(({ name, scorer }) => (names.has(name) ? scorer.experiment_id : undefined)),
  ].filter((id) => id !== undefined);
}

function both(one: ExperimentNames, other: ExperimentNames): ExperimentNames {
  return {
    ids: new Map([...other.ids, ...one.ids]),
    names: new Map([...other.names, ...one.names]),
    deleted: new Map([...other.deleted, ...one.deleted]),
    missing: new Set([...other.missing, ...one.missing]),
  };
}

async function experimentsNamedBy(
  source: ExperimentSource,
  desired: readonly DesiredOf<"endpoint">[],
): Promise<ExperimentNames> {
  const wanted = desired
    .flatMap(({ fields: { experiment, guardrails = [] } }) => [
      experiment,
      ...guardrails.map(({ scorer }) => scorer?.experiment),
    ])
    .filter((name) => name !== undefined);
  return wanted.length === 0 ? NO_EXPERIMENTS : experimentsByName(source, wanted);
}

/** A server that is too old for guardrails has none. */
function whenUnsupported(error: unknown): RawGuardrails {
  if (error instanceof GatewayOpsError && error.code === "gateway-unsupported") {
    return NO_GUARDRAILS;
  }
  throw error;
}
