import type {
  BindingIdentity,
  CreateBinding,
  CreateBudget,
  CreateEndpoint,
  CreateGuardrail,
  CreateModelDefinition,
  GuardrailPlacement,
  UpdateBudget,
  UpdateEndpoint,
  UpdateModelDefinition,
} from "#gateway/requests.ts";
import type {
  Binding,
  BudgetPolicy,
  Endpoint,
  EndpointTag,
  Guardrail,
  GuardrailConfig,
  ModelDefinition,
} from "#gateway/types.ts";
import type { ResourceKey } from "#reconcile/state.ts";
import { assert } from "#runtime/assert.ts";
import { GatewayOpsError } from "#runtime/errors.ts";

/** The part of the gateway client that applying needs, but for secrets (see `SecretGateway`). */
export interface GatewayWriter {
  readonly modelDefinitions: {
    create(definition: CreateModelDefinition): Promise<ModelDefinition>;
    update(definition: UpdateModelDefinition): Promise<ModelDefinition>;
    delete(definition: { readonly model_definition_id: string }): Promise<void>;
  };
  readonly endpoints: {
    /** An endpoint without models is found by its name only. */
    find(endpoint: { readonly name: string }): Promise<Endpoint | undefined>;
    create(endpoint: CreateEndpoint): Promise<Endpoint>;
    update(endpoint: UpdateEndpoint): Promise<Endpoint>;
    delete(endpoint: { readonly endpoint_id: string }): Promise<void>;
    setTag(tag: { readonly endpoint_id: string } & EndpointTag): Promise<void>;
    deleteTag(tag: { readonly endpoint_id: string; readonly key: string }): Promise<void>;
  };
  readonly bindings: {
    create(binding: CreateBinding): Promise<Binding>;
    delete(binding: BindingIdentity): Promise<void>;
  };
  readonly guardrails: {
    create(guardrail: CreateGuardrail): Promise<Guardrail>;
    listForEndpoint(endpoint: {
      readonly endpoint_id: string;
    }): Promise<readonly GuardrailConfig[]>;
    addToEndpoint(
      placement: GuardrailPlacement & { readonly execution_order?: number },
    ): Promise<GuardrailConfig>;
    updateConfig(
      placement: GuardrailPlacement & { readonly execution_order: number | null },
    ): Promise<GuardrailConfig>;
    removeFromEndpoint(placement: GuardrailPlacement): Promise<void>;
  };
  readonly budgets: {
    create(budget: CreateBudget): Promise<BudgetPolicy>;
    update(budget: UpdateBudget): Promise<BudgetPolicy>;
    delete(budget: { readonly budget_policy_id: string }): Promise<void>;
  };
}

export function idOf(ids: ReadonlyMap<ResourceKey, string>, key: ResourceKey): string {
  const id = ids.get(key);
  assert(id !== undefined, `${key} is used before it exists`);
  return id;
}

/** An object with the field, or without it when its value is undefined. */
export function stated<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: T };
}

/** For a delete: what is not there is done. */
export function ignoreMissing(error: unknown): void {
  if (!isFailure(error, "gateway-not-found")) throw error;
}

export function isFailure(error: unknown, code: string): boolean {
  return error instanceof GatewayOpsError && error.code === code;
}
