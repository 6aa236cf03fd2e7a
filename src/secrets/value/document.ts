import { SecretMappingError } from "./mapping-error.ts";

/** JSON that keys can be picked of. */
export type Container = Readonly<Record<string, unknown>> | readonly unknown[];

/** No AWS secret holds more (65,536 bytes); an environment variable may. */
const LENGTH_MAX = 65_536;

/**
 * The stored text without white space around it. `trim` takes a byte order mark away too, which some
 * editors put before it.
 */
export function storedText(source: string, stored: string): string {
  if (stored.length > LENGTH_MAX) {
    throw new SecretMappingError(`${source} has more than ${LENGTH_MAX} characters`);
  }
  const text = stored.trim();
  if (text === "") throw new SecretMappingError(`${source} is empty`);
  return text;
}

/** The JSON object in a text; undefined for a text that does not begin like one. */
export function objectIn(
  source: string,
  text: string,
): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{") || text.startsWith("{{")) return undefined;
  const parsed = parseJson(text);
  if (isObject(parsed)) return requireEachOnce(source, text, parsed);
  throw new SecretMappingError(`${source} begins like a JSON object but cannot be read as one`);
}

/** The JSON object or list in a text that keys are picked of. */
export function containerIn(source: string, text: string): Container {
  const parsed = text.startsWith("[") ? parseJson(text) : undefined;
  if (Array.isArray(parsed)) return requireEachOnce(source, text, parsed);
  const object = objectIn(source, text);
  if (object) return object;
  throw new SecretMappingError(
    `${source} must be a JSON object, because the manifest picks keys of it; it is a plain text`,
  );
}

/** Undefined for what is no JSON. The parser's own message is dropped: it quotes the value. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a JSON value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "object":
      return "an object";
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    default:
      return "a number";
  }
}

/** The values of a document that hold no others, and the names of the keys that lead to each. */
export function* leavesOf(
  document: unknown,
): Generator<{ readonly path: readonly (string | number)[]; readonly value: unknown }> {
  // Without recursion: a text of 64 KiB can nest deeper than the stack.
  const left: { readonly path: readonly (string | number)[]; readonly value: unknown }[] = [
    { path: [], value: document },
  ];
  for (let next = left.pop(); next; next = left.pop()) {
    const { path, value } = next;
    if (typeof value !== "object" || value === null) {
      yield next;
      continue;
    }
    // Deep paths are cut: nobody names them, and each would be as long as it is deep.
    const below = (key: string | number) => (path.length < DEPTH_MAX ? [...path, key] : path);
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [key, part] of entries.reverse()) left.push({ path: below(key), value: part });
  }
}

const DEPTH_MAX = 8;

/** Of a key that stands twice the parser takes the last, whichever is meant. */
function requireEachOnce<T extends Container>(source: string, json: string, parsed: T): T {
  const names = [...json.matchAll(TEXT)].filter(([, colon]) => colon !== undefined);
  if (names.length === membersOf(parsed)) return parsed;
  throw new SecretMappingError(
    `${source} holds the same key twice in one JSON object: nobody can tell which is meant`,
  );
}

/** Each text of valid JSON, with the colon behind it where it is the name of a key. */
const TEXT = /"(?:[^"\\]+|\\.)*"(\s*:)?/g;

function membersOf(document: unknown): number {
  let count = 0;
  const left: unknown[] = [document];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    const parts = Object.values(value);
    if (!Array.isArray(value)) count += parts.length;
    for (const part of parts) left.push(part);
  }
  return count;
}
