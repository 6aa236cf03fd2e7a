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

export type LinkageType = (typeof LINKAGE_TYPES)[number];
export type RoutingStrategy = (typeof ROUTING_STRATEGIES)[number];
export type FallbackStrategy = (typeof FALLBACK_STRATEGIES)[number];
export type BudgetUnit = (typeof BUDGET_UNITS)[number];
export type DurationUnit = (typeof DURATION_UNITS)[number];
export type TargetScope = (typeof TARGET_SCOPES)[number];
export type BudgetAction = (typeof BUDGET_ACTIONS)[number];

export interface Secret {
  readonly secret_id: string;
  readonly secret_name: string;
  /** Keys are those of the stored value; values are masked (`sk-...cdef`) and never compared. */
  readonly masked_values: Readonly<Record<string, string>>;
  readonly auth_config: Readonly<Record<string, string>>;
  readonly provider?: string;
  readonly created_at: number;
  readonly last_updated_at: number;
  readonly created_by?: string;
  readonly last_updated_by?: string;
}

export interface ModelDefinition {
  readonly model_definition_id: string;
  readonly name: string;
  /** Absent when the secret was deleted while in use: the server does not refuse that. */
  readonly secret_id?: string;
  readonly secret_name?: string;
  readonly provider: string;
  readonly model_name: string;
  readonly created_at: number;
  readonly last_updated_at: number;
  readonly created_by?: string;
  readonly last_updated_by?: string;
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

export interface Endpoint {
  readonly endpoint_id: string;
  readonly name: string;
  readonly model_mappings: readonly ModelMapping[];
  readonly tags: readonly EndpointTag[];
  readonly routing_strategy?: RoutingStrategy;
  readonly fallback_config?: FallbackConfig;
  readonly experiment_id?: string;
  readonly usage_tracking?: boolean;
  readonly created_at: number;
  readonly last_updated_at: number;
  readonly created_by?: string;
  readonly last_updated_by?: string;
}

export interface BudgetDuration {
  readonly unit: DurationUnit;
  readonly value: number;
}

export interface BudgetPolicy {
  readonly budget_policy_id: string;
  readonly budget_unit: BudgetUnit;
  readonly budget_amount: number;
  readonly duration: BudgetDuration;
  readonly target_scope: TargetScope;
  /** The endpoint's id (ENDPOINT) or a user name (USER); absent for the other scopes. */
  readonly target_value?: string;
  readonly budget_action: BudgetAction;
  readonly created_at: number;
  readonly last_updated_at: number;
  readonly created_by?: string;
  readonly last_updated_by?: string;
}

export interface BudgetWindow {
  readonly budget_policy_id: string;
  readonly window_start_ms: number;
  readonly window_end_ms: number;
  /** Spend so far in the policy's unit, as seen by the server process that answered. */
  readonly current_spend: number;
}

export interface CurrentUser {
  readonly username: string;
  readonly is_admin: boolean;
}

export interface CreateSecret {
  readonly secret_name: string;
  readonly secret_value: SecretValue;
  readonly provider?: string;
  readonly auth_config?: Readonly<Record<string, string>>;
  readonly created_by?: string;
}

export interface UpdateSecret {
  readonly secret_id: string;
  /** Replaces the whole stored value; absent leaves it. */
  readonly secret_value?: SecretValue;
  /** Replaces the whole map; absent leaves it. */
  readonly auth_config?: Readonly<Record<string, string>>;
  readonly updated_by?: string;
}

/** Key to value; values are accepted bare or redacted and travel to the server only. */
export type SecretValue = Readonly<Record<string, string | { reveal(): string }>>;

export interface CreateModelDefinition {
  readonly name: string;
  readonly secret_id: string;
  readonly provider: string;
  readonly model_name: string;
  readonly created_by?: string;
}

export interface UpdateModelDefinition {
  readonly model_definition_id: string;
  readonly name?: string;
  readonly secret_id?: string;
  readonly provider?: string;
  readonly model_name?: string;
  readonly updated_by?: string;
}

interface EndpointFields {
  readonly routing_strategy?: RoutingStrategy;
  readonly fallback_config?: FallbackConfig;
  readonly experiment_id?: string;
  readonly usage_tracking?: boolean;
}

export interface CreateEndpoint extends EndpointFields {
  readonly name: string;
  readonly model_configs: readonly ModelConfig[];
  readonly created_by?: string;
}

export interface UpdateEndpoint extends EndpointFields {
  readonly endpoint_id: string;
  readonly name?: string;
  /** Replaces all mappings; must travel with `fallback_config`, which the server resets otherwise. */
  readonly model_configs?: readonly ModelConfig[];
  readonly updated_by?: string;
}

export interface CreateBudget {
  readonly budget_unit: BudgetUnit;
  readonly budget_amount: number;
  readonly duration: BudgetDuration;
  readonly target_scope: TargetScope;
  readonly target_value?: string;
  readonly budget_action: BudgetAction;
  readonly created_by?: string;
}

export interface UpdateBudget {
  readonly budget_policy_id: string;
  readonly budget_unit?: BudgetUnit;
  readonly budget_amount?: number;
  readonly duration?: BudgetDuration;
  readonly target_scope?: TargetScope;
  readonly target_value?: string;
  readonly budget_action?: BudgetAction;
  readonly updated_by?: string;
}
