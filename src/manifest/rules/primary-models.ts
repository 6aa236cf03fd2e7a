import type { Manifest, ManifestEndpoint, ManifestFinding } from "#manifest/types.ts";

/** MLflow keeps two decimals of a weight: less than this is no traffic at all. */
const WEIGHT_MIN = 0.01;

/**
 * What MLflow accepts and then answers with errors: an endpoint without a PRIMARY model (404 on
 * every call), weights of which nothing is left (500 on every call), a model attached twice in
 * the same way (raw SQL error).
 */
export function primaryModels(manifest: Manifest): ManifestFinding[] {
  return (manifest.endpoints ?? []).flatMap((endpoint, index) => [
    ...withoutPrimary(endpoint, index),
    ...weightless(endpoint, index),
    ...attachedTwice(endpoint, index),
  ]);
}

function withoutPrimary(endpoint: ManifestEndpoint, index: number): ManifestFinding[] {
  if (endpoint.models.some((model) => model.linkage_type === "PRIMARY")) return [];
  const message = "needs at least one model with linkage_type PRIMARY, got FALLBACK only";
  return [{ rule: "primary-models", path: ["endpoints", index, "models"], message }];
}

function weightless(endpoint: ManifestEndpoint, index: number): ManifestFinding[] {
  const primary = endpoint.models.filter((model) => model.linkage_type === "PRIMARY");
  if (primary.length === 0 || primary.some((model) => (model.weight ?? 1) >= WEIGHT_MIN)) return [];
  const message = `needs a PRIMARY model with a weight of at least ${WEIGHT_MIN}: no call would find a model`;
  return [{ rule: "primary-models", path: ["endpoints", index, "models"], message }];
}

function attachedTwice(endpoint: ManifestEndpoint, index: number): ManifestFinding[] {
  const seen = new Set<string>();
  return endpoint.models.flatMap((model, position): ManifestFinding[] => {
    const key = `${model.linkage_type} ${model.model_definition}`;
    const isRepeated = seen.has(key);
    seen.add(key);
    if (!isRepeated) return [];
    const message = `attaches "${model.model_definition}" as ${model.linkage_type} a second time`;
    return [{ rule: "primary-models", path: ["endpoints", index, "models", position], message }];
  });
}
