import { GatewayResponseError } from "./errors.ts";
import { isObject, type JsonObject } from "./read.ts";

/**
 * Verification after a write: the server answers with what it stored, and 200 even when it
 * dropped part of the request. Every field sent must come back the same; `secret_value` by its
 * keys (values come masked), `model_configs` as the mappings made of it, a scorer inside `scorer`.
 * The error names the field, never a value.
 */
export function refuseLost(operation: string, field: string | undefined): void {
  if (field === undefined) return;
  throw new GatewayResponseError(
    operation,
    `was answered with success, but the server did not store ${field} as it was sent`,
  );
}

/** The first field that was not stored as it was sent. */
export function unstoredField(sent: JsonObject, stored: JsonObject): string | undefined {
  const isLost = ([field, value]: [string, unknown]) =>
    value !== undefined && !isStored(field, value, stored);
  return Object.entries(sent).find(isLost)?.[0];
}

function isStored(field: string, value: unknown, stored: JsonObject): boolean {
  switch (field) {
    case "secret_value":
      return isEqual(Object.keys(value as JsonObject).toSorted(), maskedKeys(stored));
    case "model_configs":
      return areMapped(value as readonly JsonObject[], stored.model_mappings);
    case "model_config":
      return isMapping(value as JsonObject, stored);
    case "scorer_id":
    case "scorer_version":
      return isObject(stored.scorer) && value === stored.scorer[field];
    case "updated_by":
      return isEqual(value, stored.last_updated_by);
    default:
      return isEqual(value, stored[field]);
  }
}

function maskedKeys(stored: JsonObject): readonly string[] {
  return Object.keys(stored.masked_values ?? {}).toSorted();
}

/** An empty object equals an absent one: the server omits what is empty. */
function isEqual(sent: unknown, stored: unknown): boolean {
  if (Array.isArray(sent)) {
    if (!Array.isArray(stored) || stored.length !== sent.length) return false;
    return sent.every((item, index) => isEqual(item, stored[index]));
  }
  if (!isObject(sent)) return sent === stored;
  const other = isObject(stored) ? stored : {};
  const keys = new Set([...Object.keys(sent), ...Object.keys(other)]);
  return [...keys].every((key) => isEqual(sent[key], other[key]));
}

function areMapped(configs: readonly JsonObject[], mappings: unknown): boolean {
  if (!Array.isArray(mappings) || mappings.length !== configs.length) return false;
  return configs.every((config) => mappings.some((mapping) => isMapping(config, mapping)));
}

/** The same model may be linked once as PRIMARY and once as FALLBACK, so both identify it. */
function isMapping(config: JsonObject, mapping: JsonObject): boolean {
  return Object.entries(config).every(
    ([field, value]) =>
      value === undefined ||
      (field === "weight"
        ? isSameFloat(Number(value), Number(mapping[field]))
        : value === mapping[field]),
  );
}

/** A weight is a 32-bit float on the server: about seven digits come back. */
const FLOAT32_TOLERANCE = 1e-6;

function isSameFloat(sent: number, stored: number): boolean {
  return Math.abs(sent - stored) <= FLOAT32_TOLERANCE * Math.max(1, Math.abs(sent));
}
