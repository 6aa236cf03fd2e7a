import type { FallbackConfig } from "#gateway/types.ts";
import type { FieldChange, FieldName } from "#reconcile/change.ts";
import { perKind } from "#reconcile/kinds.ts";
import type {
  ActualResource,
  DesiredResource,
  EndpointBinding,
  EndpointFields,
  EndpointGuardrail,
  EndpointModel,
  FieldsOf,
  Kind,
} from "#reconcile/state.ts";
import { isReservedTag } from "#runtime/marks.ts";
import { canonicalJson, storedModel } from "./canonical.ts";
import { diffLists, diffMaps, type ElementModel } from "./diff.ts";
import { describeGuardrail, guardrailParts } from "./guardrails.ts";

type Tags = Readonly<Record<string, string>>;

/** Ids of experiments by name. */
type Experiments = ReadonlyMap<string, string>;

/**
 * How a stated field is compared when it is not the same as it stands: `whole` is one value,
 * `map` is compared key by key, and `set` by its elements. A `flag` that is left out is false.
 */
type Comparison<F, P extends keyof F> =
  | "whole"
  | "map"
  | "set"
  | "flag"
  | ((
      desired: Exclude<F[P], undefined>,
      actual: F,
      experiments: Experiments,
    ) => readonly FieldChange[]);

/** Every field of every kind, in the order in which changes are shown. */
const COMPARED: {
  readonly [K in Kind]: {
    readonly [P in keyof Required<FieldsOf[K]>]: Comparison<FieldsOf[K], P>;
  };
} = {
  secret: {
    provider: "whole",
    auth_config: "map",
    value_from: "map",
    source_version: "whole",
    as_stored: "flag",
    probe: "whole",
  },
  model_definition: { secret: "whole", provider: "whole", model_name: "whole" },
  endpoint: {
    models: (models, actual) => compareModels(models, actual.models),
    routing_strategy: "whole",
    fallback_config: (config, actual) => compareFallback(config, actual.fallback_config),
    usage_tracking: "whole",
    experiment_id: "whole",
    experiment: (name, actual, experiments) => compareExperiment(name, actual, experiments),
    tags: (tags, actual) => compareTags(tags, actual.tags ?? {}),
    bindings: (bindings, actual) =>
      diffSets(
        "bindings",
        bindingsSpokenOf(bindings, actual.bindings).map(describeBinding),
        bindings.map(describeBinding),
      ),
    guardrails: (guardrails, actual) =>
      diffLists("guardrails", actual.guardrails ?? [], guardrails, GUARDRAILS),
  },
  budget: {
    budget_unit: "whole",
    budget_amount: "whole",
    duration: "whole",
    target_scope: "whole",
    target_value: "whole",
    budget_action: "whole",
    thresholds: "set",
    // A record that is lost says the same as one without labels.
    labels: (labels, actual) => diffMaps("labels", actual.labels ?? {}, labels),
  },
};

type AnyComparison =
  | "whole"
  | "map"
  | "set"
  | "flag"
  | ((desired: unknown, actual: unknown, experiments: Experiments) => readonly FieldChange[]);

/** The table as a list: a large gateway is compared field by field. */
const FIELDS = perKind((kind) => Object.entries(COMPARED[kind]) as [FieldName, AnyComparison][]);

/**
 * The stated fields in which the gateway differs, in a fixed order. What the manifest does not
 * state is not compared; tags, bindings and guardrails are stated whole. Both resources are of one
 * kind. `experiments` holds the ids of those that the desired state names.
 */
export function compareFields(
  desired: DesiredResource,
  actual: ActualResource,
  experiments: Experiments = new Map(),
): FieldChange[] {
  const [wanted, present] = [desired.fields, actual.fields] as unknown as [Fields, Fields];
  const changes: FieldChange[] = [];
  for (const [field, comparison] of FIELDS[desired.kind]) {
    const missing = comparison === "flag" ? false : undefined;
    const [before, after] = [present[field] ?? missing, wanted[field] ?? missing];
    // Nearly all are the same as they stand; only the others are worth a closer look.
    if (after === undefined || isSame(before, after)) continue;
    if (typeof comparison === "function") changes.push(...comparison(after, present, experiments));
    else changes.push(...differences(field, comparison, before, after));
  }
  return changes;
}

function differences(
  field: FieldName,
  comparison: "whole" | "map" | "set" | "flag",
  before: unknown,
  after: unknown,
): readonly FieldChange[] {
  // That there is none at all is another state than an empty one.
  if (comparison === "whole" || comparison === "flag" || before === undefined)
    return [{ path: field, before, after }];
  return comparison === "map"
    ? diffMaps(field, before as Fields, after as Fields)
    : diffSets(field, before as readonly string[], after as readonly string[]);
}

/** Lists of names or numbers, each of which counts once, in any order. */
function diffSets<T extends string | number>(
  field: FieldName,
  before: readonly T[] = [],
  after: readonly T[],
): FieldChange[] {
  return diffLists(field, [...new Set(before)], [...new Set(after)], { identity: String });
}

const FALLBACK: Readonly<Record<keyof FallbackConfig, true>> = {
  strategy: true,
  max_attempts: true,
};

/** What is not stated of it stays as it is. */
function compareFallback(
  desired: FallbackConfig,
  actual: FallbackConfig | undefined,
): FieldChange[] {
  const stated = (Object.keys(FALLBACK) as (keyof FallbackConfig)[]).filter(
    (part) => desired[part] !== undefined,
  );
  return stated.flatMap((part): FieldChange[] => {
    const [before, after] = [actual?.[part], desired[part]];
    return before === after ? [] : [{ path: `fallback_config.${part}`, before, after }];
  });
}

function compareModels(
  desired: readonly EndpointModel[],
  actual: readonly EndpointModel[],
): FieldChange[] {
  return diffLists("models", actual.map(storedModel), desired.map(storedModel), MODELS);
}

const SETTINGS: Readonly<Record<Exclude<keyof EndpointModel, keyof Linked>, true>> = {
  weight: true,
  fallback_order: true,
};

type Linked = Pick<EndpointModel, "model_definition" | "linkage_type">;

/** One definition may be linked once in each way. */
const MODELS: ElementModel<EndpointModel> = {
  identity: ({ model_definition, linkage_type }) => `${linkage_type} ${model_definition}`,
  compare: (before, after) =>
    (Object.keys(SETTINGS) as (keyof typeof SETTINGS)[])
      .filter((part) => before[part] !== after[part])
      .map((part) => ({ part, before: before[part], after: after[part] })),
  exchange: {
    place: ({ model_definition: _, ...place }) => canonicalJson(place),
    name: ({ model_definition }) => model_definition,
  },
};

const GUARDRAILS: ElementModel<EndpointGuardrail> = {
  identity: ({ name }) => name,
  compare: (before, after) => guardrailParts(before, after),
  shown: describeGuardrail,
};

function compareExperiment(
  after: string,
  { experiment, experiment_id }: EndpointFields,
  experiments: Experiments,
): FieldChange[] {
  if (experiment_id === undefined) return [{ path: "experiment", before: undefined, after }];
  if (experiments.get(after) === experiment_id) return [];
  const [known = experiment] = [...experiments].find(([, id]) => id === experiment_id) ?? [];
  return [{ path: "experiment", before: known ?? `#${experiment_id}`, after }];
}

function compareTags(desired: Tags, actual: Tags): FieldChange[] {
  // No manifest states a reserved tag, and none takes it away.
  const ours = Object.entries(actual).filter(
    ([key]) => Object.hasOwn(desired, key) || !isReservedTag(key),
  );
  return diffMaps("tags", Object.fromEntries(ours), desired);
}

/** Of the bindings that are there those that are ours, or declared whoever made them. */
export function bindingsSpokenOf(
  desired: readonly EndpointBinding[],
  actual: readonly EndpointBinding[] = [],
): readonly EndpointBinding[] {
  const declared = new Set(desired.map(describeBinding));
  return actual.filter((binding) => !binding.is_foreign || declared.has(describeBinding(binding)));
}

export function describeBinding({ resource_type, resource_id }: EndpointBinding): string {
  return `${resource_type} ${resource_id}`;
}

/** Whether two JSON values are equal; an undefined field is none. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) || Array.isArray(other)) return isSameList(one, other);
  return isSameMap(one as Fields, other as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function isSameList(one: unknown, other: unknown): boolean {
  return (
    Array.isArray(one) &&
    Array.isArray(other) &&
    one.length === other.length &&
    one.every((item, index) => isSame(item, other[index]))
  );
}

function isSameMap(one: Fields, other: Fields): boolean {
  let extra = 0;
  for (const key of Object.keys(other)) if (other[key] !== undefined) extra += 1;
  for (const key of Object.keys(one)) {
    if (one[key] === undefined) continue;
    if (!Object.hasOwn(other, key) || !isSame(one[key], other[key])) return false;
    extra -= 1;
  }
  return extra === 0;
}
