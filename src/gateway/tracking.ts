import type { Caller } from "#gateway/call/caller.ts";
import { type Check, checkRequest, fields, textOf } from "#gateway/call/checks.ts";
import { whole } from "#gateway/call/place.ts";
import * as read from "#gateway/call/read.ts";
import { callerOf, type GatewayClientOptions } from "./client.ts";
import { failedCall, GatewayCallError, GatewayStatusError } from "./errors.ts";
import { TRACKING_OPERATIONS, type TrackingOperationName } from "./tracking-operations.ts";

/** Where traces go. */
interface Experiment {
  /** A decimal number. */
  readonly experiment_id: string;
  /** Unique per workspace; a deleted experiment keeps it. */
  readonly name: string;
  /** Only marked: it can be restored, and its name is taken until it is deleted for good. */
  readonly isDeleted: boolean;
}

/** The newest version of a registered judge. */
interface Scorer {
  /** A dashed UUID. */
  readonly scorer_id: string;
  readonly scorer_name: string;
  readonly scorer_version: number;
}

/** The right of a user or of a role on an endpoint. */
interface EndpointGrant {
  /** Of one endpoint: what was granted on all is not in question. */
  readonly endpoint_id: string;
  /** Such as `USE`. */
  readonly permission: string;
  /** The user, or `role` and its name. */
  readonly holder: string;
}

/** The experiment exists but is deleted: somebody must restore it, or delete it for good. */
export class ExperimentDeletedError extends GatewayCallError {
  override readonly name = "ExperimentDeletedError";
  readonly code = "experiment-deleted";
  readonly disposition = "reject";
}

type TrackingCaller = Caller<typeof TRACKING_OPERATIONS>;

/**
 * The little that the gateway needs of MLflow's tracking server, with the options and the errors of
 * `GatewayClient`. Not part of the published client.
 */
export class TrackingClient {
  readonly experiments: ExperimentOperations;
  readonly scorers: ScorerOperations;
  readonly grants: GrantOperations;
  readonly workspaces: WorkspaceOperations;
  readonly #options: GatewayClientOptions<TrackingOperationName>;
  readonly #caller: TrackingCaller;

  constructor(
    options: GatewayClientOptions<TrackingOperationName>,
    caller: TrackingCaller = callerOf(options, TRACKING_OPERATIONS),
  ) {
    this.#options = options;
    this.#caller = caller;
    this.experiments = new ExperimentOperations(caller);
    this.scorers = new ScorerOperations(caller);
    this.grants = new GrantOperations(caller);
    this.workspaces = new WorkspaceOperations(caller);
  }

  /** As `GatewayClient.within`. */
  within(signal: AbortSignal): TrackingClient {
    return new TrackingClient(this.#options, this.#caller.within(signal));
  }
}

class ExperimentOperations {
  readonly #caller: TrackingCaller;

  constructor(caller: TrackingCaller) {
    this.#caller = caller;
  }

  /** Undefined when there is none; one that is deleted is found. */
  find({ name }: { readonly name: string }): Promise<Experiment | undefined> {
    return this.#ask("findExperiment", { experiment_name: name });
  }

  /** Undefined when there is none; one that is deleted is found. */
  get({ experiment_id }: { readonly experiment_id: string }): Promise<Experiment | undefined> {
    return this.#ask("getExperiment", { experiment_id });
  }

  /**
   * Makes sure that there is one: an experiment that exists by then, be it somebody else's or from
   * a request whose answer was lost, is as good as a new one. A deleted one is not
   * (`experiment-deleted`).
   */
  async create({ name }: { readonly name: string }): Promise<Experiment> {
    checkRequest("createExperiment", { name }, fields({ name: NAME }));
    const answer = await this.#caller.call("createExperiment", { name }).catch(failedCall);
    if (!(answer instanceof GatewayCallError)) {
      const { experiment_id } = CREATED(answer, whole("createExperiment"));
      return { experiment_id, name, isDeleted: false };
    }
    if (answer.code !== "gateway-already-exists" && !answer.isOutcomeUnknown) throw answer;
    const found = await this.find({ name });
    if (!found) throw answer;
    if (!found.isDeleted) return found;
    throw new ExperimentDeletedError(
      "createExperiment",
      `cannot make ${JSON.stringify(name)}: an experiment of this name is deleted; restore it, or delete it for good`,
    );
  }

  async #ask(
    operation: "findExperiment" | "getExperiment",
    request: { readonly experiment_name?: string; readonly experiment_id?: string },
  ): Promise<Experiment | undefined> {
    checkRequest(operation, request, fields({}, { experiment_name: NAME, experiment_id: ID }));
    const answer = await this.#caller.call(operation, request).catch(whenMissing);
    if (!answer) return undefined;
    const { lifecycle_stage, ...experiment } = EXPERIMENT(answer, whole(operation));
    return { ...experiment, isDeleted: lifecycle_stage === "deleted" };
  }
}

class ScorerOperations {
  readonly #caller: TrackingCaller;

  constructor(caller: TrackingCaller) {
    this.#caller = caller;
  }

  /** Of each scorer of the experiment its newest version. */
  async list(request: { readonly experiment_id: string }): Promise<Scorer[]> {
    checkRequest("listScorers", request, fields({ experiment_id: ID }));
    return SCORERS(await this.#caller.call("listScorers", request), whole("listScorers"));
  }
}

class WorkspaceOperations {
  readonly #caller: TrackingCaller;

  constructor(caller: TrackingCaller) {
    this.#caller = caller;
  }

  /**
   * Names of those that we may see; undefined where we may not ask. Only for a server that says it
   * has workspaces: any other answers 503, as if it were down.
   */
  async list(): Promise<string[] | undefined> {
    const answer = await this.#caller.call("listWorkspaces", {}).catch(whenHidden);
    if (!answer) return undefined;
    return WORKSPACES(answer, whole("listWorkspaces")).map(({ name }) => name);
  }
}

class GrantOperations {
  readonly #caller: TrackingCaller;

  constructor(caller: TrackingCaller) {
    this.#caller = caller;
  }

  /**
   * Who may use which endpoint by a grant of its own; undefined when the server has no accounts,
   * or does not show them to us. MLflow keeps what a user is granted in a role `__user_<id>__`.
   * Left out are those of administrators, who may do everything without: MLflow grants MANAGE to
   * whoever makes an endpoint.
   */
  async list(): Promise<EndpointGrant[] | undefined> {
    const answer = await this.#caller.call("listUsers", {}).catch(whenHidden);
    if (!answer) return undefined;
    const grants = USERS(answer, whole("listUsers")).flatMap(({ roles, ...user }) =>
      roles.flatMap((role) => grantsOf(role, user)),
    );
    // Everybody who has a role shows it.
    return [...new Map(grants.map((grant) => [JSON.stringify(grant), grant])).values()];
  }
}

function grantsOf(
  { name, permissions }: Role,
  { username, is_admin }: Pick<User, "username" | "is_admin">,
): EndpointGrant[] {
  const isPersonal = /^__user_\d+__$/.test(name);
  if (isPersonal && is_admin) return [];
  const holder = isPersonal ? username : `role ${name}`;
  return permissions
    .filter(({ resource_type }) => resource_type === "gateway_endpoint")
    .filter(({ resource_pattern }) => resource_pattern !== "*")
    .map(({ resource_pattern, permission }) => ({
      endpoint_id: resource_pattern,
      permission,
      holder,
    }));
}

/** The server's own limit. */
const NAME: Check = textOf({ max: 500 });
const ID: Check = textOf({ max: 32, pattern: /^\d+$/ });

const CREATED = read.object({ experiment_id: read.text });

const EXPERIMENT = read.field(
  "experiment",
  read.object({ experiment_id: read.text, name: read.text, lifecycle_stage: read.textIfAny }),
);

const SCORERS = read.field(
  "scorers",
  read.list(
    read.object({ scorer_id: read.text, scorer_name: read.text, scorer_version: read.number }),
  ),
);

const PERMISSION = read.object({
  resource_type: read.text,
  resource_pattern: read.text,
  permission: read.text,
});
const ROLE = read.object({ name: read.text, permissions: read.list(PERMISSION) });
type Role = ReturnType<typeof ROLE>;
const USER = read.object({
  username: read.text,
  is_admin: read.flagOrFalse,
  roles: read.list(ROLE),
});
type User = ReturnType<typeof USER>;
const USERS = read.field("users", read.list(USER));

const WORKSPACES = read.field("workspaces", read.list(read.object({ name: read.text })));

/** No accounts, an older server that has no such address, or a login that may not see it. */
const HIDDEN = [403, 404, 405];

function whenHidden(error: unknown): undefined {
  if (error instanceof GatewayStatusError && HIDDEN.includes(error.status)) return undefined;
  throw error;
}

function whenMissing(error: unknown): undefined {
  if (error instanceof GatewayStatusError && error.code === "gateway-not-found") return undefined;
  throw error;
}
