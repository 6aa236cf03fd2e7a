import type { Environment, Output } from "#cli/context.ts";

/** The only place that knows how a terminal is told to paint. */
const CODES = {
  create: 32,
  update: 33,
  adopt: 36,
  delete: 31,
  risk: 31,
  notice: 2,
  refusal: 31,
  error: 31,
  warning: 33,
  plain: undefined,
} as const;

export type StyleName = keyof typeof CODES;
export type Paint = (style: StyleName, text: string) => string;

const ESCAPE = "\u001b[";

/** `--no-color` beats `FORCE_COLOR`, which beats `NO_COLOR`, which beats what the output is. */
export function wantsColour(argv: readonly string[], env: Environment, output: Output): boolean {
  if (argv.includes("--no-color")) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== "0";
  return output.isTTY && !env.NO_COLOR && env.TERM !== "dumb";
}

export function painter(isColoured: boolean): Paint {
  if (!isColoured) return (_, text) => text;
  return (style, text) => {
    const code = CODES[style];
    return code === undefined ? text : `${ESCAPE}${code}m${text}${ESCAPE}0m`;
  };
}
