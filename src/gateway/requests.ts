import type {
  BudgetAction,
  BudgetDuration,
  BudgetUnit,
  FallbackConfig,
  GuardrailAction,
  GuardrailStage,
  ModelConfig,
  ResourceType,
  RoutingStrategy,
  TargetScope,
} from "./types.ts";

export interface CreateSecret {
  readonly secret_name: string;
  readonly secret_value: SecretValue;
  readonly provider?: string;
  readonly auth_config?: AuthConfig;
  readonly created_by?: string;
}

export interface UpdateSecret {
  readonly secret_id: string;
  /** Replaces the whole stored value; absent leaves it. */
  readonly secret_value?: SecretValue;
  /** Replaces the whole map; absent leaves it, empty clears it. */
  readonly auth_config?: AuthConfig;
  readonly updated_by?: string;
}

/** An object of key to value, or a list of such pairs; the server gets an object either way. */
export type KeyedValues<V> = Readonly<Record<string, V>> | readonly KeyValue<V>[];

export interface KeyValue<V> {
  readonly key: string;
  readonly value: V;
}

/** Values are accepted bare or redacted and travel to the server only. */
export type SecretValue = KeyedValues<string | { reveal(): string }>;

/** Where and how the provider is called, such as `auth_mode` and `api_base`; not secret. */
export type AuthConfig = KeyedValues<string>;

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

/** Of calls that ask first whether they would leave something broken. */
export interface Forced {
  /** Does it without asking. @default false */
  readonly force?: boolean;
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

export interface AttachModel {
  readonly endpoint_id: string;
  readonly model_config: ModelConfig;
  readonly created_by?: string;
}

/** The three fields are a binding's identity. */
export interface BindingIdentity {
  readonly endpoint_id: string;
  readonly resource_type: ResourceType;
  readonly resource_id: string;
}

export interface CreateBinding extends BindingIdentity {
  readonly created_by?: string;
}

export interface CreateGuardrail {
  readonly name: string;
  readonly scorer_id: string;
  readonly scorer_version: number;
  readonly stage: GuardrailStage;
  readonly action: GuardrailAction;
  readonly action_endpoint_id?: string;
}

/** A guardrail on an endpoint, by both. */
export interface GuardrailPlacement {
  readonly endpoint_id: string;
  readonly guardrail_id: string;
}
