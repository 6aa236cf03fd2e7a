import type { FieldChange } from "#reconcile/change.ts";
import { byText } from "#reconcile/kinds.ts";
import type {
  ActualOf,
  ActualResource,
  BudgetFields,
  DesiredResource,
  EndpointBinding,
  EndpointFields,
  EndpointModel,
  SecretFields,
} from "#reconcile/state.ts";
import { normalizedModels, sortedGuardrails } from "./canonical.ts";
import { describeGuardrail, isSameGuardrails } from "./guardrails.ts";

type ModelDefinitionFields = ActualOf<"model_definition">["fields"];
type Tags = Readonly<Record<string, string>>;

/** Ids of experiments by name. */
type Experiments = ReadonlyMap<string, string>;

/** Fields that are compared as they are, in the order in which they are shown. */
const SECRET_FIELDS = [
  "provider",
  "auth_config",
  "value_from",
  "source_version",
] as const satisfies (keyof SecretFields)[];
const MODEL_DEFINITION_FIELDS = [
  "secret",
  "provider",
  "model_name",
] as const satisfies (keyof ModelDefinitionFields)[];
const BUDGET_FIELDS = [
  "budget_unit",
  "budget_amount",
  "duration",
  "target_scope",
  "target_value",
  "budget_action",
  "thresholds",
  "labels",
] as const satisfies (keyof BudgetFields)[];

const ROUTING = ["routing_strategy"] as const;
const FALLBACK = ["strategy", "max_attempts"] as const;
const TRACKING = ["usage_tracking", "experiment_id"] as const;

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
  switch (desired.kind) {
    case "secret":
      return comparePlain(SECRET_FIELDS, desired.fields, actual.fields as SecretFields);
    case "model_definition":
      return comparePlain(
        MODEL_DEFINITION_FIELDS,
        desired.fields,
        actual.fields as ModelDefinitionFields,
      );
    case "endpoint":
      return compareEndpoint(desired.fields, actual.fields as EndpointFields, experiments);
    case "budget":
      return comparePlain(BUDGET_FIELDS, desired.fields, actual.fields as BudgetFields);
  }
}

function comparePlain<T extends object>(
  paths: readonly (keyof T & string)[],
  desired: T,
  actual: Partial<T>,
  prefix = "",
): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const path of paths) {
    const [before, after] = [actual[path], desired[path]];
    if (after === undefined || isSame(before, after)) continue;
    changes.push({ path: `${prefix}${path}`, before, after });
  }
  return changes;
}

function compareEndpoint(
  desired: EndpointFields,
  actual: EndpointFields,
  experiments: Experiments,
): FieldChange[] {
  const { fallback_config, tags, bindings, guardrails } = desired;
  return [
    ...compareModels(desired.models, actual.models),
    ...comparePlain(ROUTING, desired, actual),
    ...(fallback_config
      ? comparePlain(FALLBACK, fallback_config, actual.fallback_config ?? {}, "fallback_config.")
      : []),
    ...comparePlain(TRACKING, desired, actual),
    ...compareExperiment(desired.experiment, actual.experiment_id, experiments),
    ...(tags ? compareTags(tags, actual.tags ?? {}) : []),
    ...(bindings ? compareBindings(bindings, actual.bindings ?? []) : []),
    ...(guardrails ? compareGuardrails(guardrails, actual.guardrails ?? []) : []),
  ];
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
