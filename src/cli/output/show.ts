import type { GwopsContext, Output } from "#cli/context.ts";
import type { CheckedFiles, FileIssues } from "#manifest/check-files.ts";
import { formatIssue } from "#manifest/errors.ts";
import { visible, visibleJson, visibleText } from "#runtime/visible.ts";
import { painter, type StyleName } from "./style.ts";

type Shown = Pick<GwopsContext, "process" | "isColoured">;

/** A part of a line that is painted as what it is about. */
type Piece = string | { readonly style: StyleName; readonly text: string };

/** Prints a line. Whatever it quotes, it stays one line, and only our own paint paints. */
export function print({ isColoured }: Shown, output: Output, ...line: readonly Piece[]): void {
  const paint = painter(isColoured);
  const pieces = line.map((piece) =>
    typeof piece === "string" ? visible(piece) : paint(piece.style, visible(piece.text)),
  );
  output.write(`${pieces.join("")}\n`);
}

/** Prints a text of several lines. */
export function printText(output: Output, text: string): void {
  output.write(`${visibleText(text.replace(/\n$/, ""))}\n`);
}

/** A sentence for people; not part of the data. */
export function say(shown: Shown, sentence: string): void {
  print(shown, shown.process.stderr, sentence);
}

export function printJson({ process }: Shown, value: unknown): void {
  process.stdout.write(`${visibleJson(value, 2)}\n`);
}

/** Prints everything that was found in the files, as `file:line:column ...`, which editors understand. */
export function printFindings(
  shown: Shown,
  { invalid, warnings }: Pick<CheckedFiles, "invalid" | "warnings">,
  output: Output,
): void {
  const printAll = (style: "error" | "warning", files: readonly FileIssues[]) => {
    for (const { name, issues } of files) {
      for (const issue of issues) {
        print(shown, output, { style, text: `${style}:` }, ` ${formatIssue(name, issue)}`);
      }
    }
  };
  printAll("error", invalid);
  printAll("warning", warnings);
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
