import { namedIn } from "#manifest/sections.ts";
import { suggestion } from "#manifest/suggest.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { partsOf, type ResourceKey } from "#reconcile/state.ts";
import type { Rule } from "./rule.ts";

/** Each one compares the name with all others; nobody reads more. */
const SUGGESTIONS_MAX = 20;

export const knownReferences: Rule = {
  id: "known-references",
  severity: "error",
  title: "A resource refers to one that no file of the owner declares",
  why: "It could not be written; what somebody else manages is declared with `external: true`",
  check: (subject, { known }) =>
    namedIn(subject)
      .filter(({ key }) => !known.has(key))
      .map(({ key, path }, position) => {
        const { kind, name } = partsOf(key);
        const { noun } = TRAITS[kind];
        const hint = position < SUGGESTIONS_MAX ? suggestion(name, namesOf(kind, known)) : "";
        const message = `names ${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun} that is not declared, got "${name}"${hint}`;
        return { path, message };
      }),
};

function namesOf(kind: string, keys: ReadonlySet<ResourceKey>): string[] {
  return [...keys].map(partsOf).flatMap((parts) => (parts.kind === kind ? parts.name : []));
}
