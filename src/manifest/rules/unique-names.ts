import type { Manifest, ManifestFinding } from "#manifest/types.ts";

/** Names are the identity of resources: the second use of one is an error, not an override. */
export function uniqueNames(manifest: Manifest): ManifestFinding[] {
  const sections = ["secrets", "model_definitions", "endpoints", "budgets"] as const;
  return sections.flatMap((section) => {
    const seen = new Set<string>();
    return (manifest[section] ?? []).flatMap(({ name }, index): ManifestFinding[] => {
      if (!seen.has(name)) {
        seen.add(name);
        return [];
      }
      const message = `is used twice: "${name}" is declared above`;
      return [{ rule: "unique-names", path: [section, index, "name"], message }];
    });
  });
}
