import { visible } from "./visible.ts";

/** What Markdown or HTML would act on, wherever it stands in a line. */
const MARKUP = /[\\`*_[\]<>|&~!#]/g;

/** A text from outside on one line, shown as it is. */
export function literal(text: string): string {
  return visible(text.replace(/\s*\n\s*/g, " ")).replace(MARKUP, "\\$&");
}

export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(literal).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)];
}

/** What ends a fence stands at the beginning of a line, behind three spaces at most. */
const FENCE = /^( {0,3})(?:```|~~~)/;

/** Lines as they are; none of them can end the block. */
export function fenced(fence: "```diff" | "```text" | "~~~text", lines: readonly string[]): string {
  const mark = fence.slice(0, 3);
  const inside = lines.map((line) => visible(line).replace(FENCE, `$1${[...mark].join(" ")}`));
  return [fence, ...inside, mark].join("\n");
}
