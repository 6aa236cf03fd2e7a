import type { Endpoint, ModelDefinition } from "#gateway/types.ts";
import type { DiscoveryOperations } from "./discovery.ts";

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
  const providers = new Set(endpoints.flatMap(modelsOf).map(({ provider }) => provider));
  const catalogs = await Promise.all(
    [...providers].map(async (provider) => {
      const models = await discovery.models({ provider });
      const fitting = models.filter(({ mode }) => mode === MODE_OF_TYPE[type]);
      return [provider, fitting.map(({ model }) => model)] as const;
    }),
  );
  const fitting = new Map(catalogs);
  return endpoints.filter((endpoint) =>
    modelsOf(endpoint).some(({ provider, model_name }) =>
      fitting.get(provider)?.includes(model_name),
    ),
  );
}

function modelsOf({ model_mappings }: Endpoint): ModelDefinition[] {
  return model_mappings.flatMap(({ model_definition: model }) => model ?? []);
}
