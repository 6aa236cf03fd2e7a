import type {
  BudgetAction,
  BudgetDuration,
  BudgetUnit,
  FallbackConfig,
  LinkageType,
  RoutingStrategy,
  TargetScope,
} from "#gateway/types.ts";
import type { SecretReference } from "#secrets/mapping.ts";

export type Kind = "secret" | "model_definition" | "endpoint" | "budget";

/** `secret/openai-prod`: kind and name are the identity of a resource. */
export type ResourceKey = `${Kind}/${string}`;

/**
 * What is declared and compared, by kind; references are by name. An undefined field is one that
 * the manifest does not state: it is left as it is.
 */
interface SecretFields {
  readonly provider: string;
  readonly auth_config?: Readonly<Record<string, string>> | undefined;
  /** Of an actual secret: what its value was pushed from; undefined is unknown. */
  readonly value_from?: SecretReference | undefined;
  /** Version of the AWS secret that the gateway holds, or is to hold; undefined is unknown. */
  readonly source_version?: string | undefined;
}

interface ModelDefinitionFields {
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

interface EndpointFields {
  readonly models: readonly EndpointModel[];
  readonly routing_strategy?: RoutingStrategy | undefined;
  readonly fallback_config?: FallbackConfig | undefined;
  readonly usage_tracking?: boolean | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
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

interface FieldsOf {
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

type DesiredSecret = ResourceOf<"secret"> & {
  readonly fields: { readonly value_from: SecretReference };
};
export type DesiredResource =
  | DesiredSecret
  | ResourceOf<"model_definition">
  | ResourceOf<"endpoint">
  | ResourceOf<"budget">;

/** A resource as the gateway reports it; `owner` is absent on what nobody has marked. */
export type ActualResource = {
  readonly [K in Kind]: ResourceOf<K> & { readonly id: string; readonly owner?: string };
}[Kind];

/** What one owner's manifest declares, in the order of the file. */
export interface DesiredState {
  readonly owner: string;
  readonly resources: readonly DesiredResource[];
}

/** What the gateway reports, as far as it concerns the kinds that are managed. */
export interface ActualState {
  readonly resources: readonly ActualResource[];
}

export function keyOf(resource: { readonly kind: Kind; readonly name: string }): ResourceKey {
  return `${resource.kind}/${resource.name}`;
}
