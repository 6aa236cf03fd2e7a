import { namedIn } from "#manifest/sections.ts";
import { suggestion } from "#manifest/suggest.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { type Kind, partsOf, type ResourceKey } from "#reconcile/state.ts";
import type { Rule } from "./rule.ts";

/** Each compares the name with all others. */
const SUGGESTIONS_MAX = 20;

export const knownReferences: Rule = {
  id: "known-references",
  severity: "error",
  title: "A resource refers to one that no file of the owner declares",
  why: "It could not be written; what somebody else manages is declared with `external: true`",
  check: (subject, { known }) => {
    const namesOf = namesByKind(known);
    return namedIn(subject)
      .filter(({ key }) => !known.has(key))
      .map(({ key, path }, position) => {
        const { kind, name } = partsOf(key);
        const { noun } = TRAITS[kind];
        const hint = position < SUGGESTIONS_MAX ? suggestion(name, namesOf(kind)) : "";
        const message = `names ${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun} that is not declared, got "${name}"${hint}`;
        return { path, message };
      });
  },
};

/** The names of a kind are listed once, and only when somebody asks. */
function namesByKind(keys: ReadonlySet<ResourceKey>): (kind: Kind) => readonly string[] {
  const byKind = new Map<Kind, readonly string[]>();
  return (kind) => {
    const names =
      byKind.get(kind) ??
      [...keys].map(partsOf).flatMap((one) => (one.kind === kind ? one.name : []));
    byKind.set(kind, names);
    return names;
  };
}
