import type { BudgetGateway } from "#budgets/monitor.ts";
import type { GatewayClient } from "#gateway/client.ts";
import { GatewayRequestError, GatewayStatusError } from "#gateway/errors.ts";
import type {
  BindingIdentity,
  GuardrailPlacement,
  KeyedValues,
  KeyValue,
  SecretValue,
  UpdateEndpoint,
} from "#gateway/requests.ts";
import { checkServing } from "#gateway/resources/endpoint-serving.ts";
import type { TrackingOperationName } from "#gateway/tracking-operations.ts";
import type {
  Binding,
  BudgetPolicy,
  BudgetWindow,
  CurrentUser,
  Endpoint,
  EndpointTag,
  Guardrail,
  GuardrailConfig,
  ModelConfig,
  ModelDefinition,
  ModelMapping,
  Secret,
} from "#gateway/types.ts";
import type { GatewayWriter } from "#reconcile/apply/gateway-writer.ts";
import type { GatewayReader } from "#reconcile/observe/observe.ts";
import { assert } from "#runtime/assert.ts";
import type {
  CatalogModel,
  InvocationAnswer,
  Invocations,
  ProbeGateway,
} from "#secrets/probe/probe-gateway.ts";
import type { SecretGateway } from "#secrets/push.ts";
import { PINNED } from "../../scripts/mlflow-versions.ts";
import { FakeTracking } from "./fake-tracking.ts";

/** The calls that set models or routing, with `force`. */
type ServingWriter = Pick<
  GatewayClient["endpoints"],
  "create" | "update" | "attachModel" | "detachModel"
>;

/** All that the core needs of a gateway. */
export type CoreGateway = GatewayReader &
  GatewayWriter &
  BudgetGateway &
  Pick<ProbeGateway, "discovery"> & {
    readonly endpoints: ServingWriter;
    readonly secrets: Omit<SecretGateway["secrets"], "delete"> & {
      /** `force` deletes one that is in use too. */
      delete(secret: { readonly secret_id: string; readonly force?: boolean }): Promise<void>;
    };
  };

/** What a call of an endpoint sends to the provider. */
export interface UpstreamCall {
  readonly values: Readonly<Record<string, string>>;
  readonly auth_config: Readonly<Record<string, string>>;
  readonly model_name: string;
  readonly kind: "chat" | "embeddings";
  readonly body: Readonly<Record<string, unknown>>;
}

type StoredEndpoint = Omit<Endpoint, "model_mappings" | "tags"> & {
  readonly mappings: readonly ModelMapping[];
  readonly tags: Map<string, string>;
};

type OperationName = TrackingOperationName | "invokeEndpoint";

type StoredGuardrail = Guardrail & { readonly target: string | undefined };

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
  version: string = PINNED;
  windows: readonly BudgetWindow[] = [];
  /** What the server knows of models. */
  catalog: readonly (CatalogModel & { readonly provider: string })[] = [];
  /** The status that a provider answers with. */
  upstream: (call: UpstreamCall) => number = () => 200;
  /** Of a REJECT budget for all endpoints. */
  isBudgetUsedUp = false;
  /** What was sent to providers, in order. */
  readonly calls: UpstreamCall[] = [];
  /** Every request, in order. */
  readonly requests: OperationName[] = [];
  /** The most requests that were under way at once. */
  inFlightMax = 0;

  readonly #secrets = new Map<string, Secret>();
  readonly #values = new Map<string, Readonly<Record<string, string>>>();
  readonly #definitions = new Map<string, ModelDefinition>();
  readonly #endpoints = new Map<string, StoredEndpoint>();
  readonly #bindings = new Map<string, Binding>();
  readonly #guardrails = new Map<string, StoredGuardrail>();
  readonly #placements = new Map<string, GuardrailConfig>();
  readonly #budgets = new Map<string, BudgetPolicy>();
  /** The experiments and scorers of the same server. */
  readonly tracking = new FakeTracking((operation, work) => this.#call(operation, work));
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

  /** Copies the database; what is returned puts that copy back. */
  backUp(): () => void {
    const tables: Map<string, unknown>[] = [
      ...[this.#secrets, this.#values, this.#definitions, this.#endpoints],
      ...[this.#bindings, this.#guardrails, this.#placements, this.#budgets],
    ];
    const copies = tables.map((table) => [...table]);
    return () => {
      for (const [index, table] of tables.entries()) {
        table.clear();
        for (const [id, row] of copies[index] ?? []) table.set(id, row);
      }
    };
  }

  /** By the server's clock, which otherwise goes on by a millisecond with each write. */
  passTime(durationMs: number): void {
    this.#nowMs += durationMs;
  }

  count(operation: OperationName): number {
    return this.requests.filter((request) => request === operation).length;
  }

  /** Names of the requests that write, in order. */
  writes(): OperationName[] {
    return this.requests.filter((name) => !/^(list|get|find)/.test(name));
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
      bindings: [...this.#bindings.values()],
      guardrails: [...this.#guardrails.values()].map((guardrail) => this.#judge(guardrail)),
      placements: [...this.#placements.values()],
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
    version: () => this.#call("getVersion", () => this.version),
  };

  readonly discovery: CoreGateway["discovery"] = {
    models: ({ provider }) =>
      this.#call("listModels", () => this.catalog.filter((model) => model.provider === provider)),
  };

  readonly invocations: Invocations = {
    invoke: ({ endpoint_name, body }) =>
      this.#call("invokeEndpoint", () => this.#invoked(endpoint_name, body)),
  };

  readonly secrets: CoreGateway["secrets"] = {
    list: () => this.#call("listSecrets", () => unordered(this.#secrets)),
    get: ({ secret_id }) =>
      this.#call("getSecret", () => found("getSecret", this.#secrets, secret_id)),
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
    delete: ({ secret_id, force = false }) =>
      this.#call("deleteSecret", () => {
        const users = [...this.#definitions.values()].filter((d) => d.secret_id === secret_id);
        // The server itself would not mind; the client does.
        if (users.length > 0 && !force) throw new GatewayRequestError("the secret is in use");
        found("deleteSecret", this.#secrets, secret_id);
        this.#secrets.delete(secret_id);
      }),
  };

  readonly modelDefinitions: CoreGateway["modelDefinitions"] = {
    get: ({ model_definition_id: id }) =>
      this.#call("getModelDefinition", () =>
        this.#linked(found("getModelDefinition", this.#definitions, id)),
      ),
    list: () =>
      this.#call("listModelDefinitions", () =>
        unordered(this.#definitions).map((definition) => this.#linked(definition)),
      ),
    create: ({ created_by, ...definition }) =>
      this.#call("createModelDefinition", () => {
        found("createModelDefinition", this.#secrets, definition.secret_id);
        this.#checkDefinitionName("createModelDefinition", definition.name);
        const id = this.#newId("d");
        const created = { model_definition_id: id, ...definition, ...this.#created(created_by) };
        return this.#linked(stored(this.#definitions, id, created));
      }),
    update: ({ model_definition_id: id, updated_by, ...changes }) =>
      this.#call("updateModelDefinition", () => {
        const before = found("updateModelDefinition", this.#definitions, id);
        if (changes.secret_id) found("updateModelDefinition", this.#secrets, changes.secret_id);
        if (changes.name !== undefined && changes.name !== before.name) {
          this.#checkDefinitionName("updateModelDefinition", changes.name);
        }
        const updated = { ...before, ...changes, ...this.#updated(updated_by) };
        return this.#linked(stored(this.#definitions, id, updated));
      }),
    delete: ({ model_definition_id: id }) =>
      this.#call("deleteModelDefinition", () => {
        found("deleteModelDefinition", this.#definitions, id);
        const isAttached = [...this.#endpoints.values()].some(({ mappings }) =>
          mappings.some(({ model_definition_id }) => model_definition_id === id),
        );
        if (isAttached) {
          throw statusError("deleteModelDefinition", 500, "gateway-refused", "INVALID_STATE");
        }
        this.#definitions.delete(id);
      }),
  };

  readonly endpoints: Omit<CoreGateway["endpoints"], keyof ServingWriter> & ServingWriter = {
    list: () =>
      this.#call("listEndpoints", () =>
        unordered(this.#endpoints)
          .filter(({ mappings }) => mappings.length > 0)
          .map((endpoint) => this.#shown(endpoint)),
      ),
    get: ({ endpoint_id }) =>
      this.#call("getEndpoint", () =>
        this.#shown(found("getEndpoint", this.#endpoints, endpoint_id)),
      ),
    find: ({ name }) =>
      this.#call("getEndpoint", () => {
        const endpoint = this.#endpointNamed(name);
        return endpoint && this.#shown(endpoint);
      }),
    create: ({ model_configs: models, created_by, force, ...endpoint }) =>
      this.#call("createEndpoint", () => {
        const hasFallback = models.some(({ linkage_type }) => linkage_type === "FALLBACK");
        const { fallback_config = hasFallback ? {} : undefined } = endpoint;
        if (!force) checkServing("createEndpoint", { ...endpoint, models, fallback_config });
        if (this.#endpointNamed(endpoint.name)) throw nameTaken("createEndpoint", "BAD_REQUEST");
        const id = this.#newId("e");
        const { usage_tracking = true } = endpoint;
        const created: StoredEndpoint = {
          endpoint_id: id,
          ...endpoint,
          ...(fallback_config && { fallback_config }),
          usage_tracking,
          ...this.#experiment("createEndpoint", { ...endpoint, usage_tracking }),
          mappings: this.#mappings("createEndpoint", id, models, created_by),
          tags: new Map(),
          ...this.#created(created_by),
        };
        return this.#shown(stored(this.#endpoints, id, created));
      }),
    update: ({ endpoint_id: id, model_configs, updated_by, force, ...changes }) =>
      this.#call("updateEndpoint", () => {
        const before = found("updateEndpoint", this.#endpoints, id);
        if (!force) checkUpdate(before, { model_configs, ...changes });
        const { name = before.name } = changes;
        if (name !== before.name && this.#endpointNamed(name)) {
          throw nameTaken("updateEndpoint", "BAD_REQUEST");
        }
        const experiment = this.#experiment("updateEndpoint", { ...before, ...changes });
        const mappings =
          model_configs && this.#mappings("updateEndpoint", id, model_configs, updated_by);
        const updated = {
          ...before,
          ...(model_configs && { fallback_config: {} }),
          ...changes,
          ...experiment,
          ...(mappings && { mappings }),
          ...this.#updated(updated_by ?? before.last_updated_by),
        };
        return this.#shown(stored(this.#endpoints, id, updated));
      }),
    attachModel: ({ endpoint_id: id, model_config: model, created_by, force }) =>
      this.#call("attachModel", () => {
        const before = found("attachModel", this.#endpoints, id);
        const isTaken = before.mappings.some((other) => isSameLink(other, model));
        if (isTaken) throw nameTaken("attachModel");
        if (!force) {
          checkServing("attachModel", { ...before, models: [...before.mappings, model] });
        }
        const [mapping] = this.#mappings("attachModel", id, [model], created_by);
        assert(mapping, "a model makes a mapping");
        stored(this.#endpoints, id, { ...before, mappings: [...before.mappings, mapping] });
        return this.#resolved(mapping);
      }),
    detachModel: ({ endpoint_id: id, model_definition_id: model, force }) =>
      this.#call("detachModel", () => {
        const before = found("detachModel", this.#endpoints, id);
        const mappings = before.mappings.filter((other) => other.model_definition_id !== model);
        if (mappings.length === before.mappings.length) throw notFound("detachModel");
        if (!force) {
          const serving = { ...before, models: before.mappings };
          checkServing("detachModel", { ...serving, models: mappings }, serving);
        }
        stored(this.#endpoints, id, { ...before, mappings });
      }),
    setTag: ({ endpoint_id, key, value }: { endpoint_id: string } & EndpointTag) =>
      this.#call("setEndpointTag", () => {
        found("setEndpointTag", this.#endpoints, endpoint_id).tags.set(key, value);
      }),
    deleteTag: ({ endpoint_id, key }) =>
      this.#call("deleteEndpointTag", () => {
        found("deleteEndpointTag", this.#endpoints, endpoint_id).tags.delete(key);
      }),
    delete: ({ endpoint_id }) =>
      this.#call("deleteEndpoint", () => {
        found("deleteEndpoint", this.#endpoints, endpoint_id);
        this.#endpoints.delete(endpoint_id);
        for (const children of [this.#bindings, this.#placements]) {
          for (const [key, child] of children) {
            if (child.endpoint_id === endpoint_id) children.delete(key);
          }
        }
      }),
  };

  readonly bindings: CoreGateway["bindings"] = {
    list: () => this.#call("listBindings", () => unordered(this.#bindings)),
    create: ({ created_by, ...identity }) =>
      this.#call("createBinding", () => {
        found("createBinding", this.#endpoints, identity.endpoint_id);
        const key = bindingKey(identity);
        if (this.#bindings.has(key)) throw nameTaken("createBinding", "BAD_REQUEST");
        return stored(this.#bindings, key, { ...identity, ...this.#created(created_by) });
      }),
    delete: (identity) =>
      this.#call("deleteBinding", () => {
        found("deleteBinding", this.#bindings, bindingKey(identity));
        this.#bindings.delete(bindingKey(identity));
      }),
  };

  readonly guardrails: CoreGateway["guardrails"] = {
    list: () =>
      this.#call("listGuardrails", () =>
        unordered(this.#guardrails).map((guardrail) => this.#judge(guardrail)),
      ),
    create: ({ scorer_id, scorer_version, action_endpoint_id: target, ...guardrail }) =>
      this.#call("createGuardrail", () => {
        const scorer = this.tracking.version(scorer_id, scorer_version);
        if (!scorer) throw notFound("createGuardrail");
        const id = this.#newId("gr");
        const created = { guardrail_id: id, ...guardrail, scorer, target };
        return this.#judge(stored(this.#guardrails, id, { ...created, ...this.#created("admin") }));
      }),
    listForEndpoint: ({ endpoint_id }) =>
      this.#call("listEndpointGuardrails", () => {
        found("listEndpointGuardrails", this.#endpoints, endpoint_id);
        return [...this.#placements.values()]
          .filter((config) => config.endpoint_id === endpoint_id)
          .sort((a, b) => (a.execution_order ?? LAST) - (b.execution_order ?? LAST))
          .map((config) => this.#placed(config));
      }),
    addToEndpoint: ({ endpoint_id, guardrail_id, ...order }) =>
      this.#call("addGuardrail", () => {
        found("addGuardrail", this.#endpoints, endpoint_id);
        found("addGuardrail", this.#guardrails, guardrail_id);
        const key = placementKey({ endpoint_id, guardrail_id });
        if (this.#placements.has(key)) throw nameTaken("addGuardrail");
        const { created_at } = this.#created(undefined);
        const config = { endpoint_id, guardrail_id, ...order, created_at };
        return this.#placed(stored(this.#placements, key, config));
      }),
    updateConfig: ({ execution_order, ...placement }) =>
      this.#call("updateGuardrailConfig", () => {
        const key = placementKey(placement);
        const { execution_order: _, ...before } = found(
          "updateGuardrailConfig",
          this.#placements,
          key,
        );
        const config = execution_order === null ? before : { ...before, execution_order };
        return this.#placed(stored(this.#placements, key, config));
      }),
    removeFromEndpoint: (placement) =>
      this.#call("removeGuardrail", () => {
        found("removeGuardrail", this.#placements, placementKey(placement));
        this.#placements.delete(placementKey(placement));
      }),
  };

  readonly budgets: CoreGateway["budgets"] = {
    list: () => this.#call("listBudgets", () => unordered(this.#budgets)),
    get: ({ budget_policy_id: id }) =>
      this.#call("getBudget", () => found("getBudget", this.#budgets, id)),
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
    delete: ({ budget_policy_id: id }) =>
      this.#call("deleteBudget", () => {
        found("deleteBudget", this.#budgets, id);
        this.#budgets.delete(id);
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

  /** MLflow asks for the endpoint, the budget, the key and the payload in this order. */
  #invoked(endpointName: string, body: UpstreamCall["body"]): InvocationAnswer {
    const mapping = this.#endpointNamed(endpointName)?.mappings[0];
    const definition = this.#definitions.get(mapping?.model_definition_id ?? "");
    const secret = this.#secrets.get(definition?.secret_id ?? "");
    if (!definition || !secret) return { outcome: "failed", status: 404 };
    if (this.isBudgetUsedUp) return { outcome: "failed", status: 429 };
    const call: UpstreamCall = {
      values: this.#values.get(secret.secret_id) ?? {},
      auth_config: secret.auth_config,
      model_name: definition.model_name,
      kind: "messages" in body ? "chat" : "embeddings",
      body,
    };
    this.calls.push(call);
    const status = this.upstream(call);
    if (status === 200) return { outcome: "completed", status };
    return { outcome: status === 401 || status === 403 ? "key-refused" : "failed", status };
  }

  #secretNamed(name: string): Secret | undefined {
    return [...this.#secrets.values()].find(({ secret_name }) => secret_name === name);
  }

  #endpointNamed(name: string): StoredEndpoint | undefined {
    return [...this.#endpoints.values()].find((endpoint) => endpoint.name === name);
  }

  #checkDefinitionName(operation: OperationName, wanted: string): void {
    const isTaken = [...this.#definitions.values()].some(({ name }) => name === wanted);
    if (isTaken) throw nameTaken(operation);
  }

  /** With usage_tracking the server makes an experiment for an endpoint that has none. */
  #experiment(
    operation: OperationName,
    {
      name,
      experiment_id: id,
      usage_tracking,
    }: Partial<Pick<Endpoint, "name" | "experiment_id" | "usage_tracking">>,
  ): { experiment_id?: string } {
    if (id !== undefined) {
      if (!this.tracking.has(id))
        throw statusError(operation, 400, "gateway-refused", "BAD_REQUEST");
      return { experiment_id: id };
    }
    return usage_tracking ? { experiment_id: this.tracking.ensure(`gateway/${name}`) } : {};
  }

  /** The server takes an endpoint's id and answers with its name in the field of the id. */
  #judge({ target, ...guardrail }: StoredGuardrail): Guardrail {
    const name = target === undefined ? undefined : this.#endpoints.get(target)?.name;
    return { ...guardrail, ...(name !== undefined && { action_endpoint_id: name }) };
  }

  #placed(config: GuardrailConfig): GuardrailConfig {
    const guardrail = this.#guardrails.get(config.guardrail_id);
    return { ...config, ...(guardrail && { guardrail: this.#judge(guardrail) }) };
  }

  #linked({ secret_id, ...definition }: ModelDefinition): ModelDefinition {
    const secret = secret_id === undefined ? undefined : this.#secrets.get(secret_id);
    if (!secret) return definition;
    return { ...definition, secret_id: secret.secret_id, secret_name: secret.secret_name };
  }

  #shown({ mappings, tags, ...endpoint }: StoredEndpoint): Endpoint {
    return {
      ...endpoint,
      model_mappings: mappings.map((mapping) => this.#resolved(mapping)),
      tags: [...tags].map(([key, value]) => ({ key, value })),
    };
  }

  #resolved(mapping: ModelMapping): ModelMapping {
    const definition = this.#definitions.get(mapping.model_definition_id);
    return { ...mapping, ...(definition && { model_definition: this.#linked(definition) }) };
  }

  #mappings(
    operation: OperationName,
    endpoint_id: string,
    configs: readonly ModelConfig[],
    created_by: string | undefined,
  ): ModelMapping[] {
    return configs.map((config) => {
      found(operation, this.#definitions, config.model_definition_id);
      return {
        mapping_id: this.#newId("m"),
        endpoint_id,
        ...config,
        weight: asFloat32(config.weight ?? 1),
        created_at: this.#nowMs,
        ...(created_by !== undefined && { created_by }),
      };
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

const LAST = Number.POSITIVE_INFINITY;

/** What the client refuses before it asks the server. */
function checkUpdate(
  before: StoredEndpoint,
  {
    model_configs,
    ...changes
  }: Omit<UpdateEndpoint, "endpoint_id" | "model_configs"> & {
    readonly model_configs: UpdateEndpoint["model_configs"] | undefined;
  },
): void {
  if (model_configs && !changes.fallback_config) {
    throw new GatewayRequestError("the server would reset the fallback_config");
  }
  if (model_configs || changes.routing_strategy) {
    const models = model_configs ?? before.mappings;
    checkServing("updateEndpoint", { ...before, ...changes, models });
  }
}

function isSameLink(one: ModelConfig, other: ModelConfig): boolean {
  return (
    one.model_definition_id === other.model_definition_id && one.linkage_type === other.linkage_type
  );
}

function bindingKey({ endpoint_id, resource_type, resource_id }: BindingIdentity): string {
  return JSON.stringify([endpoint_id, resource_type, resource_id]);
}

function placementKey({ endpoint_id, guardrail_id }: GuardrailPlacement): string {
  return JSON.stringify([endpoint_id, guardrail_id]);
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
  throw notFound(operation);
}

function notFound(operation: string): GatewayStatusError {
  return statusError(operation, 404, "gateway-not-found", "RESOURCE_DOES_NOT_EXIST");
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
