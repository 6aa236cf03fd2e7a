import type {
  ActualOf,
  ActualResource,
  ActualState,
  EndpointFields,
  EndpointGuardrail,
  EndpointModel,
  Kind,
} from "#reconcile/state.ts";
import { isReservedTag } from "./reserved-tags.ts";

/** A resource on its way into a manifest; without an entry only its note is left. */
export interface ExportItem {
  readonly kind: Kind;
  readonly name: string;
  readonly entry?: Readonly<Record<string, unknown>> | undefined;
  /** Lines of a comment. */
  readonly note: readonly string[];
  /** It belongs to another owner, and matters only as far as something refers to it. */
  readonly isForeign: boolean;
}

/** Every resource as the manifest would declare it, those of other owners as external. */
export function itemsOf(actual: ActualState, owner: string | undefined): ExportItem[] {
  const experiments = new Map([...actual.experiments].map(([name, id]) => [id, name]));
  const budgetNames = namesOfBudgets(actual);
  return actual.resources.map((resource): ExportItem => {
    const { kind } = resource;
    const name = budgetNames.get(resource.id) ?? resource.name;
    const isForeign =
      owner !== undefined && resource.owner !== undefined && resource.owner !== owner;
    if (isForeign) return { kind, name, ...foreign(kind, name), note: [], isForeign };
    const unknown = resource.unknown_values ?? [];
    const { entry, note = [] } = managed(resource, name, experiments);
    return {
      kind,
      name,
      entry: unknown.length > 0 ? undefined : entry,
      note: [...unknown, ...note],
      isForeign,
    };
  });
}

function foreign(kind: Kind, name: string): Pick<ExportItem, "entry"> {
  return kind === "budget" ? {} : { entry: { name, external: true } };
}

interface Entry {
  readonly entry?: Readonly<Record<string, unknown>>;
  readonly note?: readonly string[];
}

function managed(
  resource: ActualResource,
  name: string,
  experiments: ReadonlyMap<string, string>,
): Entry {
  switch (resource.kind) {
    case "secret":
      return secretEntry(resource);
    case "model_definition": {
      const { secret, provider, model_name } = resource.fields;
      if (secret === undefined) return { note: ["its secret was deleted"] };
      return { entry: { name, secret, provider, model_name } };
    }
    case "endpoint":
      return endpointEntry(resource, experiments);
    case "budget":
      return { entry: budgetEntry(resource, name) };
  }
}

/** Nobody can read a value back: unless it is known where it came from, the secret is external. */
function secretEntry({ name, fields }: ActualOf<"secret">): Entry {
  const { provider, value_from, auth_config = {} } = fields;
  const settings = Object.keys(auth_config).length > 0 ? { auth_config } : {};
  if (value_from) return { entry: { name, provider, value_from, ...settings } };
  const source = "{ secrets_manager: NAME_OF_THE_AWS_SECRET }";
  return {
    entry: { name, external: true },
    note: [
      "Its value cannot be exported. To manage it, put the value into AWS Secrets Manager and",
      "write in place of external: true",
      `    provider: ${JSON.stringify(provider)}`,
      `    value_from: ${source}`,
      ...("auth_config" in settings ? [`    auth_config: ${JSON.stringify(auth_config)}`] : []),
    ],
  };
}

function endpointEntry(
  { name, fields }: ActualOf<"endpoint">,
  experiments: ReadonlyMap<string, string>,
): Entry {
  const note = unsayable(fields);
  if (note) return { note: [note] };
  const { routing_strategy, fallback_config, usage_tracking, experiment_id } = fields;
  const experiment = fields.experiment ?? experiments.get(experiment_id ?? "");
  const tags = Object.entries(fields.tags ?? {})
    .filter(([key]) => !isReservedTag(key))
    .sort();
  return {
    entry: stated({
      name,
      models: fields.models.map(modelEntry).sort(byText),
      routing_strategy,
      fallback_config: fallback_config && stated(fallback_config),
      usage_tracking,
      experiment,
      experiment_id: experiment === undefined ? experiment_id : undefined,
      tags: tags.length > 0 ? Object.fromEntries(tags) : undefined,
      bindings: unlessEmpty(fields.bindings?.map((binding) => ({ ...binding })).sort(byText)),
      guardrails: unlessEmpty(fields.guardrails?.map(guardrailEntry).sort(byText)),
    }),
  };
}

/** What the manifest language has no word for, because nobody can want it. */
function unsayable({ models, routing_strategy, fallback_config }: EndpointFields) {
  const primaries = models.filter(({ linkage_type }) => linkage_type === "PRIMARY").length;
  if (primaries > 1 && !routing_strategy) {
    return "it has several PRIMARY models and no routing_strategy, so that MLflow uses only one";
  }
  if (primaries < models.length && !fallback_config) {
    return "it has FALLBACK models and no fallback_config, so that MLflow never tries them";
  }
  return undefined;
}

function modelEntry({ model_definition, linkage_type, weight, fallback_order }: EndpointModel) {
  const isPrimary = linkage_type === "PRIMARY";
  return stated({
    linkage_type,
    model_definition,
    weight: isPrimary ? weight : undefined,
    fallback_order: isPrimary ? undefined : fallback_order,
  });
}

/** Of an experiment whose name is not known the scorer cannot be named: the guardrail exists. */
function guardrailEntry(guardrail: EndpointGuardrail) {
  const { name, scorer, stage, action, action_endpoint, execution_order } = guardrail;
  if (!scorer || scorer.experiment.startsWith("#")) return stated({ name, execution_order });
  return stated({
    name,
    scorer: stated(scorer),
    stage,
    action,
    action_endpoint,
    execution_order,
  });
}

function budgetEntry({ id, owner, fields }: ActualOf<"budget">, name: string) {
  const { thresholds, labels = {}, ...rest } = fields;
  return stated({
    name,
    adopt: owner === undefined ? id : undefined,
    ...rest,
    labels: Object.keys(labels).length > 0 ? labels : undefined,
    alerts: thresholds && { thresholds },
  });
}

/** A name that says what the budget is, for each one that nobody has named; by id. */
function namesOfBudgets({ resources }: ActualState): Map<string, string> {
  const budgets = resources.filter((resource) => resource.kind === "budget");
  const taken = new Set(budgets.flatMap(({ owner, name }) => (owner === undefined ? [] : name)));
  const names = new Map<string, string>();
  const unnamed = budgets.filter(({ owner }) => owner === undefined);
  for (const { id, fields } of unnamed.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { target_scope, target_value, duration, budget_action } = fields;
    const subject = target_value?.slice(0, 100) ?? target_scope.toLowerCase();
    const window = `${duration.value}-${duration.unit.toLowerCase()}`;
    const base = `${subject}-${window}-${budget_action.toLowerCase()}`;
    let name = base;
    for (let number = 2; taken.has(name); number += 1) name = `${base}-${number}`;
    taken.add(name);
    names.set(id, name);
  }
  return names;
}

function unlessEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

function byText(one: object, other: object): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** The same object without its undefined fields. */
function stated(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}
