import { Logger } from "@aws-lambda-powertools/logger";
import { visibleText } from "#runtime/visible.ts";

/** The log of a worker. What it quotes from outside is harmless to look at, wherever it is shown. */
export function openLogger(): Logger {
  return new Logger({
    jsonReplacerFn: (_, value: unknown) => (typeof value === "string" ? visibleText(value) : value),
  });
}
