import { suggestion } from "#manifest/suggest.ts";
import type { Manifest, ManifestFinding, ManifestPath } from "#manifest/types.ts";

/** Every name that a resource refers to is declared in the same manifest. */
export function knownReferences(manifest: Manifest): ManifestFinding[] {
  const names = {
    secret: (manifest.secrets ?? []).map(({ name }) => name),
    "model definition": (manifest.model_definitions ?? []).map(({ name }) => name),
    endpoint: (manifest.endpoints ?? []).map(({ name }) => name),
  };
  const check = (kind: keyof typeof names, name: string, path: ManifestPath): ManifestFinding[] =>
    names[kind].includes(name)
      ? []
      : [
          {
            rule: "known-references",
            path,
            message: `names ${kind === "endpoint" ? "an" : "a"} ${kind} that this manifest does not declare, got "${name}"${suggestion(name, names[kind])}`,
          },
        ];

  return [
    ...(manifest.model_definitions ?? []).flatMap(({ secret }, index) =>
      check("secret", secret, ["model_definitions", index, "secret"]),
    ),
    ...(manifest.endpoints ?? []).flatMap(({ models }, index) =>
      models.flatMap((model, position) =>
        check("model definition", model.model_definition, [
          "endpoints",
          index,
          "models",
          position,
          "model_definition",
        ]),
      ),
    ),
    ...(manifest.budgets ?? []).flatMap((budget, index) =>
      budget.target_scope === "ENDPOINT" && budget.target_value !== undefined
        ? check("endpoint", budget.target_value, ["budgets", index, "target_value"])
        : [],
    ),
  ];
}
