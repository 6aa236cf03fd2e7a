import type {
  BudgetAction,
  BudgetDuration,
  BudgetUnit,
  FallbackConfig,
  GuardrailAction,
  GuardrailStage,
  LinkageType,
  ResourceType,
  RoutingStrategy,
  TargetScope,
} from "#gateway/types.ts";
import type { SecretReference } from "#secrets/value/reference.ts";

/**
 * What is managed, each kind after those that it depends on. Creates and updates go down the tree,
 * level by level; deletes come last and go up.
 *
 *     secret
 *       └─ model_definition
 *            └─ endpoint            (its tags, bindings and guardrails are written with it)
 *                 ├─ endpoint       (one whose guardrail lets another rewrite the text)
 *                 └─ budget         (those of scope ENDPOINT)
 */
export const KINDS = ["secret", "model_definition", "endpoint", "budget"] as const;

export type Kind = (typeof KINDS)[number];

/** `secret/openai-prod`: what a resource is called within a workspace. */
export type ResourceKey = `${Kind}/${string}`;

/** `secret s-1`: what a resource is, whatever it is called. */
export type Identity = `${Kind} ${string}`;

/**
 * What is declared and compared, by kind; references are by name. An undefined field is one that
 * the manifest does not state: it is left as it is. A list or map that is stated is stated whole.
 */
export interface SecretFields {
  readonly provider: string;
  readonly auth_config?: Readonly<Record<string, string>> | undefined;
  /** Whether a new value is tried before it is pushed; undefined is as the stack has it. */
  readonly probe?: boolean | undefined;
  /** Of an actual secret: what its value was pushed from; undefined is unknown. */
  readonly value_from?: SecretReference | undefined;
  /** Version of the source that the gateway holds, or is to hold; undefined is unknown. */
  readonly source_version?: string | undefined;
  /** Whether a value may look like a key in something; kept in the ledger. */
  readonly as_stored?: boolean | undefined;
}

export interface ModelDefinitionFields {
  readonly secret?: string | undefined;
  readonly provider: string;
  readonly model_name: string;
}

export interface EndpointModel {
  readonly model_definition: string;
  readonly linkage_type: LinkageType;
  readonly weight?: number | undefined;
  readonly fallback_order?: number | undefined;
}

/** A use of the endpoint by another resource of MLflow. */
export interface EndpointBinding {
  readonly resource_type: ResourceType;
  readonly resource_id: string;
  /** MLflow or a person made it: it is neither compared nor taken away. */
  readonly is_foreign?: true;
}

/** A registered judge; of an experiment whose name is not known, `experiment` is `#` and its id. */
export interface ScorerReference {
  readonly experiment: string;
  readonly name: string;
  /** Undefined in a manifest: the newest when the guardrail is made, and any afterwards. */
  readonly version?: number | undefined;
}

/**
 * A guardrail on an endpoint. With a scorer it is made if there is none such; without, one of this
 * name must exist.
 */
export interface EndpointGuardrail {
  readonly name: string;
  readonly scorer?: ScorerReference | undefined;
  readonly stage?: GuardrailStage | undefined;
  readonly action?: GuardrailAction | undefined;
  /** Name of the endpoint whose model rewrites the text (SANITIZATION). */
  readonly action_endpoint?: string | undefined;
  readonly execution_order?: number | undefined;
}

export interface EndpointFields {
  readonly models: readonly EndpointModel[];
  readonly routing_strategy?: RoutingStrategy | undefined;
  readonly fallback_config?: FallbackConfig | undefined;
  readonly usage_tracking?: boolean | undefined;
  /** By name; the experiment is created when it is missing. Never stated together with the id. */
  readonly experiment?: string | undefined;
  readonly experiment_id?: string | undefined;
  /** Without our own marks (`gwops/...`) when desired. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly bindings?: readonly EndpointBinding[] | undefined;
  /** Of an actual endpoint: undefined unless guardrails were observed (they cost a request each). */
  readonly guardrails?: readonly EndpointGuardrail[] | undefined;
}

export interface BudgetFields {
  readonly budget_unit: BudgetUnit;
  readonly budget_amount: number;
  readonly duration: BudgetDuration;
  readonly target_scope: TargetScope;
  /** Name of the endpoint (ENDPOINT) or of the user (USER). */
  readonly target_value?: string | undefined;
  readonly budget_action: BudgetAction;
  /** Shares of the amount at which an alert is sent, ascending; kept in the ledger. */
  readonly thresholds?: readonly number[] | undefined;
  /** Copied to the attributes of every alert; kept in the ledger. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

export interface FieldsOf {
  readonly secret: SecretFields;
  readonly model_definition: ModelDefinitionFields;
  readonly endpoint: EndpointFields;
  readonly budget: BudgetFields;
}

interface ResourceOf<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly fields: FieldsOf[K];
}

/**
 * No plan may delete it, also after it left the manifest; `changes`: nor update it without
 * somebody's word for exactly that plan.
 */
export type Protection = true | "changes";

interface Declared {
  /** Left out: from nothing. */
  readonly protected?: Protection | false | undefined;
  /** The name that the resource has until it is renamed. */
  readonly previous_name?: string | undefined;
  /** Id of the unmarked budget policy to take over. */
  readonly adopt?: string | undefined;
}

export type DesiredResource = {
  readonly [K in Kind]: ResourceOf<K> & Declared;
}[Kind];

/** A resource as the gateway reports it; `owner` is absent on what nobody has marked. */
export type ActualResource = {
  readonly [K in Kind]: ResourceOf<K> & {
    readonly id: string;
    /** By its mark, which anybody can change. */
    readonly owner?: string;
    /** Who created it, where `owner` does not say the same. */
    readonly made_by?: string;
    /** By the ledger; present where the mark says something else. */
    readonly ledger_owner?: string;
    /** What the server calls it; present where `name` is ours and somebody renamed it by hand. */
    readonly server_name?: string;
    /** Values that this version does not know, in words; it can neither compare nor write them. */
    readonly unknown_values?: readonly string[];
  };
}[Kind];

export type DesiredOf<K extends Kind> = Extract<DesiredResource, { kind: K }>;
export type ActualOf<K extends Kind> = Extract<ActualResource, { kind: K }>;

/** What one owner's manifests declare in one workspace, in any order. */
export interface DesiredState {
  readonly owner: string;
  readonly workspace: string;
  /** Kinds that the manifests speak of; of the others nothing is planned. */
  readonly in_scope: readonly Kind[];
  readonly resources: readonly DesiredResource[];
  /** Must exist, may be referred to, and are never changed. */
  readonly externals: readonly ResourceKey[];
}

/** A guardrail as it exists, whether or not an endpoint uses it. */
export interface ActualGuardrail extends EndpointGuardrail {
  readonly id: string;
  readonly scorer: ScorerReference;
}

/** What the gateway reports, as far as it concerns what is managed. */
export interface ActualState {
  /** An unmarked budget is named by its id: the server knows no name. */
  readonly resources: readonly ActualResource[];
  /** Ids of the experiments that the desired state names, by name; a missing one is not in it. */
  readonly experiments: ReadonlyMap<string, string>;
  /** Of those the ones that are deleted, by name: MLflow keeps the name, and takes no write of it. */
  readonly deletedExperiments: ReadonlyMap<string, string>;
  /** Ids that the desired state gives and that MLflow does not know in this workspace. */
  readonly missingExperiments?: ReadonlySet<string> | undefined;
  /** All guardrails, if the desired state speaks of any. */
  readonly guardrails: readonly ActualGuardrail[];
  /** Scorers that guardrails yet to be made refer to, by `scorerKey`; a missing one is not in it. */
  readonly scorers: ReadonlyMap<string, RegisteredScorer>;
}

export interface RegisteredScorer {
  readonly scorer_id: string;
  /** The newest one. */
  readonly version: number;
}

/** What the ledger knows of an owner's resources from earlier runs. */
export interface KnownState {
  /**
   * Under what names earlier runs left what they made or adopted. It is this owner's, whatever it
   * is called and marked by now, and nothing else is ever deleted.
   */
  readonly owned: ReadonlyMap<Identity, string>;
  /** Names to give back, by what goes back to an earlier state. */
  readonly names: ReadonlyMap<Identity, string>;
  /** What an earlier run set out to create and cannot have told the end of. */
  readonly intended: ReadonlySet<ResourceKey>;
  /** The owners of what the runs of others left, as far as it may concern this plan. */
  readonly others: ReadonlyMap<Identity, string>;
  /** Declared as protected when they were last declared. */
  readonly protected: ReadonlySet<ResourceKey>;
  /** Those of them that were protected from changes too. */
  readonly protectedFromChanges?: ReadonlySet<ResourceKey> | undefined;
  /** Declared by files that are now missing, invalid or silent about their kind: never pruned. */
  readonly frozen: ReadonlySet<ResourceKey>;
  /** Which file that is, and how to go on, as far as it is known. */
  readonly frozenBecause?: ReadonlyMap<ResourceKey, string> | undefined;
  /** Where the record of the last run was kept that is lost now. */
  readonly lost?: string | undefined;
}

export const NOTHING_KNOWN: KnownState = {
  owned: new Map(),
  names: new Map(),
  intended: new Set(),
  others: new Map(),
  protected: new Set(),
  frozen: new Set(),
};

export const WORKSPACE_DEFAULT = "default";

export function keyOf(resource: { readonly kind: Kind; readonly name: string }): ResourceKey {
  return `${resource.kind}/${resource.name}`;
}

export function identityOf(resource: { readonly kind: Kind; readonly id: string }): Identity {
  return `${resource.kind} ${resource.id}`;
}

/** The key of what was left under a name. */
export function keyLeft(identity: Identity, name: string): ResourceKey {
  return `${kindIn(identity)}/${name}`;
}

export function kindIn(identity: Identity): Kind {
  return identity.slice(0, identity.indexOf(" ")) as Kind;
}

export function idIn(identity: Identity): string {
  return identity.slice(identity.indexOf(" ") + 1);
}

/** What the server calls a resource, where it knows names. */
export function serverNameOf({ name, server_name = name }: ActualResource): string {
  return server_name;
}

/** Kind and name of a key; only the name may hold a slash. */
export function partsOf(key: ResourceKey): { readonly kind: Kind; readonly name: string } {
  const slash = key.indexOf("/");
  return { kind: key.slice(0, slash) as Kind, name: key.slice(slash + 1) };
}

export function scorerKey({ experiment, name }: ScorerReference): string {
  return JSON.stringify([experiment, name]);
}
