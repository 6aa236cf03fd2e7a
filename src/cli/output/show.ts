import type { GwopsContext, Output } from "#cli/context.ts";
import type { CheckedFiles, FileIssues } from "#manifest/check-files.ts";
import { formatIssue } from "#manifest/errors.ts";
import { painter } from "./style.ts";

type Shown = Pick<GwopsContext, "process" | "isColoured">;

export function print(output: Output, text: string): void {
  output.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** A sentence for people; not part of the data. */
export function say({ process }: Shown, sentence: string): void {
  print(process.stderr, sentence);
}

export function printJson({ process }: Shown, value: unknown): void {
  print(process.stdout, JSON.stringify(value, null, 2));
}

/** Everything that was found in the files, as `file:line:column ...`, which editors understand. */
export function findingLines({ isColoured }: Shown, { invalid, warnings }: CheckedFiles): string[] {
  const paint = painter(isColoured);
  const lines = (style: "error" | "warning", files: readonly FileIssues[]) =>
    files.flatMap(({ name, issues }) =>
      issues.map((issue) => `${paint(style, `${style}:`)} ${formatIssue(name, issue)}`),
    );
  return [...lines("error", invalid), ...lines("warning", warnings)];
}

/** `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
