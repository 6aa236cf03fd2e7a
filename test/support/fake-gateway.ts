import type { BudgetGateway } from "#budgets/monitor.ts";
import { GatewayRequestError, GatewayStatusError } from "#gateway/errors.ts";
import type { OperationName } from "#gateway/operations.ts";
import type {
  BudgetPolicy,
  BudgetWindow,
  CurrentUser,
  Endpoint,
  EndpointTag,
  KeyedValues,
  KeyValue,
  ModelConfig,
  ModelDefinition,
  ModelMapping,
  Secret,
  SecretValue,
} from "#gateway/types.ts";
import type { GatewayReader } from "#reconcile/observe.ts";
import type { GatewayWriter } from "#reconcile/write-change.ts";
import type { SecretGateway } from "#secrets/push.ts";

/** All that the core needs of a gateway. */
export type CoreGateway = GatewayReader & GatewayWriter & SecretGateway & BudgetGateway;

type StoredEndpoint = Omit<Endpoint, "model_mappings" | "tags"> & {
  readonly mappings: readonly ModelMapping[];
  readonly tags: Map<string, string>;
};

interface Fault {
  readonly operation: OperationName;
  readonly call: number;
  readonly error: Error;
  readonly isLate: boolean;
}

/** MLflow's gateway in memory, with what it does that one would not expect. */
export class FakeGateway implements CoreGateway {
  /** Who is logged in; undefined is a server without user accounts. */
  user: CurrentUser | undefined = { username: "operator", is_admin: true };
  windows: readonly BudgetWindow[] = [];
  /** Every request, in order. */
  readonly requests: OperationName[] = [];
  /** The most requests that were under way at once. */
  inFlightMax = 0;

  readonly #secrets = new Map<string, Secret>();
  readonly #values = new Map<string, Readonly<Record<string, string>>>();
  readonly #definitions = new Map<string, ModelDefinition>();
  readonly #endpoints = new Map<string, StoredEndpoint>();
  readonly #budgets = new Map<string, BudgetPolicy>();
  readonly #faults: Fault[] = [];
  #inFlight = 0;
  #ids = 0;
  #nowMs = 1_795_000_000_000;

  /** Lets the n-th call of an operation from now on (1 is the next) fail without any effect. */
  failOn(operation: OperationName, call: number, error: Error): void {
    this.#faults.push({ operation, call: this.count(operation) + call, error, isLate: false });
  }

  /** As `failOn`, but the server has carried the call out: only its answer is lost. */
  loseAnswer(operation: OperationName, call: number, error: Error): void {
    this.#faults.push({ operation, call: this.count(operation) + call, error, isLate: true });
  }

  /** Takes back every fault that has not hit yet. */
  heal(): void {
    this.#faults.length = 0;
  }

  count(operation: OperationName): number {
    return this.requests.filter((request) => request === operation).length;
  }

  /** Names of the requests that write, in order. */
  writes(): OperationName[] {
    return this.requests.filter((name) => !/^(list|get)/.test(name));
  }

  /** What the gateway would send to the provider. */
  storedValue(secretName: string): Readonly<Record<string, string>> | undefined {
    const secret = this.#secretNamed(secretName);
    return secret && this.#values.get(secret.secret_id);
  }

  /** What a person could see of everything that is stored. */
  visible() {
    return {
      secrets: [...this.#secrets.values()],
      definitions: [...this.#definitions.values()],
      endpoints: [...this.#endpoints.values()].map((endpoint) => this.#shown(endpoint)),
      budgets: [...this.#budgets.values()],
    };
  }

  /** A deleted secret leaves its model definitions behind, without a secret. */
  deleteSecret(secretName: string): void {
    const secret = this.#secretNamed(secretName);
    if (secret) this.#secrets.delete(secret.secret_id);
  }

  /** From then on the endpoint is in no list, but its name stays taken. */
  detachModels(endpointName: string): void {
    const endpoint = this.#endpointNamed(endpointName);
    if (endpoint) this.#endpoints.set(endpoint.endpoint_id, { ...endpoint, mappings: [] });
  }

  readonly server = {
    currentUser: () => this.#call("getCurrentUser", () => this.user),
  };

  readonly secrets: CoreGateway["secrets"] = {
    list: () => this.#call("listSecrets", () => unordered(this.#secrets)),
    create: ({ secret_value, created_by, ...secret }) =>
      this.#call("createSecret", () => {
        if (this.#secretNamed(secret.secret_name)) throw nameTaken("createSecret");
        const values = revealed(secret_value);
        const created: Secret = {
          secret_id: this.#newId("s"),
          ...secret,
          masked_values: masked(values),
          auth_config: asMap(secret.auth_config ?? {}),
          ...this.#created(created_by),
        };
        this.#values.set(created.secret_id, values);
        return stored(this.#secrets, created.secret_id, created);
      }),
    update: ({ secret_id, secret_value, auth_config, updated_by }) =>
      this.#call("updateSecret", () => {
        const before = found("updateSecret", this.#secrets, secret_id);
        const values = secret_value && revealed(secret_value);
        // Without an updated_by the server erases the former one.
        const { last_updated_by, ...rest } = before;
        if (values) this.#values.set(secret_id, values);
        return stored(this.#secrets, secret_id, {
          ...rest,
          ...(values && { masked_values: masked(values) }),
          ...(auth_config && { auth_config: asMap(auth_config) }),
          ...this.#updated(updated_by),
        });
      }),
  };

  readonly modelDefinitions: CoreGateway["modelDefinitions"] = {
    list: () =>
      this.#call("listModelDefinitions", () =>
        unordered(this.#definitions).map((definition) => this.#linked(definition)),
      ),
    create: ({ created_by, ...definition }) =>
      this.#call("createModelDefinition", () => {
        found("createModelDefinition", this.#secrets, definition.secret_id);
        const isTaken = [...this.#definitions.values()].some(
          ({ name }) => name === definition.name,
        );
        if (isTaken) throw nameTaken("createModelDefinition");
        const id = this.#newId("d");
        const created = { model_definition_id: id, ...definition, ...this.#created(created_by) };
        return this.#linked(stored(this.#definitions, id, created));
      }),
    update: ({ model_definition_id: id, updated_by, ...changes }) =>
      this.#call("updateModelDefinition", () => {
        const before = found("updateModelDefinition", this.#definitions, id);
        if (changes.secret_id) found("updateModelDefinition", this.#secrets, changes.secret_id);
        const updated = { ...before, ...changes, ...this.#updated(updated_by) };
        return this.#linked(stored(this.#definitions, id, updated));
      }),
  };

  readonly endpoints: CoreGateway["endpoints"] = {
    list: () =>
      this.#call("listEndpoints", () =>
        unordered(this.#endpoints)
          .filter(({ mappings }) => mappings.length > 0)
          .map((endpoint) => this.#shown(endpoint)),
      ),
    find: ({ name }) =>
      this.#call("getEndpoint", () => {
        const endpoint = this.#endpointNamed(name);
        return endpoint && this.#shown(endpoint);
      }),
    create: ({ model_configs, created_by, ...endpoint }) =>
      this.#call("createEndpoint", () => {
        if (this.#endpointNamed(endpoint.name)) throw nameTaken("createEndpoint", "BAD_REQUEST");
        const id = this.#newId("e");
        const created: StoredEndpoint = {
          endpoint_id: id,
          usage_tracking: true,
          ...endpoint,
          mappings: this.#mappings("createEndpoint", id, model_configs),
          tags: new Map(),
          ...this.#created(created_by),
        };
        return this.#shown(stored(this.#endpoints, id, created));
      }),
    update: ({ endpoint_id: id, model_configs, updated_by, ...changes }) =>
      this.#call("updateEndpoint", () => {
        const before = found("updateEndpoint", this.#endpoints, id);
        if (model_configs && !changes.fallback_config) {
          throw new GatewayRequestError("the server would reset the fallback_config");
        }
        const mappings = model_configs && this.#mappings("updateEndpoint", id, model_configs);
        const updated = {
          ...before,
          ...changes,
          ...(mappings && { mappings }),
          ...this.#updated(updated_by ?? before.last_updated_by),
        };
        return this.#shown(stored(this.#endpoints, id, updated));
      }),
    setTag: ({ endpoint_id, key, value }: { endpoint_id: string } & EndpointTag) =>
      this.#call("setEndpointTag", () => {
        found("setEndpointTag", this.#endpoints, endpoint_id).tags.set(key, value);
      }),
  };

  readonly budgets: CoreGateway["budgets"] = {
    list: () => this.#call("listBudgets", () => unordered(this.#budgets)),
    listWindows: () => this.#call("listBudgetWindows", () => this.windows),
    create: ({ created_by, ...budget }) =>
      this.#call("createBudget", () => {
        this.#checkTarget("createBudget", budget);
        const id = this.#newId("bp");
        const created = { budget_policy_id: id, ...budget, ...this.#created(created_by) };
        return stored(this.#budgets, id, created);
      }),
    update: ({ budget_policy_id: id, updated_by, ...changes }) =>
      this.#call("updateBudget", () => {
        const { target_value, ...before } = found("updateBudget", this.#budgets, id);
        this.#checkTarget("updateBudget", changes);
        // Another scope drops the former target.
        const isTargetKept =
          changes.target_scope === undefined || changes.target_scope === before.target_scope;
        return stored(this.#budgets, id, {
          ...before,
          ...(isTargetKept && target_value !== undefined && { target_value }),
          ...changes,
          ...this.#updated(updated_by),
        });
      }),
  };

  async #call<R>(operation: OperationName, work: () => R): Promise<R> {
    this.requests.push(operation);
    const call = this.count(operation);
    const fault = this.#faults.find(
      (known) => known.operation === operation && known.call === call,
    );
    this.#inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.#inFlight);
    try {
      // A turn of the event loop, so that calls overlap as they would over a network.
      await new Promise((resolve) => setImmediate(resolve));
      if (fault && !fault.isLate) throw fault.error;
      const result = structuredClone(work());
      if (fault) throw fault.error;
      return result;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #secretNamed(name: string): Secret | undefined {
    return [...this.#secrets.values()].find(({ secret_name }) => secret_name === name);
  }

  #endpointNamed(name: string): StoredEndpoint | undefined {
    return [...this.#endpoints.values()].find((endpoint) => endpoint.name === name);
  }

  #linked({ secret_id, ...definition }: ModelDefinition): ModelDefinition {
    const secret = secret_id === undefined ? undefined : this.#secrets.get(secret_id);
    if (!secret) return definition;
    return { ...definition, secret_id: secret.secret_id, secret_name: secret.secret_name };
  }

  #shown({ mappings, tags, ...endpoint }: StoredEndpoint): Endpoint {
    return {
      ...endpoint,
      model_mappings: mappings.map((mapping) => {
        const definition = this.#definitions.get(mapping.model_definition_id);
        return { ...mapping, ...(definition && { model_definition: this.#linked(definition) }) };
      }),
      tags: [...tags].map(([key, value]) => ({ key, value })),
    };
  }

  #mappings(
    operation: OperationName,
    endpoint_id: string,
    configs: readonly ModelConfig[],
  ): ModelMapping[] {
    return configs.map((config) => {
      found(operation, this.#definitions, config.model_definition_id);
      const weight = asFloat32(config.weight ?? 1);
      return { mapping_id: this.#newId("m"), endpoint_id, ...config, weight };
    });
  }

  #checkTarget(
    operation: OperationName,
    budget: { readonly target_scope?: string; readonly target_value?: string },
  ): void {
    if (budget.target_scope === "ENDPOINT") {
      found(operation, this.#endpoints, budget.target_value ?? "");
    }
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}-${String(this.#ids).padStart(4, "0")}`;
  }

  #created(by: string | undefined) {
    this.#nowMs += 1;
    const times = { created_at: this.#nowMs, last_updated_at: this.#nowMs };
    return { ...times, ...(by !== undefined && { created_by: by, last_updated_by: by }) };
  }

  #updated(by: string | undefined) {
    this.#nowMs += 1;
    return { last_updated_at: this.#nowMs, ...(by !== undefined && { last_updated_by: by }) };
  }
}

/** The server promises no order: ours is the opposite of what one would get used to. */
function unordered<T>(map: ReadonlyMap<string, T>): T[] {
  return [...map.values()].reverse();
}

function stored<T>(map: Map<string, T>, id: string, value: T): T {
  map.set(id, value);
  return value;
}

function found<T>(operation: string, map: ReadonlyMap<string, T>, id: string): T {
  const value = map.get(id);
  if (value !== undefined) return value;
  throw statusError(operation, 404, "gateway-not-found", "RESOURCE_DOES_NOT_EXIST");
}

function nameTaken(operation: string, errorCode = "RESOURCE_ALREADY_EXISTS"): GatewayStatusError {
  return statusError(operation, 400, "gateway-already-exists", errorCode);
}

function statusError(
  operation: string,
  status: number,
  code: GatewayStatusError["code"],
  errorCode: string,
): GatewayStatusError {
  return new GatewayStatusError(operation, "so it is on the fake gateway", {
    code,
    disposition: "reject",
    isOutcomeUnknown: false,
    status,
    errorCode,
    retryAfterMs: undefined,
  });
}

/** The client takes pairs as well as an object; the server knows objects only. */
function asMap<V>(keyed: KeyedValues<V>): Readonly<Record<string, V>> {
  const isPairs = (given: KeyedValues<V>): given is readonly KeyValue<V>[] => Array.isArray(given);
  if (!isPairs(keyed)) return keyed;
  return Object.fromEntries(keyed.map(({ key, value }) => [key, value]));
}

function revealed(value: SecretValue): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asMap(value)).map(([key, text]) => [
      key,
      typeof text === "string" ? text : text.reveal(),
    ]),
  );
}

function masked(values: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(values).map(([key, text]) => [
    key,
    text.length > 8 ? `${text.slice(0, 3)}...${text.slice(-4)}` : "***",
  ]);
  return Object.fromEntries(entries);
}

/** The server keeps 32 bits of a weight and answers with as many digits as tell them apart. */
function asFloat32(value: number): number {
  for (let digits = 6; digits <= 9; digits += 1) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return Math.fround(value);
}
