import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import { UsageError } from "#cli/usage-error.ts";

/** A mistyped pattern such as `/**` must not read the whole disk. */
const ENTRIES_MAX = 100_000;
const SPECIAL = /[*?{[]/;

export function isPattern(argument: string): boolean {
  return SPECIAL.test(argument);
}

interface Folder {
  /** Within the folder that all are below. */
  readonly path: string;
  /** Where it and the folders above it really are: a link back to one of them leads in a circle. */
  readonly above: readonly string[];
}

/**
 * Files below a folder whose path within it passes, in order; links are followed, hidden ones are
 * left out.
 */
export async function filesBelow(
  folder: string,
  isWanted: (path: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  const folders: Folder[] = [{ path: "", above: [await realFolder(folder)] }];
  let entries = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const entry of await entriesOf(join(folder, next.path))) {
      entries += 1;
      if (entries > ENTRIES_MAX) {
        throw new UsageError(
          `${folder} holds more than ${ENTRIES_MAX} files: name a smaller folder`,
        );
      }
      const path = posix.join(next.path, entry.name);
      if (await isFolder(join(folder, path), entry))
        folders.push(...(await below(folder, path, next)));
      else if (isWanted(path)) found.push(path);
    }
  }
  return found.sort();
}

/** A folder to look into; none if it is one that it lies in. */
async function below(root: string, path: string, { above }: Folder): Promise<Folder[]> {
  const real = await realFolder(join(root, path));
  return above.includes(real) ? [] : [{ path, above: [...above, real] }];
}

/** Of a link: what it leads to, if it leads anywhere. */
async function isFolder(path: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

async function realFolder(folder: string): Promise<string> {
  return realpath(folder).catch((error: unknown) => unreadable(folder, error));
}

function unreadable(folder: string, error: unknown): never {
  throw new UsageError(`${folder} cannot be read: ${Object(error).code}`, { cause: error });
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) =>
    unreadable(folder, error),
  );
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
