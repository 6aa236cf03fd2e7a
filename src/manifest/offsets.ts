import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE } from "js-yaml";
import type { ManifestPath } from "./types.ts";

/** Far more than the language needs: the text was read before. */
const DEPTH_MAX = 1000;
const { DOCUMENT, SEQUENCE, MAPPING, SCALAR, ALIAS, POP } = EVENT_ID;

/**
 * Where the parts of a text that YAML can read begin. One pass notes where each list and map ends
 * and what each alias repeats; then a path is walked without looking into what lies beside it.
 */
export function offsetsIn(text: string): (path: ManifestPath) => number {
  const outline = outlineOf(text, parseEvents(text, { maxDepth: DEPTH_MAX }));
  return (path) => {
    let node = 1;
    let offset = beginOf(outline, node) ?? 0;
    for (const part of path) {
      // What an alias repeats stands at the anchor.
      const { place, value } = childOf(outline, outline.repeats[node] || node, part);
      if (place === undefined) break;
      offset = beginOf(outline, place) ?? offset;
      node = value;
    }
    return offset;
  };
}

interface Outline {
  readonly text: string;
  readonly events: readonly Event[];
  /** By event: the one after the node that begins there. */
  readonly ends: Int32Array;
  /** By event of an alias: the event of its anchor. */
  readonly repeats: Int32Array;
}

function outlineOf(text: string, events: readonly Event[]): Outline {
  const ends = new Int32Array(events.length);
  const repeats = new Int32Array(events.length);
  const anchors = new Map<string, number>();
  const open: number[] = [];
  for (const [index, event] of events.entries()) {
    ends[index] = index + 1;
    if (event.type === POP) ends[open.pop() ?? 0] = index + 1;
    else if (event.type !== SCALAR && event.type !== ALIAS) open.push(index);
    const anchor = anchorOf(text, event);
    if (event.type === ALIAS) repeats[index] = anchors.get(anchor) ?? 0;
    else if (anchor !== "") anchors.set(anchor, index);
  }
  return { text, events, ends, repeats };
}

/** What it is called, or the name that it repeats; empty of what has no name. */
function anchorOf(text: string, event: Event): string {
  if (event.type === POP || event.type === DOCUMENT || event.anchorStart < 0) return "";
  return text.slice(event.anchorStart, event.anchorEnd);
}

/** Undefined of what is not written: a value that is left out. */
function beginOf({ events }: Outline, node: number): number | undefined {
  const event = events[node];
  switch (event?.type) {
    case SEQUENCE:
    case MAPPING:
      return event.start;
    case SCALAR: {
      const isQuoted =
        event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
      if (event.valueStart < 0) return undefined;
      return event.valueStart - (isQuoted ? 1 : 0);
    }
    case ALIAS:
      return event.anchorStart - 1;
    default:
      return undefined;
  }
}

/** What to point at, and what lies there. */
function childOf(outline: Outline, parent: number, part: string | number) {
  const isKeyed = outline.events[parent]?.type === MAPPING;
  const found = isKeyed
    ? findNode(outline, parent, 2, (node) => isKey(outline, node, part))
    : findNode(outline, parent, 1, (_, position) => position === part);
  if (found === undefined) return { place: undefined, value: 0 };
  // A key is a better place than its value: it is what the eye looks for.
  return { place: found, value: isKeyed ? (outline.ends[found] ?? 0) : found };
}

/** The first child that fits, of every one or of every second one. */
function findNode(
  { events, ends }: Outline,
  parent: number,
  step: 1 | 2,
  fits: (node: number, position: number) => boolean,
): number | undefined {
  const type = events[parent]?.type;
  if (type !== MAPPING && type !== SEQUENCE) return undefined;
  const end = (ends[parent] ?? 0) - 1;
  for (let node = parent + 1, position = 0; node < end; position += 1) {
    if (fits(node, position)) return node;
    for (let passed = 0; passed < step; passed += 1) node = ends[node] ?? end;
  }
  return undefined;
}

function isKey({ text, events }: Outline, node: number, part: string | number): boolean {
  const event = events[node];
  if (event?.type !== SCALAR || typeof part === "number") return false;
  if (!event.fast) return getScalarValue(text, event) === part;
  const length = event.valueEnd - event.valueStart;
  return length === part.length && text.startsWith(part, event.valueStart);
}
