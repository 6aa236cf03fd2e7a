import type { Document } from "yaml";
import { visible } from "#runtime/visible.ts";
import type { Locate, ManifestPath } from "./types.ts";

/**
 * Positions come from a second, slower parser, loaded and run only when there is something to
 * point at: the fast one keeps none.
 */
export function locator(text: string): Locate {
  let places: Promise<(path: ManifestPath) => Place> | undefined;
  return async (findings) => {
    if (findings.length === 0) return [];
    places ??= placesIn(text);
    const placeOf = await places;
    return findings
      .map((finding) => ({ finding, place: placeOf(finding.path) }))
      .sort((a, b) => a.place.offset - b.place.offset)
      .map(({ finding, place: { line, column } }) => ({
        ...finding,
        line,
        column,
        message: visible(finding.message),
      }));
  };
}

interface Place {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

type Yaml = typeof import("yaml");

async function placesIn(text: string): Promise<(path: ManifestPath) => Place> {
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document: Document = yaml.parseDocument(text, { lineCounter: lines });
  return (path) => {
    const offset = offsetOf(yaml, document, path);
    const { line, col } = lines.linePos(offset);
    return { offset, line: Math.max(1, line), column: Math.max(1, col) };
  };
}

/** Where the path leads; where it ends, if its last parts are absent. */
function offsetOf(yaml: Yaml, document: Document, path: ManifestPath): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const part of path) {
    // What an alias repeats stands at the anchor.
    const parent = yaml.isAlias(node) ? node.resolve(document) : node;
    const { place, value } = childOf(yaml, parent, part);
    if (!yaml.isNode(place)) break;
    offset = place.range?.[0] ?? offset;
    node = value;
  }
  return offset;
}

/** What to point at, and what lies there. */
function childOf(yaml: Yaml, parent: unknown, part: string | number) {
  if (yaml.isSeq(parent)) {
    const item = parent.items[Number(part)];
    return { place: item, value: item };
  }
  if (!yaml.isMap(parent)) return {};
  const pair = parent.items.find(({ key }) => yaml.isScalar(key) && String(key.value) === part);
  // A key is a better place than its value: it is what the eye looks for.
  return { place: pair?.key, value: pair?.value };
}
