import {
  type DesiredResource,
  type DesiredState,
  KINDS,
  type ResourceKey,
} from "#reconcile/state.ts";
import { declarationsOf, externalsOf, type Placed, SECTIONS, sectionsOf } from "./sections.ts";
import type {
  Manifest,
  ManifestBudget,
  ManifestEndpoint,
  ManifestModelDefinition,
  ManifestPath,
  ManifestSecret,
} from "./types.ts";

/** What is known of secrets besides what the manifests say, by the secret's name. */
export interface KnownOfSecrets {
  /** The AWSCURRENT version of the source. */
  readonly versions?: ReadonlyMap<string, string> | undefined;
  /** Providers of secrets that none of these manifests declares, but a frozen file did. */
  readonly providers?: ReadonlyMap<string, string> | undefined;
}

/**
 * Merges the valid manifests of an owner in one workspace into the state that they declare:
 * defaults applied, references by name.
 */
export function toDesired(
  owner: string,
  workspace: string,
  manifests: readonly Manifest[],
  known: KnownOfSecrets = {},
): DesiredState {
  const parts = manifests.map(sectionsOf);
  const secrets = entriesOf(parts.map((part) => part.secrets));
  const providers = new Map(known.providers);
  for (const { name, provider } of secrets) providers.set(name, provider);
  const resources: DesiredResource[] = [
    ...secrets.map((secret) => fromSecret(secret, known.versions?.get(secret.name))),
    ...entriesOf(parts.map((part) => part.modelDefinitions)).map((definition) =>
      fromModelDefinition(definition, providers),
    ),
    ...entriesOf(parts.map((part) => part.endpoints)).map(fromEndpoint),
    ...entriesOf(parts.map((part) => part.budgets)).map(fromBudget),
  ];
  const externals = manifests.flatMap(externalsOf);
  return {
    owner,
    workspace,
    in_scope: KINDS.filter((kind) =>
      manifests.some((manifest) => manifest[SECTIONS[kind]] !== undefined),
    ),
    resources,
    externals: [...new Set(externals)],
  };
}

/** Where a resource is declared. */
export interface Origin {
  /** Name of the file. */
  readonly file: string;
  /** Such as `["endpoints", 0]`. */
  readonly path: ManifestPath;
}

/** Where the files of one workspace declare each resource, so that a refusal finds its line. */
export function originsOf(
  files: readonly { readonly name: string; readonly manifest: Manifest }[],
): ReadonlyMap<ResourceKey, Origin> {
  const origins = new Map<ResourceKey, Origin>();
  for (const { name, manifest } of files) {
    for (const { key, path } of declarationsOf(manifest)) {
      if (!origins.has(key)) origins.set(key, { file: name, path });
    }
  }
  return origins;
}

function entriesOf<T>(sections: readonly (readonly Placed<T>[])[]): T[] {
  return sections.flat().map(({ entry }) => entry);
}

function fromSecret(secret: ManifestSecret, version: string | undefined): DesiredResource {
  const { name, provider, auth_config, value_from } = secret;
  return {
    kind: "secret",
    name,
    fields: {
      provider,
      // MLflow takes an empty map for "leave it": so do we.
      auth_config: auth_config && Object.keys(auth_config).length > 0 ? auth_config : undefined,
      value_from,
      source_version: version,
    },
    ...declared(secret),
  };
}

function fromModelDefinition(
  definition: ManifestModelDefinition,
  providers: ReadonlyMap<string, string>,
): DesiredResource {
  const { name, secret, provider = providers.get(secret) ?? "", model_name } = definition;
  return {
    kind: "model_definition",
    name,
    fields: { secret, provider, model_name },
    ...declared(definition),
  };
}

function fromEndpoint(endpoint: ManifestEndpoint): DesiredResource {
  const { models, routing_strategy, fallback_config } = endpoint;
  const primaries = models.filter((model) => model.linkage_type === "PRIMARY").length;
  const hasFallback = primaries < models.length;
  return {
    kind: "endpoint",
    name: endpoint.name,
    fields: {
      models,
      // Without a strategy MLflow sends everything to the first of several PRIMARY models.
      routing_strategy:
        routing_strategy ?? (primaries > 1 ? "REQUEST_BASED_TRAFFIC_SPLIT" : undefined),
      // Without a fallback_config MLflow never tries a FALLBACK model.
      fallback_config: fallback_config
        ? defined(fallback_config)
        : hasFallback
          ? { strategy: "SEQUENTIAL" }
          : undefined,
      usage_tracking: endpoint.usage_tracking,
      experiment: endpoint.experiment,
      experiment_id: endpoint.experiment_id,
      tags: endpoint.tags,
      bindings: endpoint.bindings,
      guardrails: endpoint.guardrails,
    },
    ...declared(endpoint),
  };
}

function fromBudget(budget: ManifestBudget): DesiredResource {
  const { budget_amount, duration, target_scope, target_value, budget_action, labels } = budget;
  const thresholds = budget.alerts?.thresholds;
  return {
    kind: "budget",
    name: budget.name,
    fields: {
      budget_unit: budget.budget_unit ?? "USD",
      budget_amount,
      duration,
      target_scope,
      target_value,
      budget_action,
      // Never unstated: the ledger's record of a budget is missed, and written again, by this field.
      labels: labels ?? {},
      thresholds: thresholds && [...new Set(thresholds)].sort((a, b) => a - b),
    },
    ...declared(budget),
  };
}

/** What the manifest says of the resource itself, not of its fields. */
function declared(entry: {
  readonly protected?: boolean | undefined;
  readonly previous_name?: string | undefined;
  readonly adopt?: string | undefined;
}) {
  const { previous_name, adopt } = entry;
  return defined({ protected: entry.protected || undefined, previous_name, adopt });
}

/** The same object without its undefined fields. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as never;
}
