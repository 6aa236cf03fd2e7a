import type { ResourceKey } from "#reconcile/state.ts";
import type { Sections } from "./sections.ts";
import type { ManifestPath } from "./types.ts";

export interface Reference {
  readonly key: ResourceKey;
  readonly path: ManifestPath;
}

/** What the managed resources of a manifest name. */
export function referencesOf(sections: Sections): Reference[] {
  const { modelDefinitions, endpoints, budgets } = sections;
  return [
    ...modelDefinitions.map(({ entry, index }): Reference => {
      return { key: `secret/${entry.secret}`, path: ["model_definitions", index, "secret"] };
    }),
    ...endpoints.flatMap(({ entry, index }) => [
      ...entry.models.map(({ model_definition }, position): Reference => {
        const path = ["endpoints", index, "models", position, "model_definition"];
        return { key: `model_definition/${model_definition}`, path };
      }),
      ...(entry.guardrails ?? []).flatMap(({ action_endpoint }, position): Reference[] => {
        if (action_endpoint === undefined) return [];
        const path = ["endpoints", index, "guardrails", position, "action_endpoint"];
        return [{ key: `endpoint/${action_endpoint}`, path }];
      }),
    ]),
    ...budgets.flatMap(({ entry, index }): Reference[] => {
      if (entry.target_scope !== "ENDPOINT" || entry.target_value === undefined) return [];
      return [{ key: `endpoint/${entry.target_value}`, path: ["budgets", index, "target_value"] }];
    }),
  ];
}
