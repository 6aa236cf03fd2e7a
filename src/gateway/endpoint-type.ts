import type { CatalogModel, DiscoveryOperations } from "./discovery.ts";
import type { Endpoint, ModelMapping } from "./types.ts";

/** MLflow's names for what a model does, and the names that its older gateway had for them. */
export const MODE_OF_TYPE = {
  chat: "chat",
  completion: "completion",
  embedding: "embedding",
  responses: "responses",
  "llm/v1/chat": "chat",
  "llm/v1/completions": "completion",
  "llm/v1/embeddings": "embedding",
} as const;

export type EndpointType = keyof typeof MODE_OF_TYPE;

/**
 * The endpoints with a model of that type. The server stores no type, so the catalogue of models
 * is asked, once for each provider: a model that it does not list has no type.
 */
export async function withType(
  endpoints: readonly Endpoint[],
  type: EndpointType,
  discovery: Pick<DiscoveryOperations, "models">,
): Promise<Endpoint[]> {
  const providers = new Set(
    endpoints.flatMap(({ model_mappings }) => model_mappings.flatMap(providerOf)),
  );
  const catalogs = await Promise.all(
    [...providers].map(async (provider) => {
      const models = await discovery.models({ provider });
      return models.filter(({ mode }) => mode === MODE_OF_TYPE[type]).map(keyOfModel(provider));
    }),
  );
  const fitting = new Set(catalogs.flat());
  return endpoints.filter(({ model_mappings }) =>
    model_mappings.some(({ model_definition: model }) =>
      fitting.has(keyOf(model?.provider, model?.model_name)),
    ),
  );
}

function providerOf({ model_definition: model }: ModelMapping): string[] {
  return model ? [model.provider] : [];
}

function keyOfModel(provider: string): (model: CatalogModel) => string {
  return ({ model }) => keyOf(provider, model);
}

function keyOf(provider: string | undefined, model: string | undefined): string {
  return JSON.stringify([provider, model]);
}
