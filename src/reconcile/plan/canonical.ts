import { createHash } from "node:crypto";
import { byText } from "#reconcile/kinds.ts";
import type {
  ActualResource,
  DesiredResource,
  EndpointGuardrail,
  EndpointModel,
} from "#reconcile/state.ts";

/** JSON with sorted keys, without undefined fields: equal documents have equal texts. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = "";
  for (const key of Object.keys(fields).sort()) {
    const field = fields[key];
    if (field === undefined) continue;
    text += `${text && ","}${JSON.stringify(key)}:${canonicalJson(field)}`;
  }
  return `{${text}}`;
}

/** SHA-256 of the canonical JSON, in hexadecimal. */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** The same resource with the lists in one order that mean the same in any. */
export function normalized<R extends DesiredResource | ActualResource>(resource: R): R {
  if (resource.kind !== "endpoint") return resource;
  const { models, bindings, guardrails } = resource.fields;
  return {
    ...resource,
    fields: {
      ...resource.fields,
      models: sortedModels(models),
      ...(bindings && { bindings: sortedByText(bindings) }),
      ...(guardrails && { guardrails: sortedGuardrails(guardrails) }),
    },
  };
}

/** A model as the server keeps it: a PRIMARY one has a weight, as a 32-bit float, a FALLBACK one an order. */
export function storedModel(model: EndpointModel): EndpointModel {
  return model.linkage_type === "PRIMARY"
    ? { ...model, weight: storedWeight(model.weight ?? 1), fallback_order: undefined }
    : { ...model, weight: undefined };
}

/** What is left of a weight on the server. Decimals alone would tell apart what lies at their edge. */
function storedWeight(weight: number): number {
  return weight === 1 ? 1 : Number(Math.fround(weight).toPrecision(7));
}

/** PRIMARY models first, then by name; of two that go by one name the fallback order decides. */
function sortedModels(models: readonly EndpointModel[]): EndpointModel[] {
  return models.length < 2 ? [...models] : [...models].sort((a, b) => byText(place(a), place(b)));
}

function place({ linkage_type, model_definition, fallback_order }: EndpointModel): string {
  return `${linkage_type === "PRIMARY" ? 0 : 1} ${model_definition} ${fallback_order ?? ""}`;
}

/** In the order in which they run; those without one come last. */
function sortedGuardrails(guardrails: readonly EndpointGuardrail[]): EndpointGuardrail[] {
  const order = ({ execution_order = Number.MAX_VALUE }: EndpointGuardrail) => execution_order;
  return sortedByText(guardrails).sort((a, b) => order(a) - order(b));
}

function sortedByText<T>(values: readonly T[]): T[] {
  return [...values].sort((a, b) => byText(canonicalJson(a), canonicalJson(b)));
}
