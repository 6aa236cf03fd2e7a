import type { ActualResource, DesiredResource, EndpointModel } from "./state.ts";

export interface FieldChange {
  /** Name of the field; a tag is `tags.<key>`. */
  readonly path: string;
  /** Undefined: the gateway has none, or it is not known. */
  readonly before?: unknown;
  readonly after: unknown;
}

/**
 * The stated fields in which the gateway differs, in the order of the manifest language. Fields
 * and tags that the manifest does not state are not compared.
 */
export function compareFields(desired: DesiredResource, actual: ActualResource): FieldChange[] {
  const before = comparable(actual);
  return Object.entries(comparable(desired))
    .filter(([path, after]) => after !== undefined && canonical(after) !== canonical(before[path]))
    .map(([path, after]) => ({ path, before: before[path], after }));
}

function comparable({ kind, fields }: DesiredResource | ActualResource): Record<string, unknown> {
  if (kind !== "endpoint") return { ...fields };
  const { models, fallback_config, tags, ...rest } = fields;
  return {
    models: comparableModels(models),
    ...rest,
    ...prefixed("fallback_config", fallback_config),
    ...prefixed("tags", tags),
  };
}

/** The server keeps no order of models, and weights as 32-bit floats. */
function comparableModels(models: readonly EndpointModel[]): EndpointModel[] {
  return models
    .map((model) =>
      model.linkage_type === "PRIMARY"
        ? { ...model, weight: asStored(model.weight ?? 1), fallback_order: undefined }
        : { ...model, weight: undefined },
    )
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ linkage_type, model_definition }: EndpointModel): string {
  return `${linkage_type === "PRIMARY" ? 0 : 1} ${model_definition}`;
}

/** What is left of a weight on the server. Decimals alone would tell apart what lies at their edge. */
function asStored(weight: number): number {
  return Number(Math.fround(weight).toPrecision(7));
}

function prefixed(prefix: string, map: object | undefined): Record<string, unknown> {
  const entries = Object.entries(map ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [`${prefix}.${key}`, value]));
}

/** JSON with sorted keys and without undefined fields. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === "object" && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
