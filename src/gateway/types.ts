/**
 * What the MLflow AI Gateway stores, with the server's own names (snake_case). Times are integer
 * milliseconds since the Unix epoch. The server omits unset fields and empty lists; the client
 * fills in empty lists and maps, and leaves an unset field undefined: absent means unknown.
 */
export const LINKAGE_TYPES = ["PRIMARY", "FALLBACK"] as const;
export const ROUTING_STRATEGIES = ["REQUEST_BASED_TRAFFIC_SPLIT"] as const;
export const FALLBACK_STRATEGIES = ["SEQUENTIAL"] as const;
export const BUDGET_UNITS = ["USD"] as const;
export const DURATION_UNITS = ["MINUTES", "HOURS", "DAYS", "WEEKS", "MONTHS"] as const;
export const TARGET_SCOPES = ["GLOBAL", "WORKSPACE", "ENDPOINT", "USER"] as const;
export const BUDGET_ACTIONS = ["ALERT", "REJECT"] as const;
export const GUARDRAIL_STAGES = ["BEFORE", "AFTER"] as const;
export const GUARDRAIL_ACTIONS = ["VALIDATION", "SANITIZATION"] as const;
/** No enum on the wire: the server's own list, which answers 500 to anything else. */
export const RESOURCE_TYPES = ["scorer"] as const;

export type LinkageType = (typeof LINKAGE_TYPES)[number];
export type RoutingStrategy = (typeof ROUTING_STRATEGIES)[number];
export type FallbackStrategy = (typeof FALLBACK_STRATEGIES)[number];
export type BudgetUnit = (typeof BUDGET_UNITS)[number];
export type DurationUnit = (typeof DURATION_UNITS)[number];
export type TargetScope = (typeof TARGET_SCOPES)[number];
export type BudgetAction = (typeof BUDGET_ACTIONS)[number];
export type GuardrailStage = (typeof GUARDRAIL_STAGES)[number];
export type GuardrailAction = (typeof GUARDRAIL_ACTIONS)[number];
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** When and by whom; times are milliseconds since 1970. */
export interface Stamped {
  readonly created_at: number;
  readonly last_updated_at: number;
  readonly created_by?: string;
  readonly last_updated_by?: string;
}

export interface Secret extends Stamped {
  readonly secret_id: string;
  readonly secret_name: string;
  /** Keys are those of the stored value; values are masked (`sk-...cdef`) and never compared. */
  readonly masked_values: Readonly<Record<string, string>>;
  readonly auth_config: Readonly<Record<string, string>>;
  readonly provider?: string;
}

export interface ModelDefinition extends Stamped {
  readonly model_definition_id: string;
  readonly name: string;
  /** Absent when the secret was deleted while in use: the server does not refuse that. */
  readonly secret_id?: string;
  readonly secret_name?: string;
  readonly provider: string;
  readonly model_name: string;
}

export interface ModelConfig {
  readonly model_definition_id: string;
  readonly linkage_type: LinkageType;
  /** Share of the traffic among PRIMARY models; a 32-bit float on the server, default 1. */
  readonly weight?: number;
  /** Lower first; absent comes last. */
  readonly fallback_order?: number;
}

export interface ModelMapping extends ModelConfig {
  readonly mapping_id: string;
  readonly endpoint_id: string;
  readonly weight: number;
  readonly model_definition?: ModelDefinition;
  /** Mappings are made anew by every update of the models of their endpoint. */
  readonly created_at?: number;
  readonly created_by?: string;
}

export interface FallbackConfig {
  readonly strategy?: FallbackStrategy;
  /** Number of fallback attempts; absent means all. */
  readonly max_attempts?: number;
}

export interface EndpointTag {
  readonly key: string;
  readonly value: string;
}

export interface Endpoint extends Stamped {
  readonly endpoint_id: string;
  readonly name: string;
  readonly model_mappings: readonly ModelMapping[];
  readonly tags: readonly EndpointTag[];
  readonly routing_strategy?: RoutingStrategy;
  readonly fallback_config?: FallbackConfig;
  readonly experiment_id?: string;
  readonly usage_tracking?: boolean;
}

/** Says which resource of MLflow uses an endpoint; the three fields are its identity. */
export interface Binding extends Stamped {
  readonly endpoint_id: string;
  readonly resource_type: ResourceType;
  readonly resource_id: string;
  readonly display_name?: string;
}

export interface BudgetDuration {
  readonly unit: DurationUnit;
  readonly value: number;
}

export interface BudgetPolicy extends Stamped {
  readonly budget_policy_id: string;
  readonly budget_unit: BudgetUnit;
  readonly budget_amount: number;
  readonly duration: BudgetDuration;
  readonly target_scope: TargetScope;
  /** The endpoint's id (ENDPOINT) or a user name (USER); absent for the other scopes. */
  readonly target_value?: string;
  readonly budget_action: BudgetAction;
}

export interface BudgetWindow {
  readonly budget_policy_id: string;
  readonly window_start_ms: number;
  readonly window_end_ms: number;
  /** Spend so far in the policy's unit, as seen by the server process that answered. */
  readonly current_spend: number;
}

/** A registered judge as a guardrail uses it. */
export interface GuardrailScorer {
  /** A dashed UUID. */
  readonly scorer_id: string;
  readonly scorer_version: number;
  readonly scorer_name?: string;
  readonly experiment_id?: string;
  /** MLflow's own JSON of the judge. */
  readonly serialized_scorer?: string;
  /** Of this version of the judge. */
  readonly creation_time?: number;
}

export interface Guardrail extends Stamped {
  readonly guardrail_id: string;
  /** Not unique. */
  readonly name: string;
  readonly scorer: GuardrailScorer;
  readonly stage: GuardrailStage;
  readonly action: GuardrailAction;
  /** Endpoint whose model rewrites the text. MLflow (3.17) answers with its name, not its id. */
  readonly action_endpoint_id?: string;
}

/** A guardrail on an endpoint. */
export interface GuardrailConfig {
  readonly endpoint_id: string;
  readonly guardrail_id: string;
  /** Lower runs first; absent comes last. */
  readonly execution_order?: number;
  readonly guardrail?: Guardrail;
  readonly created_at: number;
  readonly created_by?: string;
}

export interface CurrentUser {
  readonly username: string;
  readonly is_admin: boolean;
}
