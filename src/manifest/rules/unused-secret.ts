import type { Rule } from "./rule.ts";

export const unusedSecret: Rule = {
  id: "unused-secret",
  severity: "warning",
  title: "No model definition uses a secret",
  why: "It may be left over, or a reference is missing",
  check: ({ secrets }, { used }) =>
    secrets.flatMap(({ entry: { name }, index }) => {
      if (!used || used.has(`secret/${name}`)) return [];
      const message = `is used by no model definition of yours, got "${name}"`;
      return [{ path: ["secrets", index, "name"], message }];
    }),
};
