import {
  type ActualGuardrail,
  type ActualResource,
  type ActualState,
  type BudgetFields,
  type DesiredOf,
  type DesiredResource,
  type DesiredState,
  type EndpointFields,
  identityOf,
  KINDS,
  type Kind,
  type KnownState,
  NOTHING_KNOWN,
  partsOf,
  type ResourceKey,
  type SecretFields,
} from "#reconcile/state.ts";

/** Desired and actual states by example, without a manifest: of the owner "search". */
type Declared<K extends Kind> = Partial<Omit<DesiredOf<K>, "kind" | "name" | "fields">>;

export function secret(
  name = "openai-prod",
  fields: Partial<SecretFields> = {},
  declared: Declared<"secret"> = {},
): DesiredOf<"secret"> {
  return {
    kind: "secret",
    name,
    fields: { provider: "openai", value_from: { secrets_manager: "prod/openai" }, ...fields },
    ...declared,
  };
}

export function definition(
  name = "gpt-4o",
  fields: Partial<DesiredOf<"model_definition">["fields"]> = {},
  declared: Declared<"model_definition"> = {},
): DesiredOf<"model_definition"> {
  return {
    kind: "model_definition",
    name,
    fields: { secret: "openai-prod", provider: "openai", model_name: "gpt-4o", ...fields },
    ...declared,
  };
}

export function endpoint(
  name = "chat",
  fields: Partial<EndpointFields> = {},
  declared: Declared<"endpoint"> = {},
): DesiredOf<"endpoint"> {
  return {
    kind: "endpoint",
    name,
    fields: {
      models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY", weight: 1 }],
      ...fields,
    },
    ...declared,
  };
}

export function budget(
  name = "chat-monthly",
  fields: Partial<BudgetFields> = {},
  declared: Declared<"budget"> = {},
): DesiredOf<"budget"> {
  return {
    kind: "budget",
    name,
    fields: {
      budget_unit: "USD",
      budget_amount: 500,
      duration: { unit: "MONTHS", value: 1 },
      target_scope: "ENDPOINT",
      target_value: "chat",
      budget_action: "ALERT",
      ...fields,
    },
    ...declared,
  };
}

/** One resource of each kind, each depending on the one before. */
export function everyKind(): DesiredResource[] {
  return [secret(), definition(), endpoint(), budget()];
}

/** As the gateway reports it, owned by "search" unless said otherwise. */
export function existing<K extends Kind>(
  { kind, name, fields }: Extract<DesiredResource, { kind: K }>,
  changes: {
    readonly owner?: string | undefined;
    readonly id?: string;
    readonly unknown_values?: readonly string[];
    readonly fields?: Partial<Extract<ActualResource, { kind: K }>["fields"]>;
  } = {},
): ActualResource {
  const { owner, ...rest } = { owner: "search", ...changes };
  return {
    kind,
    id: `id-of-${name}`,
    name,
    ...(owner === undefined ? {} : { owner }),
    ...rest,
    fields: { ...fields, ...changes.fields },
  } as ActualResource;
}

/** A budget policy that nobody has marked: its name is its id. */
export function unmarkedPolicy(id: string, fields: Partial<BudgetFields> = {}): ActualResource {
  return existing(budget(id, fields), { id, owner: undefined });
}

export function aGuardrail(changes: Partial<ActualGuardrail> = {}): ActualGuardrail {
  return {
    id: "gr-1",
    name: "pii",
    scorer: { experiment: "judges", name: "pii", version: 1 },
    stage: "BEFORE",
    action: "VALIDATION",
    ...changes,
  };
}

export function desiredState(
  resources: readonly DesiredResource[],
  changes: Partial<DesiredState> = {},
): DesiredState {
  return {
    owner: "search",
    workspace: "default",
    in_scope: KINDS,
    resources,
    externals: [],
    ...changes,
  };
}

export function actualState(
  resources: readonly ActualResource[],
  changes: Partial<ActualState> = {},
): ActualState {
  return {
    resources,
    experiments: new Map(),
    deletedExperiments: new Map(),
    guardrails: [],
    scorers: new Map(),
    ...changes,
  };
}

/** By key; what is owned has the id that `existing` gives it. */
export function known(
  changes: {
    readonly [K in "owned" | "protected" | "frozen"]?: readonly string[];
  },
): KnownState {
  const keys = (name: keyof typeof changes) => new Set((changes[name] ?? []) as ResourceKey[]);
  const owned = [...keys("owned")].map((key) => {
    const { kind, name } = partsOf(key);
    return [identityOf({ kind, id: `id-of-${name}` }), name] as const;
  });
  return {
    ...NOTHING_KNOWN,
    owned: new Map(owned),
    protected: keys("protected"),
    frozen: keys("frozen"),
  };
}

/** The same, when an earlier run of "search" has left everything that carries its mark. */
export function leftBefore(
  knows: KnownState,
  resources: readonly ActualResource[],
  owner = "search",
): KnownState {
  const marked = resources.filter((resource) => resource.owner === owner);
  const owned = marked.map((resource) => [identityOf(resource), resource.name] as const);
  return { ...knows, owned: new Map([...owned, ...knows.owned]) };
}
