import type { Manifest } from "#manifest/types.ts";

export interface Sizes {
  readonly secrets: number;
  readonly modelDefinitions: number;
  readonly endpoints: number;
}

/** The sizes that the targets speak of, or a part of them. */
export function fullSizes(shrink: number): Sizes {
  return {
    secrets: Math.max(2, Math.round(10 / shrink)),
    modelDefinitions: Math.round(1000 / shrink),
    endpoints: Math.round(1000 / shrink),
  };
}

export function nameOf(kind: string, index: number): string {
  return `${kind}-${String(index).padStart(6, "0")}`;
}

/** A manifest of these sizes: each endpoint has one model and a tag, as most have. */
export function manifestOf(sizes: Sizes, { usageTracking = false } = {}): Manifest {
  const { secrets, modelDefinitions, endpoints } = sizes;
  return {
    version: 1,
    secrets: range(secrets).map((index) => ({
      name: nameOf("secret", index),
      provider: "openai",
      value_from: { secrets_manager: nameOf("source", index) },
      auth_config: { auth_mode: "api_key", api_base: "https://8.8.8.8/v1" },
    })),
    model_definitions: range(modelDefinitions).map((index) => ({
      name: nameOf("model", index),
      secret: nameOf("secret", index % secrets),
      model_name: "gpt-4o",
    })),
    endpoints: range(endpoints).map((index) => ({
      name: nameOf("endpoint", index),
      models: [
        {
          model_definition: nameOf("model", index % modelDefinitions),
          linkage_type: "PRIMARY" as const,
        },
      ],
      usage_tracking: usageTracking,
    })),
  };
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
