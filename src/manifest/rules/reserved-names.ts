import { PROBE_PREFIX } from "#runtime/marks.ts";
import type { Rule } from "./rule.ts";

export const reservedNames: Rule = {
  id: "reserved-names",
  severity: "error",
  title: `A name begins with \`${PROBE_PREFIX}\``,
  why: "So is called what is made for a moment to try a new value of a secret: no list shows it, and what is left of it is removed",
  check: ({ declarations }) =>
    declarations
      .filter(({ name }) => name.startsWith(PROBE_PREFIX))
      .map(({ path }) => ({
        path: [...path, "name"],
        message: `is reserved: names that begin with ${PROBE_PREFIX} are used to try new values of secrets`,
      })),
};
