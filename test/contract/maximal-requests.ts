import type { GatewayClient } from "#gateway/client.ts";
import type { OperationName } from "#gateway/operations.ts";

/** One call of each operation that MLflow describes, with everything that it accepts. */
export const MAXIMAL_REQUESTS: Partial<
  Record<OperationName, (client: GatewayClient) => Promise<unknown>>
> = {
  createSecret: ({ secrets }) =>
    secrets.create({
      secret_name: "openai",
      secret_value: { api_key: "sk-0123456789" },
      provider: "openai",
      auth_config: { auth_mode: "api_key", api_base: "https://api.example.com" },
      created_by: "ann",
    }),
  getSecret: ({ secrets }) => secrets.get({ secret_id: "s-1" }),
  updateSecret: ({ secrets }) =>
    secrets.update({
      secret_id: "s-1",
      secret_value: { api_key: "sk-0123456789" },
      auth_config: { auth_mode: "api_key" },
      updated_by: "ann",
    }),
  deleteSecret: ({ secrets }) => secrets.delete({ secret_id: "s-1", force: true }),
  listSecrets: ({ secrets }) => secrets.list({ provider: "openai" }),

  createModelDefinition: ({ modelDefinitions }) =>
    modelDefinitions.create({ ...MODEL_DEFINITION, created_by: "ann" }),
  getModelDefinition: ({ modelDefinitions }) =>
    modelDefinitions.get({ model_definition_id: "d-1" }),
  updateModelDefinition: ({ modelDefinitions }) =>
    modelDefinitions.update({
      model_definition_id: "d-1",
      ...MODEL_DEFINITION,
      updated_by: "ann",
    }),
  deleteModelDefinition: ({ modelDefinitions }) =>
    modelDefinitions.delete({ model_definition_id: "d-1" }),
  listModelDefinitions: ({ modelDefinitions }) =>
    modelDefinitions.list({ provider: "openai", secret_id: "s-1" }),

  createEndpoint: ({ endpoints }) => endpoints.create({ ...ENDPOINT, created_by: "ann" }),
  getEndpoint: async ({ endpoints }) => {
    await endpoints.get({ name: "chat" });
    return await endpoints.get({ endpoint_id: "e-1" });
  },
  updateEndpoint: ({ endpoints }) =>
    endpoints.update({ endpoint_id: "e-1", ...ENDPOINT, updated_by: "ann" }),
  deleteEndpoint: ({ endpoints }) => endpoints.delete({ endpoint_id: "e-1" }),
  listEndpoints: ({ endpoints }) => endpoints.list({ provider: "openai" }),
  attachModel: ({ endpoints }) =>
    endpoints.attachModel({ endpoint_id: "e-1", model_config: PRIMARY, created_by: "ann" }),
  detachModel: ({ endpoints }) =>
    endpoints.detachModel({ endpoint_id: "e-1", model_definition_id: "d-1" }),
  setEndpointTag: ({ endpoints }) =>
    endpoints.setTag({ endpoint_id: "e-1", key: "team", value: "search" }),
  deleteEndpointTag: ({ endpoints }) => endpoints.deleteTag({ endpoint_id: "e-1", key: "team" }),

  createBinding: ({ bindings }) => bindings.create({ ...BINDING, created_by: "ann" }),
  deleteBinding: ({ bindings }) => bindings.delete(BINDING),
  listBindings: ({ bindings }) => bindings.list(BINDING),

  createBudget: ({ budgets }) => budgets.create({ ...BUDGET, created_by: "ann" }),
  getBudget: ({ budgets }) => budgets.get({ budget_policy_id: "bp-1" }),
  updateBudget: ({ budgets }) =>
    budgets.update({ budget_policy_id: "bp-1", ...BUDGET, updated_by: "ann" }),
  deleteBudget: ({ budgets }) => budgets.delete({ budget_policy_id: "bp-1" }),
  listBudgets: ({ budgets }) => budgets.list(),
  listBudgetWindows: ({ budgets }) => budgets.listWindows(),

  createGuardrail: ({ guardrails }) =>
    guardrails.create({
      name: "no-pii",
      scorer_id: "a787207c-0000-4000-8000-000000000000",
      scorer_version: 1,
      stage: "AFTER",
      action: "SANITIZATION",
      action_endpoint_id: "e-1",
    }),
  getGuardrail: ({ guardrails }) => guardrails.get({ guardrail_id: "gr-1" }),
  deleteGuardrail: ({ guardrails }) => guardrails.delete({ guardrail_id: "gr-1" }),
  listGuardrails: ({ guardrails }) => guardrails.list(),
  addGuardrail: ({ guardrails }) => guardrails.addToEndpoint({ ...PLACEMENT, execution_order: 2 }),
  removeGuardrail: ({ guardrails }) => guardrails.removeFromEndpoint(PLACEMENT),
  listEndpointGuardrails: ({ guardrails }) => guardrails.listForEndpoint({ endpoint_id: "e-1" }),
  updateGuardrailConfig: ({ guardrails }) =>
    guardrails.updateConfig({ ...PLACEMENT, execution_order: 2 }),
};

const MODEL_DEFINITION = {
  name: "gpt-4o",
  secret_id: "s-1",
  provider: "openai",
  model_name: "gpt-4o",
};

const PRIMARY = {
  model_definition_id: "d-1",
  linkage_type: "PRIMARY",
  weight: 0.5,
  fallback_order: 1,
} as const;

const ENDPOINT = {
  name: "chat",
  model_configs: [PRIMARY, { ...PRIMARY, model_definition_id: "d-2", linkage_type: "FALLBACK" }],
  routing_strategy: "REQUEST_BASED_TRAFFIC_SPLIT",
  fallback_config: { strategy: "SEQUENTIAL", max_attempts: 2 },
  experiment_id: "1",
  usage_tracking: true,
} as const;

const BINDING = { endpoint_id: "e-1", resource_type: "scorer", resource_id: "toxicity" } as const;

const BUDGET = {
  budget_unit: "USD",
  budget_amount: 100.5,
  duration: { unit: "MONTHS", value: 1 },
  target_scope: "USER",
  target_value: "ann",
  budget_action: "REJECT",
} as const;

const PLACEMENT = { endpoint_id: "e-1", guardrail_id: "gr-1" };
