import type { DesiredResource, DesiredState } from "#reconcile/state.ts";
import type { Manifest, ManifestBudget, ManifestEndpoint } from "./types.ts";

/**
 * Maps a valid manifest to the state it declares: defaults applied, references by name.
 * `versions` holds the AWSCURRENT version of each secret's source, by the secret's name.
 */
export function toDesired(
  owner: string,
  manifest: Manifest,
  versions: ReadonlyMap<string, string>,
): DesiredState {
  const secrets = manifest.secrets ?? [];
  const providers = new Map(secrets.map(({ name, provider }) => [name, provider]));
  const resources: DesiredResource[] = [
    ...secrets.map(({ name, provider, auth_config, value_from }) => ({
      kind: "secret" as const,
      name,
      fields: {
        provider,
        // MLflow takes an empty map for "leave it": so do we.
        auth_config: auth_config && Object.keys(auth_config).length > 0 ? auth_config : undefined,
        value_from,
        source_version: versions.get(name),
      },
    })),
    ...(manifest.model_definitions ?? []).map(({ name, secret, provider, model_name }) => ({
      kind: "model_definition" as const,
      name,
      fields: { secret, provider: provider ?? providers.get(secret) ?? "", model_name },
    })),
    ...(manifest.endpoints ?? []).map((endpoint) => ({
      kind: "endpoint" as const,
      name: endpoint.name,
      fields: endpointFields(endpoint),
    })),
    ...(manifest.budgets ?? []).map((budget) => ({
      kind: "budget" as const,
      name: budget.name,
      fields: budgetFields(budget),
    })),
  ];
  return { owner, resources };
}

function endpointFields(endpoint: ManifestEndpoint) {
  const { models, routing_strategy, fallback_config, usage_tracking, tags } = endpoint;
  const primaries = models.filter((model) => model.linkage_type === "PRIMARY").length;
  const hasFallback = primaries < models.length;
  return {
    models,
    // Without a strategy MLflow sends everything to the first of several PRIMARY models.
    routing_strategy:
      routing_strategy ?? (primaries > 1 ? ("REQUEST_BASED_TRAFFIC_SPLIT" as const) : undefined),
    // Without a fallback_config MLflow never tries a FALLBACK model.
    fallback_config: hasFallback
      ? { strategy: "SEQUENTIAL" as const, ...defined(fallback_config ?? {}) }
      : fallback_config && defined(fallback_config),
    usage_tracking,
    tags,
  };
}

function budgetFields(budget: ManifestBudget) {
  const { budget_amount, duration, target_scope, target_value, budget_action, labels } = budget;
  const thresholds = budget.alerts?.thresholds;
  return {
    budget_unit: budget.budget_unit ?? "USD",
    budget_amount,
    duration,
    target_scope,
    target_value,
    budget_action,
    // Never unstated: the ledger's record of a budget is missed, and written again, by this field.
    labels: labels ?? {},
    thresholds: thresholds && [...new Set(thresholds)].sort((a, b) => a - b),
  };
}

/** The same object without its undefined fields. */
function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as never;
}
