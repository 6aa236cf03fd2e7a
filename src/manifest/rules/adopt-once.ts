import { repeated } from "#manifest/repeated.ts";
import type { Rule } from "./rule.ts";

export const adoptOnce: Rule = {
  id: "adopt-once",
  severity: "error",
  title: "Two budgets adopt the same policy",
  why: "A policy can have one name only",
  check: ({ budgets }) =>
    repeated(budgets, ({ entry }) => entry.adopt).map(({ item }) => ({
      path: ["budgets", item.index, "adopt"],
      message: `is adopted twice: another budget names ${item.entry.adopt}`,
    })),
};
