import type { Document, Node } from "yaml";
import type { Locate, ManifestPath } from "./types.ts";

/**
 * Positions come from a second, slower parser, loaded and run only when there is something to
 * point at: the fast one keeps none.
 */
export function locator(text: string): Locate {
  return async (findings) => {
    if (findings.length === 0) return [];
    const { LineCounter, parseDocument } = await import("yaml");
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines });
    return findings
      .map((finding) => ({ finding, offset: offsetOf(document, finding.path) }))
      .sort((a, b) => a.offset - b.offset)
      .map(({ finding, offset }) => {
        const { line, col } = lines.linePos(offset);
        return { ...finding, line: Math.max(1, line), column: Math.max(1, col) };
      });
  };
}

/** Where the path is in the text; where its nearest parent is when the last part is absent. */
function offsetOf(document: Document.Parsed, path: ManifestPath): number {
  const key = path.at(-1);
  if (key === undefined) return document.contents?.range[0] ?? 0;
  const parentPath = path.slice(0, -1);
  const parent = parentPath.length === 0 ? document.contents : document.getIn(parentPath, true);
  const node =
    typeof key === "string"
      ? keyNode(parent, key)
      : (document.getIn(path, true) as Node | undefined);
  return node?.range?.[0] ?? offsetOf(document, parentPath);
}

/** A key is a better place than its value: it is what the eye looks for. */
function keyNode(parent: unknown, key: string): Node | undefined {
  const items = (parent as { items?: { key?: Node & { value?: unknown } }[] } | undefined)?.items;
  return items?.find((item) => String(item.key?.value) === key)?.key;
}
