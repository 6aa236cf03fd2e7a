import { visible } from "#reconcile/plan/text.ts";

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

/** Text of several lines as it is; no line of it can end the block. */
export function fenced(text: string): string {
  const lines = text.split("\n").map((line) => visible(line).replaceAll("~~~", "~ ~ ~"));
  return ["~~~text", ...lines, "~~~"].join("\n");
}
