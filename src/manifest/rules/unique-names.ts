import type { Rule } from "./rule.ts";

export const uniqueNames: Rule = {
  id: "unique-names",
  severity: "error",
  title: "A name is used twice for the same kind of resource",
  why: "Names are the identity of resources: the second use of one would override the first",
  *check({ declarations }) {
    const seen = new Set<string>();
    for (const { key, name, path } of declarations) {
      if (seen.has(key)) {
        yield { path: [...path, "name"], message: `is used twice: "${name}" is declared above` };
      }
      seen.add(key);
    }
  },
};
