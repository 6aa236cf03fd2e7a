import type { Manifest, ManifestFinding } from "#manifest/types.ts";
import { budgetTarget } from "./budget-target.ts";
import { knownReferences } from "./known-references.ts";
import { primaryModels } from "./primary-models.ts";
import { reservedTags } from "./reserved-tags.ts";
import { secretSettings } from "./secret-settings.ts";
import { uniqueNames } from "./unique-names.ts";

/** What the schema cannot say. A rule is a pure function in a file of its own. */
export const RULES: readonly ((manifest: Manifest) => ManifestFinding[])[] = [
  uniqueNames,
  knownReferences,
  primaryModels,
  budgetTarget,
  secretSettings,
  reservedTags,
];
