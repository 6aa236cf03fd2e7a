import { namedIn } from "#manifest/sections.ts";
import { TRAITS } from "#reconcile/kinds.ts";
import { partsOf } from "#reconcile/state.ts";
import type { Rule } from "./rule.ts";

/** Each compares the name with all others. */
const SUGGESTIONS_MAX = 20;

export const knownReferences: Rule = {
  id: "known-references",
  severity: "error",
  title: "A resource refers to one that no file of the owner declares",
  why: "It could not be written; what somebody else manages is declared with `external: true`",
  *check(subject, { known, namesOf, suggest }) {
    let found = 0;
    for (const { key, path } of namedIn(subject)) {
      if (known.has(key)) continue;
      found += 1;
      const { kind, name } = partsOf(key);
      const { noun } = TRAITS[kind];
      const hint = found <= SUGGESTIONS_MAX ? suggest(name, namesOf(kind)) : "";
      const message = `names ${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun} that is not declared, got "${name}"${hint}`;
      yield { path, message };
    }
  },
};
