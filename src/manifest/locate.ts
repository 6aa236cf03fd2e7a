import { visible } from "#runtime/visible.ts";
import { FINDINGS_MAX } from "./bounded-schema.ts";
import { offsetsIn } from "./offsets.ts";
import type { Locate, ManifestFinding, ManifestIssue, ManifestPath } from "./types.ts";

/** Longer than any name that is allowed. */
const KEY_LENGTH_MAX = 300;
const MESSAGE_LENGTH_MAX = 3000;

/**
 * The one place that all findings of a file pass: the first of them get a position, the others are
 * counted. The text is read a second time, once and only when there is something to point at.
 */
export function locator(text: string): Locate {
  let offsets: ((path: ManifestPath) => number) | undefined;
  return async (findings, hidden = 0) => {
    if (findings.length === 0) return [];
    offsets ??= offsetsIn(text);
    const offsetOf = offsets;
    const placeOf = placesIn(text);
    const located = findings
      .slice(0, FINDINGS_MAX)
      .map((finding) => ({ finding, offset: offsetOf(finding.path) }))
      .sort((a, b) => a.offset - b.offset)
      .map(({ finding, offset }) => issueOf(finding, placeOf(offset)));
    return withRest(located, hidden + findings.length - located.length);
  };
}

/** The same where the places cannot be told: all at the beginning of the file. */
export function withoutPlaces(
  findings: readonly ManifestFinding[],
  hidden: number,
): ManifestIssue[] {
  const issues = findings
    .slice(0, FINDINGS_MAX)
    .map((finding) => issueOf(finding, { line: 1, column: 1 }));
  return withRest(issues, hidden + findings.length - issues.length);
}

function issueOf(
  { rule, path, message }: ManifestFinding,
  place: Pick<ManifestIssue, "line" | "column">,
): ManifestIssue {
  const shown = cut(visible(message), MESSAGE_LENGTH_MAX);
  return { rule, path: path.map(shortened), ...place, message: shown };
}

function withRest(located: readonly ManifestIssue[], hidden: number): ManifestIssue[] {
  const last = located.at(-1);
  if (hidden === 0 || !last) return [...located];
  const { line, column } = last;
  const message = `and ${hidden.toLocaleString("en-US")} more findings in this file`;
  return [...located, { rule: "limits", path: [], line, column, message, hidden }];
}

function shortened(part: string | number): string | number {
  return typeof part === "number" ? part : cut(part, KEY_LENGTH_MAX);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** Lines and columns of offsets that only grow. */
function placesIn(text: string): (offset: number) => { line: number; column: number } {
  let [line, start] = [1, 0];
  return (offset) => {
    for (;;) {
      const end = text.indexOf("\n", start);
      if (end < 0 || end >= offset) return { line, column: offset - start + 1 };
      line += 1;
      start = end + 1;
    }
  };
}
