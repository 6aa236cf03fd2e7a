import * as z from "zod";
import type {
  ActualOf,
  EndpointFields,
  EndpointGuardrail,
  EndpointModel,
} from "#reconcile/state.ts";
import { isReservedTag } from "#runtime/marks.ts";
import { endpointEntry } from "./endpoint-schema.ts";
import { defined, type EntryKind, type Exported, type Exporting } from "./entry.ts";

type ManifestEndpoint = Exclude<z.infer<typeof endpointEntry>, { external: true }>;

export const endpoint = {
  section: "endpoints" as const,
  schema: z.array(endpointEntry).optional().describe("Endpoints that applications call"),
  toFields,
  toEntry,
} satisfies EntryKind<"endpoint", ManifestEndpoint>;

function toFields(endpoint: ManifestEndpoint): EndpointFields {
  const { models, routing_strategy, fallback_config } = endpoint;
  const primaries = models.filter((model) => model.linkage_type === "PRIMARY").length;
  const hasFallback = primaries < models.length;
  return {
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
  };
}

function toEntry(
  { name, fields }: ActualOf<"endpoint">,
  { experiments, deletedExperiments }: Exporting,
): Exported {
  const note = unsayable(fields);
  if (note) return { note: [note] };
  const { routing_strategy, fallback_config, usage_tracking, experiment_id } = fields;
  const experiment = fields.experiment ?? experiments.get(experiment_id ?? "");
  const tags = Object.entries(fields.tags ?? {})
    .filter(([key]) => !isReservedTag(key))
    .sort();
  return {
    note: deletedNotes(fields, deletedExperiments),
    entry: defined({
      name,
      models: fields.models.toSorted(byTurn).map(modelEntry),
      routing_strategy,
      // Without a FALLBACK model it has no effect, and a rule says so.
      fallback_config:
        fallback_config && fields.models.some(isFallback) ? defined(fallback_config) : undefined,
      usage_tracking,
      experiment,
      experiment_id: experiment === undefined ? experiment_id : undefined,
      tags: tags.length > 0 ? Object.fromEntries(tags) : undefined,
      bindings: unlessEmpty(ownBindings(fields).sort(byText)),
      guardrails: unlessEmpty(fields.guardrails?.map(guardrailEntry).sort(byText)),
    }),
  };
}

/** Of what is written to experiments that are deleted: a plan refuses them, and their traces are lost. */
function deletedNotes(
  { experiment_id, guardrails = [] }: EndpointFields,
  deleted: ReadonlyMap<string, string>,
): string[] {
  const ofScorers = guardrails.map(({ scorer }) => scorer?.experiment.replace(/^#/, ""));
  return [...new Set([experiment_id, ...ofScorers])].flatMap((id = "") => {
    const name = deleted.get(id);
    if (name === undefined) return [];
    return [
      `Its experiment ${JSON.stringify(name)} (${id}) was deleted in MLflow:`,
      `restore it (mlflow experiments restore --experiment-id ${id}), or name another one`,
    ];
  });
}

/** MLflow's own come and go with what it makes them for. */
function ownBindings({ bindings = [] }: EndpointFields) {
  return bindings
    .filter(({ is_foreign }) => !is_foreign)
    .map(({ resource_type, resource_id }) => ({ resource_type, resource_id }));
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

/** As MLflow tries them: PRIMARY models, then FALLBACK models by their order. */
function byTurn(one: EndpointModel, other: EndpointModel): number {
  const turns = [one, other].map(({ linkage_type, fallback_order = 0 }) =>
    linkage_type === "PRIMARY" ? -1 : fallback_order,
  );
  const [turn = 0, otherTurn = 0] = turns;
  return turn - otherTurn || byText(modelEntry(one), modelEntry(other));
}

function isFallback({ linkage_type }: EndpointModel): boolean {
  return linkage_type === "FALLBACK";
}

function modelEntry({ model_definition, linkage_type, weight, fallback_order }: EndpointModel) {
  const isPrimary = linkage_type === "PRIMARY";
  return defined({
    linkage_type,
    model_definition,
    weight: isPrimary ? weight : undefined,
    fallback_order: isPrimary ? undefined : fallback_order,
  });
}

/** Of an experiment whose name is not known the scorer cannot be named: the guardrail exists. */
function guardrailEntry(guardrail: EndpointGuardrail) {
  const { name, scorer, stage, action, action_endpoint, execution_order } = guardrail;
  if (!scorer || scorer.experiment.startsWith("#")) return defined({ name, execution_order });
  return defined({
    name,
    scorer: defined(scorer),
    stage,
    action,
    action_endpoint,
    execution_order,
  });
}

function unlessEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

function byText(one: object, other: object): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}
