import type { FallbackConfig } from "#gateway/types.ts";
import type { FieldChange } from "#reconcile/change.ts";
import { byText, perKind } from "#reconcile/kinds.ts";
import type {
  ActualResource,
  DesiredResource,
  EndpointBinding,
  EndpointFields,
  EndpointModel,
  FieldsOf,
  Kind,
} from "#reconcile/state.ts";
import { normalizedModels, sortedGuardrails } from "./canonical.ts";
import { describeGuardrail, isSameGuardrails } from "./guardrails.ts";

type Tags = Readonly<Record<string, string>>;

/** Ids of experiments by name. */
type Experiments = ReadonlyMap<string, string>;

/** How a field that is stated is compared: `plain` is as it is, whole. */
type Comparison<F, P extends keyof F> =
  | "plain"
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
    provider: "plain",
    auth_config: "plain",
    value_from: "plain",
    source_version: "plain",
  },
  model_definition: { secret: "plain", provider: "plain", model_name: "plain" },
  endpoint: {
    models: (models, actual) => compareModels(models, actual.models),
    routing_strategy: "plain",
    fallback_config: (config, actual) => compareFallback(config, actual.fallback_config),
    usage_tracking: "plain",
    experiment_id: "plain",
    experiment: (name, actual, experiments) =>
      compareExperiment(name, actual.experiment_id, experiments),
    tags: (tags, actual) => compareTags(tags, actual.tags ?? {}),
    bindings: (bindings, actual) => compareBindings(bindings, actual.bindings ?? []),
    guardrails: (guardrails, actual) => compareGuardrails(guardrails, actual.guardrails ?? []),
  },
  budget: {
    budget_unit: "plain",
    budget_amount: "plain",
    duration: "plain",
    target_scope: "plain",
    target_value: "plain",
    budget_action: "plain",
    thresholds: "plain",
    labels: "plain",
  },
};

const FALLBACK: Readonly<Record<keyof FallbackConfig, "plain">> = {
  strategy: "plain",
  max_attempts: "plain",
};

type AnyComparison =
  | "plain"
  | ((desired: unknown, actual: unknown, experiments: Experiments) => readonly FieldChange[]);

/** The table as a list: a large gateway is compared field by field. */
const FIELDS = perKind((kind) => Object.entries(COMPARED[kind]) as [string, AnyComparison][]);

/** Tags that are ours or MLflow's own: no manifest states them, and none takes them away. */
const FOREIGN_TAGS = ["gwops/", "mlflow."] as const;

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
  for (const [path, comparison] of FIELDS[desired.kind]) {
    const after = wanted[path];
    if (after === undefined) continue;
    if (comparison !== "plain") changes.push(...comparison(after, present, experiments));
    else if (!isSame(present[path], after)) changes.push({ path, before: present[path], after });
  }
  return changes;
}

function compareFallback(
  desired: FallbackConfig,
  actual: FallbackConfig | undefined,
): FieldChange[] {
  const fields = Object.keys(FALLBACK) as (keyof FallbackConfig)[];
  return fields.flatMap((field) => {
    const [before, after] = [actual?.[field], desired[field]];
    if (after === undefined || isSame(before, after)) return [];
    return [{ path: `fallback_config.${field}`, before, after }];
  });
}

function compareModels(
  desired: readonly EndpointModel[],
  actual: readonly EndpointModel[],
): FieldChange[] {
  // Most are the same as they stand; only the others are worth the sorting and rounding.
  if (isSame(desired, actual)) return [];
  const [before, after] = [normalizedModels(actual), normalizedModels(desired)];
  return isSame(before, after) ? [] : [{ path: "models", before, after }];
}

function compareExperiment(
  name: string | undefined,
  actualId: string | undefined,
  experiments: Experiments,
): FieldChange[] {
  if (name === undefined) return [];
  if (actualId === undefined) return [{ path: "experiment", before: undefined, after: name }];
  if (experiments.get(name) === actualId) return [];
  const [known] = [...experiments].find(([, id]) => id === actualId) ?? [];
  return [{ path: "experiment", before: known ?? `#${actualId}`, after: name }];
}

function compareTags(desired: Tags, actual: Tags): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const [key, after] of Object.entries(desired)) {
    const before = Object.hasOwn(actual, key) ? actual[key] : undefined;
    if (before !== after) changes.push({ path: `tags.${key}`, before, after });
  }
  for (const [key, before] of Object.entries(actual)) {
    if (Object.hasOwn(desired, key) || isForeignTag(key)) continue;
    changes.push({ path: `tags.${key}`, before, after: undefined });
  }
  return changes.sort((a, b) => byText(a.path, b.path));
}

function isForeignTag(key: string): boolean {
  return FOREIGN_TAGS.some((prefix) => key.startsWith(prefix));
}

function compareBindings(
  desired: readonly EndpointBinding[],
  actual: readonly EndpointBinding[],
): FieldChange[] {
  const [before, after] = [describeBindings(actual), describeBindings(desired)];
  return isSame(before, after) ? [] : [{ path: "bindings", before, after }];
}

/** Each once, in one order. */
function describeBindings(bindings: readonly EndpointBinding[]): string[] {
  return [...new Set(bindings.map(describeBinding))].sort(byText);
}

export function describeBinding({ resource_type, resource_id }: EndpointBinding): string {
  return `${resource_type} ${resource_id}`;
}

function compareGuardrails(
  desired: NonNullable<EndpointFields["guardrails"]>,
  actual: NonNullable<EndpointFields["guardrails"]>,
): FieldChange[] {
  if (isSameGuardrails(desired, actual)) return [];
  const [before, after] = [sortedGuardrails(actual), sortedGuardrails(desired)];
  return [
    {
      path: "guardrails",
      before: before.map(describeGuardrail),
      after: after.map(describeGuardrail),
    },
  ];
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
