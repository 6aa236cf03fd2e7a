import { GatewayResponseError } from "#gateway/errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import { whole } from "./place.ts";
import { type Kind, one } from "./read.ts";

/**
 * The resource in the answer to a write, verified: the server answers with what it stored, and 200
 * even when it dropped part of the request. Throws {@link GatewayResponseError} naming the field,
 * never a value.
 */
export function written<T>(
  operation: string,
  answer: JsonObject,
  kind: Kind<T>,
  sent: JsonObject,
): T {
  const resource = one(kind)(answer, whole(operation));
  const field = unstoredField(sent, answer[kind.one] as JsonObject);
  if (field === undefined) return resource;
  throw new GatewayResponseError(
    operation,
    `was answered with success, but the server did not store ${field} as it was sent`,
  );
}

/**
 * The first field that did not come back the same; `secret_value` by its keys (values come masked),
 * `model_configs` as the mappings made of it, a scorer inside `scorer`, `action_endpoint_id` as one
 * of several.
 */
function unstoredField(sent: JsonObject, stored: JsonObject): string | undefined {
  return Object.keys(sent).find(
    (field) => sent[field] !== undefined && !isFieldStored(field, sent[field], stored),
  );
}

/** All fields sent are stored as they were sent. */
export function isStored(sent: JsonObject, stored: JsonObject): boolean {
  return unstoredField(sent, stored) === undefined;
}

function isFieldStored(field: string, value: unknown, stored: JsonObject): boolean {
  switch (field) {
    case "secret_value":
      return sortedKeys(value) === sortedKeys(stored.masked_values);
    case "model_configs":
      return areMapped(value as readonly JsonObject[], stored.model_mappings);
    case "model_config":
      return isStored(value as JsonObject, stored);
    case "weight":
      return isSameFloat(Number(value), Number(stored.weight));
    case "scorer_id":
    case "scorer_version":
      return isObject(stored.scorer) && value === stored.scorer[field];
    case "action_endpoint_id":
      return (value as readonly unknown[]).includes(stored.action_endpoint_id);
    case "updated_by":
      return value === stored.last_updated_by;
    default:
      return isEqual(value, stored[field]);
  }
}

function sortedKeys(map: unknown): string {
  return JSON.stringify(Object.keys(map ?? {}).toSorted());
}

/** What is empty (a text, an object, null) equals what is absent: the server omits it. */
function isEqual(sent: unknown, stored: unknown): boolean {
  if (!isObject(sent)) return (sent ?? "") === (stored ?? "");
  const other = isObject(stored) ? stored : {};
  return Object.keys({ ...sent, ...other }).every((key) => isEqual(sent[key], other[key]));
}

/** The same model may be linked once as PRIMARY and once as FALLBACK, so both identify it. */
function areMapped(configs: readonly JsonObject[], mappings: unknown): boolean {
  if (!Array.isArray(mappings) || mappings.length !== configs.length) return false;
  return configs.every((config) => mappings.some((mapping) => isStored(config, mapping)));
}

/** A weight is a 32-bit float on the server: about seven digits come back. */
const FLOAT32_TOLERANCE = 1e-6;

function isSameFloat(sent: number, stored: number): boolean {
  return Math.abs(sent - stored) <= FLOAT32_TOLERANCE * Math.max(1, sent);
}
