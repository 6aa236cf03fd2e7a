import {
  type ApplicationText,
  type ArgumentScannerError,
  buildApplication,
  formatMessageForArgumentScannerError,
  run,
  text_en,
} from "@stricli/core";
import { GatewayOpsError } from "#runtime/errors.ts";
import { visibleText } from "#runtime/visible.ts";
import type { GwopsContext } from "./context.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { ROUTES } from "./routes.ts";

/** Runs one command line; returns the exit status. */
export async function runGwops(
  argv: readonly string[],
  context: GwopsContext,
  { version }: { readonly version: string },
): Promise<ExitCode> {
  const application = buildApplication(ROUTES, {
    name: "gwops",
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
    documentation: { disableAnsiColor: !context.isColoured, onlyRequiredInUsageLine: true },
    localization: { text: harmless(TEXT) },
    determineExitCode: (error) => exitCodeOf(error),
  });
  await run(application, argv, context);
  const status = Number(context.process.exitCode ?? EXIT.ok);
  // The framework's own failures are negative.
  return status < 0 ? EXIT.error : (status as ExitCode);
}

/** By code, as an error may come from a copy of its class in another bundle. */
const EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  "invalid-manifest": EXIT.invalid,
  "unsafe-plan": EXIT.refused,
  "stale-plan": EXIT.refused,
};

function exitCodeOf(error: unknown): ExitCode {
  return error instanceof GatewayOpsError ? (EXIT_CODES[error.code] ?? EXIT.error) : EXIT.error;
}

const TEXT: ApplicationText = {
  ...text_en,
  exceptionWhileParsingArguments(error) {
    const sentence = formatMessageForArgumentScannerError(error as ArgumentScannerError, {
      ArgumentParseError: ({ externalFlagNameOrPlaceholder, exception }) =>
        `--${externalFlagNameOrPlaceholder}: ${messageOf(exception)}`,
    });
    return `gwops: ${sentence}`;
  },
  exceptionWhileRunningCommand: (error) => `gwops: ${messageOf(error)}`,
};

/** The framework quotes what it was given on the command line, too. */
function harmless(texts: ApplicationText): ApplicationText {
  const entries = Object.entries(texts).map(([name, text]) => [
    name,
    typeof text === "function" ? (...given: never[]) => visibleText(text(...given)) : text,
  ]);
  return Object.fromEntries(entries);
}

function messageOf(error: unknown): string {
  if (error instanceof GatewayOpsError) return error.message;
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a bug of gwops: ${shown}`;
}
