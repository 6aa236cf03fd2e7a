import { keyOf } from "#reconcile/state.ts";
import type { Rule } from "./rule.ts";

export const previousName: Rule = {
  id: "previous-name",
  severity: "error",
  title: "A `previous_name` that cannot be meant",
  why: "A resource that is declared itself would lose its name to another one",
  check: ({ declarations }) => {
    const taken = new Set(declarations.map(({ key }) => key));
    return declarations.flatMap(({ kind, previousName, path }) => {
      if (previousName === undefined) return [];
      const key = keyOf({ kind, name: previousName });
      const isTaken = taken.has(key);
      taken.add(key);
      if (!isTaken) return [];
      const message = `must be a name that is not declared any more, and once only, got "${previousName}"`;
      return [{ path: [...path, "previous_name"], message }];
    });
  },
};
