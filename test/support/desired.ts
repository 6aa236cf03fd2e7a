import type { DesiredOf, DesiredResource, DesiredState } from "#reconcile/state.ts";

type Fields<K extends DesiredResource["kind"]> = Partial<DesiredOf<K>["fields"]>;
type Rest<K extends DesiredResource["kind"]> = Partial<Omit<DesiredOf<K>, "kind" | "fields">>;

export function desiredSecret(
  fields: Fields<"secret"> = {},
  rest: Rest<"secret"> = {},
): DesiredOf<"secret"> {
  return {
    kind: "secret",
    name: "openai-prod",
    ...rest,
    fields: { provider: "openai", value_from: { secrets_manager: "prod/openai" }, ...fields },
  };
}

export function desiredModelDefinition(
  fields: Fields<"model_definition"> = {},
  rest: Rest<"model_definition"> = {},
): DesiredOf<"model_definition"> {
  return {
    kind: "model_definition",
    name: "gpt-4o",
    ...rest,
    fields: { secret: "openai-prod", provider: "openai", model_name: "gpt-4o", ...fields },
  };
}

export function desiredEndpoint(
  fields: Fields<"endpoint"> = {},
  rest: Rest<"endpoint"> = {},
): DesiredOf<"endpoint"> {
  return {
    kind: "endpoint",
    name: "chat",
    ...rest,
    fields: {
      models: [{ model_definition: "gpt-4o", linkage_type: "PRIMARY", weight: 1 }],
      ...fields,
    },
  };
}

export function desiredBudget(
  fields: Fields<"budget"> = {},
  rest: Rest<"budget"> = {},
): DesiredOf<"budget"> {
  return {
    kind: "budget",
    name: "chat-monthly",
    ...rest,
    fields: {
      budget_unit: "USD",
      budget_amount: 500,
      duration: { unit: "MONTHS", value: 1 },
      target_scope: "ENDPOINT",
      target_value: "chat",
      budget_action: "ALERT",
      ...fields,
    },
  };
}

/** One resource of each kind, each depending on the one before. */
export function oneOfEach(): DesiredResource[] {
  return [desiredSecret(), desiredModelDefinition(), desiredEndpoint(), desiredBudget()];
}

/** What the owner "search" declares, all kinds in scope. */
export function desiredState(
  resources: readonly DesiredResource[],
  changes: Partial<DesiredState> = {},
): DesiredState {
  return {
    owner: "search",
    workspace: "default",
    in_scope: ["secret", "model_definition", "endpoint", "budget"],
    resources,
    externals: [],
    ...changes,
  };
}
