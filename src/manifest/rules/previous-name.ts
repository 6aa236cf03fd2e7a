import { keyOf } from "#reconcile/state.ts";
import type { Rule } from "./rule.ts";

export const previousName: Rule = {
  id: "previous-name",
  severity: "error",
  title: "A `previous_name` that cannot be meant",
  why: "A resource that is declared itself would lose its name to another one",
  *check({ declarations }) {
    const taken = new Set(declarations.map(({ key }) => key));
    for (const { kind, previousName, path } of declarations) {
      if (previousName === undefined) continue;
      const key = keyOf({ kind, name: previousName });
      if (taken.has(key)) {
        const message = `must be a name that is not declared any more, and once only, got "${previousName}"`;
        yield { path: [...path, "previous_name"], message };
      }
      taken.add(key);
    }
  },
};
