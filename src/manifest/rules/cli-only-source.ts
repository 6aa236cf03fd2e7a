import type { Rule } from "./rule.ts";

export const cliOnlySource: Rule = {
  id: "cli-only-source",
  severity: "error",
  title: "A value comes from an environment variable or a file",
  why: "Only the command line has them; a worker in AWS reads from Secrets Manager",
  check: ({ secrets }, { sources }) =>
    secrets.flatMap(({ entry: { value_from }, index }) => {
      if (sources === "any" || value_from === undefined || "secrets_manager" in value_from)
        return [];
      const field = "env" in value_from ? "env" : "file";
      const message = "is for the command line only; put the value into AWS Secrets Manager";
      return [{ path: ["secrets", index, "value_from", field], message }];
    }),
};
