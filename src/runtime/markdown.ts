import { visible } from "./visible.ts";

/** What Markdown or HTML would act on, wherever it stands in a line. */
const MARKUP = /[\\`*_[\]<>|&~!#]/g;

/**
 * What a site of reviews makes of text that is shown: it calls the person of `@name`, turns
 * addresses into links, and tells the issue of `#1` that it was named. No escape of Markdown ends
 * that; a character of no width behind its beginning does.
 */
const LIVE = /@|:(?=\/\/)|\bwww(?=\.)|\bGH-(?=\d)|[#!$%&~](?=\d)/gi;
const NO_WIDTH = "\u2060";

/** A text from outside on one line, shown as it is, that does nothing. */
export function literal(text: string): string {
  return escaped(text).replace(LIVE, `$&${NO_WIDTH}`);
}

function escaped(text: string): string {
  return visible(text.replace(/\s*\n\s*/g, " ")).replace(MARKUP, "\\$&");
}

/** A text from outside, or an address of ours, which stays a link. */
type Cell = string | { readonly link: string };

export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const shown = (cell: Cell) => (typeof cell === "string" ? literal(cell) : escaped(cell.link));
  const line = (cells: readonly Cell[]) => `| ${cells.map(shown).join(" | ")} |`;
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
