import type { Rule } from "./rule.ts";

export const unusedSecret: Rule = {
  id: "unused-secret",
  severity: "warning",
  title: "No model definition uses a secret",
  why: "It may be left over, or a reference is missing",
  *check({ secrets }, { used }) {
    if (!used) return;
    for (const { entry, index } of secrets) {
      if (used.has(`secret/${entry.name}`)) continue;
      const message = `is used by no model definition of yours, got "${entry.name}"`;
      yield { path: ["secrets", index, "name"], message };
    }
  },
};
