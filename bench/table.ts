import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { type Row, verdict } from "./measurement.ts";

const HEADINGS = ["what", "ours", "baseline", "ratio", "target", "", "n"];

/** For a terminal: columns under each other. */
export function textTable(rows: readonly Row[]): string {
  const lines = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  return lines
    .map((cells) => cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Puts the table and the computer it was measured on between its markers in a Markdown file. */
export function writeTable(
  file: string,
  name: string,
  rows: readonly Row[],
  versions: readonly string[],
): void {
  const text = readFileSync(file, "utf8");
  const [opening, closing] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [begin, end] = [text.indexOf(opening), text.indexOf(closing)];
  if (begin < 0 || end < begin) throw new Error(`${file} lacks ${opening} or ${closing}`);
  const markdown = [HEADINGS, HEADINGS.map(() => "---"), ...rows.map(cellsOf)]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
  const content = `${opening}\n${computer(versions)}\n\n${markdown}\n`;
  writeFileSync(file, text.slice(0, begin) + content + text.slice(end));
}

function cellsOf(row: Row): string[] {
  const { what, ours, baseline, ratio, target, n } = row;
  return [
    what,
    ours,
    baseline,
    ratio === undefined ? "" : ratio.toFixed(2),
    target ? `${target.bound} ${target.value}` : "",
    verdict(row),
    String(n),
  ];
}

export function computer(versions: readonly string[]): string {
  const processors = cpus();
  const facts = [
    `${processors.length} cores of ${processors[0]?.model.trim()}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    `${process.platform} ${process.arch}`,
    `Node ${process.versions.node}`,
    ...versions,
  ];
  return `Measured on ${new Date().toISOString().slice(0, 10)}: ${facts.join(", ")}.`;
}
