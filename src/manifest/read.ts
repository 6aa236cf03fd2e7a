import { loadAll, YAMLException } from "js-yaml";
import { visible } from "#runtime/visible.ts";
import type { ManifestIssue } from "./types.ts";

const MEBIBYTE = 1024 * 1024;
/** A manifest of 50,000 resources is about this long; anything longer is a mistake or an attack. */
export const BYTES_MAX = 5 * MEBIBYTE;
/** The language itself needs eight. */
const DEPTH_MAX = 100;
/** Texts, numbers, lists and so on, each counted as often as aliases repeat it. */
const VALUES_MAX = 1_000_000;

type Read<T> = T | { readonly issue: ManifestIssue };

/** The text and what YAML 1.2 or JSON makes of it; or why it cannot be read. */
export function readDocument(
  content: string | Uint8Array,
  bytesMax = BYTES_MAX,
): Read<{ readonly text: string; readonly document: unknown }> {
  const decoded = decode(content, bytesMax);
  if ("issue" in decoded) return decoded;
  const { text } = decoded;
  const loaded = load(text);
  if ("issue" in loaded) return loaded;
  return { text, document: loaded.document };
}

/** Nothing is decoded that is too long. A byte order mark is not part of the text. */
function decode(content: string | Uint8Array, bytesMax: number): Read<{ readonly text: string }> {
  const isTooLong =
    content.length > bytesMax ||
    (typeof content === "string" && new TextEncoder().encode(content).length > bytesMax);
  if (isTooLong) {
    const remedy = bytesMax === BYTES_MAX ? "; split it into several files" : "";
    return syntaxIssue(`is longer than ${bytesMax / MEBIBYTE} MiB${remedy}`);
  }
  if (typeof content === "string") return { text: content.replace(/^\uFEFF/, "") };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(content) };
  } catch {
    return notUtf8(content);
  }
}

/** The decoder does not say where it failed: the longest prefix that does not fail ends there. */
function notUtf8(bytes: Uint8Array): { readonly issue: ManifestIssue } {
  let [offset, failing] = [0, bytes.length];
  while (failing - offset > 1) {
    const middle = Math.floor((offset + failing) / 2);
    if (isUtf8(bytes.subarray(0, middle), true)) offset = middle;
    else failing = middle;
  }
  // It may end within a character, of which the first byte is the wrong one.
  while (!isUtf8(bytes.subarray(0, offset), false)) offset -= 1;
  const lines = new TextDecoder().decode(bytes.subarray(0, offset)).split("\n");
  const byte = (bytes[offset] ?? 0).toString(16).padStart(2, "0");
  const message = `is not UTF-8: byte 0x${byte} at offset ${offset}; save it as UTF-8`;
  return syntaxIssue(message, lines.length, (lines.at(-1)?.length ?? 0) + 1);
}

function isUtf8(bytes: Uint8Array, isCut: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: isCut });
    return true;
  } catch {
    return false;
  }
}

/** Every list item, key and value has one of these before it, and costs a hundred bytes to read. */
const SEPARATORS = /[,:[{\n]/g;

function hasTooManyParts(text: string): boolean {
  let count = 0;
  SEPARATORS.lastIndex = 0;
  while (count <= VALUES_MAX && SEPARATORS.test(text)) count += 1;
  return count > VALUES_MAX;
}

function load(text: string): Read<{ readonly document: unknown }> {
  if (hasTooManyParts(text)) {
    const most = VALUES_MAX.toLocaleString("en-US");
    return syntaxIssue(
      `has more than ${most} commas, colons, brackets and lines; split it into several files`,
    );
  }
  try {
    const [document, ...others] = loadAll(text, { maxDepth: DEPTH_MAX });
    if (others.length > 0)
      return syntaxIssue("holds several documents; a manifest is a single one");
    // Without an anchor nothing is repeated, and the length of the text bounds it all.
    const tooMuch = text.includes("&") ? tooMuchRepeated(document) : undefined;
    return tooMuch === undefined ? { document } : syntaxIssue(tooMuch);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const [line, column] = [error.mark?.line ?? 0, error.mark?.column ?? 0];
    return syntaxIssue(syntaxMessage(error, text.split("\n")), line + 1, column + 1);
  }
}

/** What is read is copied and handed on as often as aliases repeat it. */
function tooMuchRepeated(document: unknown): string | undefined {
  const { values, characters } = sizeOf(document, new Map(), 0);
  if (values > VALUES_MAX) {
    const most = VALUES_MAX.toLocaleString("en-US");
    return `has more than ${most} values, counted as often as aliases repeat them`;
  }
  if (characters <= BYTES_MAX) return undefined;
  return `is longer than ${BYTES_MAX / MEBIBYTE} MiB with what aliases repeat written out`;
}

interface Size {
  readonly values: number;
  /** Of texts and keys. */
  readonly characters: number;
}

const ENDLESS: Size = {
  values: Number.POSITIVE_INFINITY,
  characters: Number.POSITIVE_INFINITY,
};

/**
 * How much there is after the expansion of aliases; without end when one is part of itself. The
 * loader shares what is repeated, so that counting is cheap where copying is not.
 */
function sizeOf(value: unknown, known: Map<object, Size>, depth: number): Size {
  if (typeof value === "string") return { values: 1, characters: value.length };
  if (typeof value !== "object" || value === null) return { values: 1, characters: 0 };
  const before = known.get(value);
  if (before !== undefined) return before;
  if (depth > DEPTH_MAX) return ENDLESS;
  known.set(value, ENDLESS);
  let [values, characters] = [1, 0];
  for (const [key, part] of Object.entries(value)) {
    const size = sizeOf(part, known, depth + 1);
    values += size.values;
    characters += size.characters + (Array.isArray(value) ? 0 : key.length);
  }
  const size = { values, characters };
  known.set(value, size);
  return size;
}

function syntaxMessage({ reason, mark }: YAMLException, lines: readonly string[]): string {
  if (/maxDepth/.test(reason)) return `is nested deeper than ${DEPTH_MAX} levels`;
  const line = lines[mark?.line ?? 0] ?? "";
  if (reason === "duplicated mapping key") {
    const key = /^[^\s:"',{}[\]]+/.exec(line.slice(mark?.column ?? 0))?.[0];
    return key ? `has the key ${key} a second time` : "has a key a second time";
  }
  // Some mistakes with tabs are noticed further down, or as something else.
  const isTab = /\btab/.test(reason) || /^[ -]*\t/.test(line);
  if (isTab) return `cannot be read: ${reason}; indent with spaces, YAML allows no tabs`;
  const isStar = /\balias\b/.test(reason) || /^\s*\*\s*:/.test(line);
  return `cannot be read: ${reason}${isStar ? "; put what begins with * in quotes" : ""}`;
}

function syntaxIssue(message: string, line = 1, column = 1): { readonly issue: ManifestIssue } {
  return { issue: { rule: "syntax", path: [], line, column, message: visible(message) } };
}
