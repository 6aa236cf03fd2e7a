import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, posix, sep } from "node:path";

/** A mistyped pattern such as `/**` must not read the whole disk. */
const ENTRIES_MAX = 100_000;
const SPECIAL = /[*?{[]/;

export function isPattern(argument: string): boolean {
  return SPECIAL.test(argument);
}

/** Files below a folder whose path within it passes, in order; hidden ones are left out. */
export async function filesBelow(
  folder: string,
  isWanted: (path: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  const folders = [""];
  let entries = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of await entriesOf(join(folder, next))) {
      entries += 1;
      if (entries > ENTRIES_MAX) throw new RangeError(`more than ${ENTRIES_MAX} entries`);
      const path = posix.join(next, entry.name);
      if (entry.isDirectory()) folders.push(path);
      else if (isWanted(path)) found.push(path);
    }
  }
  return found.sort();
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter(({ name }) => !name.startsWith(".") && name !== "node_modules");
}

/** Files that a pattern names, for shells that do not expand it: `*`, `**`, `?`, `[a-z]`, `{a,b}`. */
export async function expandPattern(folder: string, pattern: string): Promise<string[]> {
  const parts = pattern.split(sep).join("/").split("/");
  const fixed = parts.findIndex((part) => SPECIAL.test(part));
  const root = parts.slice(0, fixed).join("/") || (pattern.startsWith("/") ? "/" : ".");
  const matches = patternTest(parts.slice(fixed).join("/"));
  const found = await filesBelow(posix.resolve(folder, root), (path) => matches.test(path));
  return found.map((path) => posix.join(root, path));
}

/** A pattern as a regular expression over a whole path. */
function patternTest(pattern: string): RegExp {
  const TOKENS = /\*\*\/|\*\*|\*|\?|\[[^\]]+\]|\{[^{}]+\}|[\s\S]/g;
  const source = [...pattern.matchAll(TOKENS)].map(([token]) => translated(token)).join("");
  return new RegExp(`^${source}$`);
}

function translated(token: string): string {
  if (token === "**/") return "(?:[^/]+/)*";
  if (token === "**") return ".*";
  if (token === "*") return "[^/]*";
  if (token === "?") return "[^/]";
  if (token.length > 1 && token.startsWith("[")) return token.replace(/^\[!/, "[^");
  if (token.length > 1) {
    return `(?:${token.slice(1, -1).split(",").map(escaped).join("|")})`;
  }
  return escaped(token);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
