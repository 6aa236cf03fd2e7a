import type { DesiredResource, Kind, ResourceKey } from "./state.ts";

/**
 * What depends on what. Creates and updates go down the tree, level by level:
 *
 *     secret
 *       └─ model_definition
 *            └─ endpoint
 *                 └─ budget          (those of scope ENDPOINT)
 */
export const LEVELS: readonly Kind[] = ["secret", "model_definition", "endpoint", "budget"];

interface KindTraits {
  /** Changes of this kind in flight at once. */
  readonly concurrency: number;
  /** Fields that MLflow ignores in an update, answering 200. */
  readonly immutable: readonly string[];
}

export const KINDS: Readonly<Record<Kind, KindTraits>> = {
  // Each write of a secret costs about 70 ms of server CPU that LLM traffic would use.
  secret: { concurrency: 1, immutable: ["provider"] },
  model_definition: { concurrency: 4, immutable: [] },
  endpoint: { concurrency: 4, immutable: [] },
  // Each write of a budget makes the server compute every window again.
  budget: { concurrency: 1, immutable: [] },
};

/** The resources that must be right before this one can be written. */
export function dependenciesOf(resource: DesiredResource): ResourceKey[] {
  switch (resource.kind) {
    case "secret":
      return [];
    case "model_definition":
      return resource.fields.secret === undefined ? [] : [`secret/${resource.fields.secret}`];
    case "endpoint":
      return resource.fields.models.map(
        ({ model_definition }): ResourceKey => `model_definition/${model_definition}`,
      );
    case "budget":
      return resource.fields.target_scope === "ENDPOINT"
        ? [`endpoint/${resource.fields.target_value}`]
        : [];
  }
}
